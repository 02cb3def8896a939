import type { PersonAct } from "../../../schemas/person-act.ts";
import type { HoldRecord } from "../../../schemas/record.ts";
import { answer } from "../answer.ts";
import type { CommandInput } from "../command.ts";
import type { ExitCode } from "../exit-code.ts";
import type { ActWish } from "./act-wish.ts";

/** What became of an act. */
export interface ActEnd {
  readonly status: "done" | "already" | "waiting" | "refused" | "skipped" | "unfinished" | "failed";
  readonly code: string | null;
  readonly message: string;
  readonly exit: ExitCode;
  /** The hold that stands by it. */
  readonly held: HoldRecord | null;
  /** Holds that it ended. */
  readonly released: readonly HoldRecord[];
}

/** Says what became of an act, and what to type next; answers its exit code. */
export function sayEnd(
  input: CommandInput,
  wish: ActWish,
  { id, node, by }: PersonAct,
  ended: ActEnd,
): ExitCode {
  const { status, code, message, held, released, exit } = ended;
  const data = { node, act: wish.typed, id, by, status, code, message, hold: held, released };
  answer(input, data, () => endText(wish, node, ended));
  // Data on stdout says it to a program; a person who reads the pipe's other end is told as well.
  if (input.common.json && exit !== 0)
    input.io.log("error", `${node}: ${wish.typed}: ${status}: ${message}`, { code });
  return exit;
}

function endText(wish: ActWish, node: string, ended: ActEnd): string {
  return `${[firstLine(wish, node, ended), ...holdLines(node, ended)].join("\n")}\n`;
}

function firstLine({ typed, already }: ActWish, node: string, ended: ActEnd): string {
  const { status, code, message } = ended;
  const why = `${message}${code === null ? "" : `   ${code}`}`;
  switch (status) {
    case "done":
      return `${node}: ${typed}: done${message === "done" ? "" : `: ${message}`}.`;
    case "already":
      return `${node}: ${already} already; nothing was sent.`;
    case "waiting":
      return `${node}: ${typed}: waiting: ${why}`;
    case "refused":
      return `${node}: refused, and nothing was sent: ${why}`;
    case "unfinished":
      return `${node}: ${typed} was begun and is not done: ${why}`;
    case "skipped":
      return `${node}: ${typed} was not done: ${why}`;
    case "failed":
      return `${node}: ${typed} failed: ${why}`;
  }
}

function holdLines(node: string, { held, released }: ActEnd): readonly string[] {
  const gone = released.map(({ id, reason }) => `${node}: released hold ${id} ("${reason}").`);
  if (held === null) return gone;
  return [
    ...gone,
    `${node} is held (power, id ${held.id}): no apply and no daemon powers it on. To power it on and release it: ironwright node power on ${node}; to release it alone: ironwright release ${node} ${held.id}`,
  ];
}
