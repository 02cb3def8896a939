import { EXIT, type ExitCode } from "./exit-code.ts";
import type { House } from "./house.ts";
import type { Io } from "./io.ts";

/** Flags that every command takes (contract 4). */
export interface CommonOptions {
  readonly dir: string;
  readonly ref?: string | undefined;
  readonly state?: string | undefined;
  readonly config?: string | undefined;
  readonly selector?: string | undefined;
  readonly node: readonly string[];
  readonly exclude: readonly string[];
  readonly json: boolean;
  readonly output?: OutputForm | undefined;
  readonly color: boolean;
  readonly logLevel: string;
  readonly readOnly: boolean;
  /** False under `--no-drivers`: no code of a package runs. */
  readonly drivers: boolean;
}

/** One flag of a command, as commander writes it: `--out <file>`. */
export interface OptionSpec {
  readonly flags: string;
  readonly description: string;
  readonly default?: string | boolean;
  /** May be given several times; the values are collected. */
  readonly repeat?: boolean;
}

/** What a command gets. */
export interface CommandInput {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly common: CommonOptions;
  readonly io: Io;
  readonly house: House;
}

/** Forms of an answer, besides the text that a person reads. */
export const OUTPUT_FORMS = ["json", "yaml", "wide", "name"] as const;
export type OutputForm = (typeof OUTPUT_FORMS)[number];

/** A command's name as it is typed: `plan`, `node power`. */
export function typedName({ name, group }: Pick<Command, "name" | "group">): string {
  return group === undefined ? name : `${group} ${name}`;
}

/** One command; a new command is a new file of this shape and a row in `command-table.ts`. */
export interface Command {
  readonly name: string;
  /** The command that it is a part of. */
  readonly group?: string;
  readonly alias?: string;
  /** `[planfile]`, `<node>`, `<address...>`. */
  readonly arguments?: string;
  readonly summary: string;
  /** What the arguments complete to in a shell. */
  readonly completes?: "node" | "file" | "words";
  readonly words?: readonly string[];
  /** Words that only a run of the program knows: its arguments, such as `status -o name`. */
  readonly wordsFrom?: string;
  readonly options: readonly OptionSpec[];
  readonly examples: readonly string[];
  /** Commands below it, `node power`: then it does nothing by itself. */
  readonly parts?: readonly Command[];
  /** What `-o` may ask for; json and yaml when left out. */
  readonly forms?: readonly OutputForm[];
  run(input: CommandInput): Promise<ExitCode>;
}

/** A failure that ends a command: printed as a sentence with its code, never as a stack trace. */
export class CommandError extends Error {
  readonly exit: ExitCode;
  readonly code: string | null;

  constructor(exit: ExitCode, message: string, code: string | null = null) {
    super(message);
    this.exit = exit;
    this.code = code;
  }
}

/** Reads a text option. */
export function textOption(input: CommandInput, name: string): string | undefined {
  const value = input.options[name];
  return typeof value === "string" ? value : undefined;
}

/** Reads a switch. */
export function flag(input: CommandInput, name: string): boolean {
  return input.options[name] === true;
}

/** Options that mean nothing beside what else was said. */
export function refuseOptions(input: CommandInput, names: readonly string[], why: string): void {
  const given = names.find((name) => flag(input, name) || textOption(input, name) !== undefined);
  if (given === undefined) return;
  const flagName = given.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new CommandError(EXIT.usage, `--${flagName} ${why}`);
}

/** Reads an option that may be given several times. */
export function listOption(input: CommandInput, name: string): readonly string[] {
  const value = input.options[name];
  return Array.isArray(value) ? value.map(String) : [];
}
