import { expect, test } from "vitest";
import { live, type Lived } from "./live.ts";

/** Lives that a run looks at: half a minute on two cores. `SEEDS=5000` looks at more, `SEED=123` at one alone. */
const SEEDS = Number(process.env["SEEDS"] ?? 80);
const ONE = process.env["SEED"];
/** A life takes half a second; a machine that does other things may need four times that. Milliseconds. */
const LIFE_MS = 2_000;

test(
  "whatever is committed, reverted, pressed, swapped, broken or killed, the laws of the lifecycle hold",
  async () => {
    const seeds =
      ONE === undefined ? Array.from({ length: SEEDS }, (_, at) => at + 1) : [Number(ONE)];
    const lives: Lived[] = [];
    for (const seed of seeds) {
      const lived = await live(seed);
      expect(brokenIn(lived)).toBe("");
      lives.push(lived);
    }
    const looked = lookedAt(lives);
    process.stdout.write(`looked at ${JSON.stringify(looked)}\n`);
    // A run that judged nothing would prove nothing; one life alone may well see no fault.
    if (ONE !== undefined) return;
    for (const [what, count] of Object.entries(looked))
      expect([what, count > 0]).toEqual([what, true]);
  },
  120_000 + SEEDS * LIFE_MS,
);

/** What is broken, the story that led there, and the command that tells it again; empty where nothing is. */
function brokenIn({ seed, broken, story }: Lived): string {
  if (broken.length === 0) return "";
  const again = `SEED=${seed} npx vitest run test/engine/simulation/lives.test.ts`;
  return ["", ...broken, "", ...story, "", again, ""].join("\n");
}

function lookedAt(lives: readonly Lived[]): Readonly<Record<string, number>> {
  const sum = (of: (lived: Lived) => number): number =>
    lives.reduce((all, one) => all + of(one), 0);
  return {
    lives: lives.length,
    events: sum(({ events }) => events),
    applies: sum(({ applies }) => applies),
    kills: sum(({ kills }) => kills),
    states: sum(({ judged }) => judged.states),
    requests: sum(({ judged }) => judged.requests),
    destructions: sum(({ judged }) => judged.destructive),
    inBandDestructions: sum(({ judged }) => judged.inBand),
    interruptions: sum(({ judged }) => judged.interruptions),
    journalLines: sum(({ judged }) => judged.lines),
  };
}
