import type { ActAsk } from "../../../schemas/person-act.ts";
import type { HoldRecord } from "../../../schemas/record.ts";
import type { Known } from "../../plan/next-apply.ts";
import type { CommandInput, OptionSpec } from "../command.ts";
import { CommandError, flag, textOption } from "../command.ts";
import { EXIT } from "../exit-code.ts";

/** What a person wants of one node, as read from the words of a command. */
export interface ActWish {
  /** `node power off`. */
  readonly typed: string;
  /** The whole of it, with its options: what is typed again with --yes. */
  readonly command: string;
  readonly node: string | undefined;
  readonly ask: ActAsk;
  readonly timeoutSeconds: number | null;
  /** What a person is asked. */
  readonly question: (node: string) => string;
  /** True where that is asked even of what neither interrupts nor erases. */
  readonly asks: boolean;
  /** What is said when nothing had to be sent: `it is off`. */
  readonly already: string;
  /** Why the hold that it sets is set; null where it sets none. */
  readonly hold: string | null;
  /** What follows from it, shown before anybody is asked; `past` are the holds that it goes past. */
  readonly follows: ((known: Known, past: readonly HoldRecord[]) => string | null) | null;
  /** It goes off whatever draws its power from it. */
  readonly ignoresChildren?: boolean;
  /** The machine is given up to be erased by it. */
  readonly claims?: boolean;
}

/** `--yes` of every act that asks. */
export const YES: OptionSpec = { flags: "-y, --yes", description: "do not ask" };

/** `--allow-erase` of every act whose list may erase. */
export const ALLOW_ERASE: OptionSpec = {
  flags: "--allow-erase <n>",
  description: "with --yes: 1 where the machine may be ERASED",
};

export const TIMEOUT: OptionSpec = {
  flags: "--timeout <seconds>",
  description: "how long its effect is waited for (default: as the settings say)",
};

/** The words that change an act, as they were typed, but for those by which it is approved. */
export function wordsTyped(input: CommandInput, specs: readonly OptionSpec[]): string {
  const words = specs.flatMap((spec) => {
    if (spec === YES || spec === ALLOW_ERASE) return [];
    const [long = ""] = /--[a-z-]+/.exec(spec.flags) ?? [];
    const name = long.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const text = textOption(input, name);
    if (text !== undefined) return [long, quoted(text)];
    return flag(input, name) ? [long] : [];
  });
  return [...input.args, ...words].join(" ");
}

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Reads a number of seconds, at least one. */
export function secondsOption(input: CommandInput, name: string, flags: string): number | null {
  const text = textOption(input, name);
  if (text === undefined) return null;
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new CommandError(EXIT.usage, `${flags} "${text}" is no number of seconds; write 120`);
  return Number(text);
}
