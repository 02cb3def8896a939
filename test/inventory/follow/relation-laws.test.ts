import fs from "node:fs";
import * as fc from "fast-check";
import * as git from "isomorphic-git";
import { expect, test } from "vitest";
import type { Relation } from "../../../inventory/follow/following.ts";
import { relationOf } from "../../../inventory/follow/relation.ts";
import { tempDir } from "../../support/temp-dir.ts";

/** Each commit: its parents among those before it, and a clock that may be wrong. */
const histories = fc.array(
  fc.record({ parents: fc.array(fc.nat(20), { maxLength: 2 }), time: fc.nat(50) }),
  { minLength: 2, maxLength: 12 },
);

test("law: two commits stand to each other as their ancestors say, whatever their clocks say", async () => {
  const dir = tempDir();
  await git.init({ fs, dir });
  const tree = await git.writeTree({ fs, dir, tree: [] });
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const oids: string[] = [];
      const ancestors: Set<number>[] = [];
      for (const [at, { parents, time }] of history.entries()) {
        const before = at === 0 ? [] : [...new Set(parents.map((one) => one % at))];
        const who = { name: "ops", email: "o@example.org", timestamp: time, timezoneOffset: 0 };
        const commit = { message: `${at}`, tree, author: who, committer: who };
        const parent = before.map((one) => oids[one]!);
        oids.push(await git.writeCommit({ fs, dir, commit: { ...commit, parent } }));
        ancestors.push(new Set(before.flatMap((one) => [one, ...ancestors[one]!])));
      }
      for (const [a, oid] of oids.entries())
        for (const [b, other] of oids.entries())
          expect(await relationOf(`${dir}/.git`, oid, other)).toBe(wanted(ancestors, a, b));
    }),
    { seed: 20261124, numRuns: 25 },
  );
});

function wanted(ancestors: readonly ReadonlySet<number>[], a: number, b: number): Relation {
  if (a === b) return "same";
  if (ancestors[a]!.has(b)) return "ahead";
  return ancestors[b]!.has(a) ? "behind" : "apart";
}
