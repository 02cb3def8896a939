/** What each exit code means (contract 4); printed by `--help` and the README. */
export const EXIT = {
  done: 0,
  failed: 1,
  pending: 2,
  invalid: 3,
  refused: 4,
  lease: 5,
  usage: 64,
  bug: 70,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: "done, or nothing to do",
  1: "a step that ran failed, or nothing could be read at all",
  2: "changes pending (plan --detailed-exitcode, migrate --check)",
  3: "the inventory, the settings or the store are invalid",
  4: "refused by a policy, hold, claim, protection, or a person who did not say yes",
  5: "a lease is held by another engine, or was lost",
  64: "wrong usage",
  70: "a bug in Ironwright",
};

/** Gravest first: of several codes the first that occurred is the answer. */
const GRAVITY: readonly ExitCode[] = [70, 64, 3, 5, 4, 1, 2, 0];

/** The gravest of several exit codes; 0 of none. */
export function gravest(codes: readonly ExitCode[]): ExitCode {
  return GRAVITY.find((code) => codes.includes(code)) ?? EXIT.done;
}
