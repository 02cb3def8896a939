import { expect, test } from "vitest";
import { grouped } from "../../../../engine/run/store/grouped.ts";

/** Work that ends when the test says so. */
function someWork(): {
  readonly ask: (key: string) => Promise<number>;
  readonly begun: string[];
  end(): void;
} {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const ask = grouped((key) => {
    const run = begun.push(key);
    return new Promise<number>((done) => ends.push(() => done(run)));
  });
  return { ask, begun, end: () => ends.shift()?.() };
}

test("who asks while a run is under way gets the next one, and shares it", async () => {
  const work = someWork();
  const first = work.ask("a");
  const [second, third] = [work.ask("a"), work.ask("a")];
  expect(work.begun).toEqual(["a"]);
  work.end();
  expect(await first).toBe(1);
  await Promise.resolve();
  work.end();
  expect([await second, await third]).toEqual([2, 2]);
  expect(work.begun).toEqual(["a", "a"]);
});

test("each key has runs of its own", async () => {
  const work = someWork();
  const both = [work.ask("a"), work.ask("b")];
  expect(work.begun).toEqual(["a", "b"]);
  work.end();
  work.end();
  expect(await Promise.all(both)).toEqual([1, 2]);
});

test("a run that failed fails those who asked for it, and the next begins all the same", async () => {
  let runs = 0;
  const ask = grouped(() => {
    runs += 1;
    return runs === 1 ? Promise.reject(new Error("EIO")) : Promise.resolve(runs);
  });
  const first = ask("a");
  const second = ask("a");
  await expect(first).rejects.toThrow("EIO");
  expect(await second).toBe(2);
  expect(await ask("a")).toBe(3);
});
