import * as fc from "fast-check";
import { expect, test } from "vitest";
import { linesOf, unifiedDiff } from "../../inventory/line-diff.ts";

/** Applies a unified diff as patch(1) does: by its line numbers, and only where the old lines are there. */
function patched(before: string, diff: string): string {
  const old = linesOf(before);
  const lines: string[] = [];
  let at = 0;
  for (const hunk of diff.split(/^@@ /m).slice(1)) {
    const [, from = "", count = ""] = /^-(\d+),(\d+) \+\d+,\d+ @@\n/.exec(hunk) ?? [];
    const begin = Number(from) - (count === "0" ? 0 : 1);
    lines.push(...old.slice(at, begin));
    at = begin;
    for (const line of linesOf(hunk.slice(hunk.indexOf("\n") + 1))) {
      if (!line.startsWith("+")) expect(old[at++]).toBe(line.slice(1));
      if (!line.startsWith("-")) lines.push(line.slice(1));
    }
  }
  return [...lines, ...old.slice(at)].map((line) => `${line}\n`).join("");
}

const text = fc
  .array(fc.constantFrom("a", "b", "c", "", "  d"), { maxLength: 40 })
  .map((lines) => lines.map((line) => `${line}\n`).join(""));

test("law: the old text and the difference are the new text", () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      expect(patched(before, unifiedDiff("f", before, after))).toBe(after);
    }),
    { numRuns: 500 },
  );
});

test("equal texts have none, and far changes are hunks of their own", () => {
  expect(unifiedDiff("f", "a\n", "a\n")).toBe("");
  const before = Array.from({ length: 20 }, (_, n) => `${n}\n`);
  const after = before.with(0, "x\n").with(19, "y\n");
  expect(unifiedDiff("f", before.join(""), after.join(""))).toBe(
    "--- a/f\n+++ b/f\n@@ -1,4 +1,4 @@\n-0\n+x\n 1\n 2\n 3\n@@ -17,4 +17,4 @@\n 16\n 17\n 18\n-19\n+y\n",
  );
});
