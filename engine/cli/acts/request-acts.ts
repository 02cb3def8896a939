import type { RequestAction } from "../../../schemas/documents.ts";
import type { Command } from "../command.ts";
import { ALLOW_ERASE, YES } from "./act-wish.ts";
import { runAct } from "./run-act.ts";

/** Acts that git's requests of the same name are too, and that need no more words. */
interface Row {
  readonly action: Extract<RequestAction, "nmi" | "inspect" | "abort" | "unhold">;
  readonly summary: string;
  readonly question: (node: string) => string;
  readonly asks: boolean;
  /** What it goes on with, or its way back, may erase. */
  readonly erases: boolean;
}

const ROWS: readonly Row[] = [
  {
    action: "nmi",
    summary: "interrupt one node so that its system dumps its memory; the effect can't be seen",
    question: (node) => `Send ${node} an NMI`,
    asks: true,
    erases: false,
  },
  {
    action: "inspect",
    summary: "learn one node's disks, NICs and firmware anew; it ends in the state that it was in",
    question: (node) => `Inspect ${node}`,
    asks: false,
    erases: true,
  },
  {
    action: "abort",
    summary: "end the list of steps that is under way on one node, as its running step allows",
    question: (node) => `End what is under way on ${node}`,
    asks: true,
    erases: false,
  },
  {
    action: "unhold",
    summary: "let a list that stands at a hold step go on",
    question: (node) => `Let ${node} go on`,
    asks: false,
    erases: true,
  },
];

/** `node nmi`, `node inspect`, `node abort`, `node unhold`. */
export const requestActs: readonly Command[] = ROWS.map(
  ({ action, summary, question, asks, erases }) => ({
    name: action,
    group: "node",
    arguments: "<node>",
    completes: "node",
    summary,
    options: erases ? [ALLOW_ERASE, YES] : [YES],
    examples: [`ironwright node ${action} r2-n17`, `ironwright node ${action} r2-n17 --yes --json`],
    run: (input) =>
      runAct(input, {
        typed: `node ${action}`,
        command: `node ${action} ${input.args.join(" ")}`,
        node: input.args[0],
        ask: { kind: "request", request: { action } },
        timeoutSeconds: null,
        question,
        asks,
        already: `${action} was done`,
        hold: null,
        follows: null,
      }),
  }),
);
