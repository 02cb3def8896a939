import { Command as Program, CommanderError, Option } from "commander";
import {
  type Command,
  CommandError,
  type CommonOptions,
  type OptionSpec,
  type OutputForm,
  typedName,
} from "./command.ts";
import { COMMON_OPTIONS } from "./common-options.ts";
import { EXIT, EXIT_MEANINGS, type ExitCode } from "./exit-code.ts";
import type { House } from "./house.ts";
import type { Io } from "./io.ts";

/** What running the program came to. */
export interface ProgramHost {
  readonly io: (common: CommonOptions) => Io;
  readonly house: House;
  readonly version: string;
  readonly exit: (code: ExitCode) => void;
}

/** Makes the commander program from the table of commands. */
export function buildProgram(commands: readonly Command[], host: ProgramHost): Program {
  const program = new Program("ironwright")
    .description("Git says what each server must be; ironwright plans, shows and applies it.")
    .version(host.version, "-V, --version")
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureHelp({ sortSubcommands: false })
    // `ironwright -C DIR plan` is what git has taught; what stands after the command is the command's.
    .enablePositionalOptions()
    .addHelpText("after", footer());
  for (const option of COMMON_OPTIONS) addOption(program, option);
  for (const command of commands) addCommand({ program, parent: program }, command, host);
  return program;
}

interface Place {
  readonly program: Program;
  /** The program, or the command that it is a part of. */
  readonly parent: Program;
}

function addCommand({ program, parent }: Place, command: Command, host: ProgramHost): void {
  const sub = parent.command(
    command.arguments === undefined ? command.name : `${command.name} ${command.arguments}`,
  );
  sub.description(command.summary).exitOverride();
  if (command.alias !== undefined) sub.alias(command.alias);
  if (command.parts !== undefined) {
    for (const part of command.parts) addCommand({ program, parent: sub }, part, host);
    addExamples(sub, command);
    return;
  }
  for (const option of command.options) addOption(sub, option);
  for (const option of COMMON_OPTIONS)
    if (
      !command.options.some((own) => own.flags.split(/[ ,]/)[0] === option.flags.split(/[ ,]/)[0])
    )
      addOption(sub, option);
  addExamples(sub, command);
  sub.action(async (...raw: unknown[]) => {
    const options = optionsOf(program, sub);
    const args = raw
      .slice(0, -2)
      .flatMap((arg) => (arg === undefined ? [] : [arg].flat().map(String)));
    const common = commonOf(options, command);
    host.exit(await command.run({ args, options, common, io: host.io(common), house: host.house }));
  });
}

function addExamples(sub: Program, { examples }: Command): void {
  sub.addHelpText("after", `\nExamples:\n${examples.map((e) => `  ${e}`).join("\n")}\n`);
}

/** The command's own options; where it was given none, the one before its name. */
function optionsOf(program: Program, sub: Program): Record<string, unknown> {
  const before = program.opts<Record<string, unknown>>();
  const given = Object.entries(before).filter(
    ([name]) =>
      program.getOptionValueSource(name) === "cli" && sub.getOptionValueSource(name) !== "cli",
  );
  return { ...sub.opts<Record<string, unknown>>(), ...Object.fromEntries(given) };
}

function addOption(sub: Program, spec: OptionSpec): void {
  const option = new Option(spec.flags, spec.description);
  if (spec.repeat === true)
    option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
  if (spec.default !== undefined) option.default(spec.default);
  sub.addOption(option);
}

/** Reads `-o` and `--json`; wrong usage (64) where the command has no such form. */
function formOf(o: Record<string, unknown>, command: Command): OutputForm | undefined {
  const { forms = ["json", "yaml"] } = command;
  const asked = o["json"] === true && o["output"] === undefined ? "json" : o["output"];
  if (typeof asked !== "string") return undefined;
  const form = forms.find((one) => one === asked);
  if (form !== undefined) return form;
  const ways = forms.length === 0 ? "prints one form only" : `prints text, ${forms.join(", ")}`;
  throw new CommandError(EXIT.usage, `-o ${asked}: ironwright ${typedName(command)} ${ways}`);
}

function commonOf(o: Record<string, unknown>, command: Command): CommonOptions {
  const text = (name: string): string | undefined => {
    const value = o[name];
    return typeof value === "string" ? value : undefined;
  };
  const list = (name: string): string[] => {
    const value = o[name];
    return Array.isArray(value) ? value.map(String) : [];
  };
  const output = formOf(o, command);
  const level = text("logLevel") ?? "info";
  if (!["error", "warn", "info", "debug"].includes(level))
    throw new CommandError(
      EXIT.usage,
      `--log-level "${level}" is none of error, warn, info, debug`,
    );
  return {
    dir: text("dir") ?? ".",
    ref: text("ref"),
    state: text("state"),
    config: text("config"),
    selector: text("selector"),
    node: list("node"),
    exclude: list("exclude"),
    json: output === "json",
    output,
    color: o["color"] !== false,
    logLevel: level,
    readOnly: o["readOnly"] === true,
    drivers: o["drivers"] !== false,
  };
}

function footer(): string {
  const codes = Object.entries(EXIT_MEANINGS).map(
    ([code, text]) => `  ${code.padStart(2)}  ${text}`,
  );
  return `\nExit codes:\n${codes.join("\n")}\n\nStart here:\n  ironwright init\n  ironwright discover https://10.0.0.7 --username admin --password-env BMC_PASSWORD > inventory/rack1.yaml\n  ironwright plan\n  ironwright apply\n`;
}

/** True when commander itself has printed what there was to say (help, version). */
export function printedAlready(error: unknown): error is CommanderError {
  return error instanceof CommanderError;
}
