import type { OptionSpec } from "./command.ts";

/** The flags of every command, in the order that help prints them. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { flags: "-C, --dir <dir>", description: "the repository", default: "." },
  { flags: "--ref <ref>", description: "plan a commit instead of the working tree" },
  { flags: "--state <dir>", description: "state directory (default: .ironwright)" },
  { flags: "--config <file>", description: "settings file (default: ironwright.yaml)" },
  { flags: "-l, --selector <terms>", description: "only nodes with these labels: rack=r1,zone!=b" },
  { flags: "--node <name>", description: "only this node (repeatable)", repeat: true },
  { flags: "--exclude <name>", description: "all but this node (repeatable)", repeat: true },
  { flags: "--json", description: "machine-readable answer on stdout" },
  { flags: "-o, --output <form>", description: "json, yaml, wide or name, where it makes sense" },
  { flags: "--no-color", description: "no colour (NO_COLOR does the same)" },
  { flags: "--log-level <level>", description: "error, warn, info or debug", default: "info" },
  { flags: "--no-drivers", description: "run no code of the packages that the settings name" },
  { flags: "--read-only", description: "the wire layer refuses all but reads" },
];
