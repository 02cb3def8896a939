import { stringify } from "yaml";
import type { CommandInput } from "./command.ts";

/** Prints a command's answer on stdout: as data where `--json` or `-o yaml` asks for it, else as text. */
export function answer(
  { io, common }: CommandInput,
  data: unknown,
  text: string | (() => string),
): void {
  if (common.json) io.out(`${JSON.stringify(data, null, 2)}\n`);
  else if (common.output === "yaml") io.out(stringify(data, { lineWidth: 0 }));
  else io.out(typeof text === "string" ? text : text());
}
