import { expect, test } from "vitest";
import { Schedule } from "../../../../engine/run/watch/schedule.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const MINUTE = 60_000;
const NAMES = Array.from({ length: 600 }, (_, index) => `n${index}`);
const free = (): boolean => true;

function aSchedule(): { readonly clock: FakeClock; readonly schedule: Schedule } {
  const clock = new FakeClock();
  const schedule = new Schedule(clock, MINUTE);
  schedule.follow(new Set(NAMES));
  return { clock, schedule };
}

test("new nodes are due at once, and at most so many are given out", () => {
  const { schedule } = aSchedule();
  expect(schedule.waiting).toBe(600);
  expect(schedule.due(64, free)).toHaveLength(64);
  expect(schedule.due(1000, (name) => name === "n7")).toEqual(["n7"]);
});

test("after the first look their turns are spread over the interval, once each", () => {
  const { clock, schedule } = aSchedule();
  for (const name of NAMES) schedule.done(name);
  // Half an interval is over before anybody's next turn.
  clock.advance(MINUTE / 2 - 1);
  expect(schedule.waiting).toBe(0);
  const seen: string[] = [];
  const bursts: number[] = [];
  for (let second = 0; second < 60; second += 1) {
    clock.advance(1000);
    const due = schedule.due(1000, free);
    for (const name of due) schedule.done(name);
    seen.push(...due);
    bursts.push(due.length);
  }
  expect(new Set(seen)).toEqual(new Set(NAMES));
  expect(seen).toHaveLength(NAMES.length);
  expect(Math.max(...bursts)).toBeLessThan(40);
});

test("who is asked for comes before its turn, who waited longest first; who is not followed never", () => {
  const { clock, schedule } = aSchedule();
  for (const name of NAMES) schedule.done(name);
  schedule.soon(["n9"]);
  clock.advance(1000);
  schedule.soon(["n3", "stranger"]);
  expect(schedule.due(10, free)).toEqual(["n9", "n3"]);
  expect(schedule.untilNext(() => true)).toBe(0);
  schedule.follow(new Set(["n3"]));
  expect(schedule.due(10, free)).toEqual(["n3"]);
});

test("what a person asked for comes first, then what a commit changed, then whose turn it is", () => {
  const { clock, schedule } = aSchedule();
  clock.advance(1000);
  schedule.soon(["n500"], "commit");
  schedule.soon(["n9"], "person");
  // Asked for by a person, and then changed by a commit: it is still a person who waits.
  schedule.soon(["n9"], "commit");
  expect(schedule.due(3, free).slice(0, 2)).toEqual(["n9", "n500"]);
  schedule.done("n9");
  expect(schedule.due(2, free)).not.toContain("n9");
});

test.each([1, 4, 64])(
  "a flood of pushes starves no turn, and turns starve no push (%i at once)",
  (most) => {
    const { clock, schedule } = aSchedule();
    const pushed = NAMES.slice(0, 300);
    const turns = new Set(NAMES.slice(300));
    const looks = new Map<string, number>();
    // Every node is pushed again as soon as it was looked at.
    for (let round = 0; round < 4 * (NAMES.length / most); round += 1) {
      schedule.soon(pushed, "commit");
      for (const name of schedule.due(most, free)) {
        looks.set(name, (looks.get(name) ?? 0) + 1);
        schedule.done(name);
      }
      clock.advance(1);
    }
    const count = (names: Iterable<string>): number =>
      [...names].reduce((sum, name) => sum + (looks.get(name) ?? 0), 0);
    // Nobody was left out, and a quarter of the places went to those who waited longest.
    for (const name of NAMES) expect(looks.get(name) ?? 0).toBeGreaterThan(0);
    expect(count(turns)).toBeGreaterThan(0);
    expect(count(pushed)).toBeGreaterThan(count(turns));
  },
);

test("a person is not starved by either", () => {
  const { schedule } = aSchedule();
  schedule.soon(NAMES.slice(0, 300), "commit");
  schedule.soon(["n599"], "person");
  expect([...schedule.due(1, free), ...schedule.due(1, free)]).toContain("n599");
});

test("what failed is put off, longer each time in a row and not all alike, until it is looked at or asked for", () => {
  const { clock, schedule } = aSchedule();
  for (const name of NAMES) schedule.done(name);
  const waits = (names: readonly string[]): readonly number[] => {
    schedule.later(names, 1000, 4000);
    const found = new Map<string, number>();
    for (let ms = 0; ms < 5000; ms += 10) {
      for (const name of schedule.due(1000, (one) => names.includes(one)))
        if (!found.has(name)) found.set(name, ms);
      clock.advance(10);
    }
    return [...found.values()];
  };
  const some = ["n1", "n2", "n3", "n4", "n5"];
  const first = waits(some);
  expect(Math.min(...first)).toBeGreaterThanOrEqual(900);
  expect(Math.max(...first)).toBeLessThanOrEqual(1110);
  expect(new Set(first).size).toBeGreaterThan(1);
  const second = waits(some);
  expect(Math.min(...second)).toBeGreaterThanOrEqual(1800);
  expect(Math.min(...waits(some))).toBeGreaterThanOrEqual(3600);
  // No longer than the longest.
  expect(Math.max(...waits(some))).toBeLessThanOrEqual(4410);
  schedule.later(some, 1000, 4000);
  schedule.soon(["n3"], "person");
  expect(schedule.due(10, (name) => some.includes(name))).toEqual(["n3"]);
  schedule.done("n3");
  expect(waits(["n3"])[0]).toBeLessThanOrEqual(1110);
});

test("what is asked for while a node is worked on has its look right after, however that ended", () => {
  const { clock, schedule } = aSchedule();
  for (const name of NAMES) schedule.done(name);
  schedule.soon(["n1", "n2", "n3"], "commit");
  expect(schedule.due(10, free)).toHaveLength(3);
  schedule.soon(["n1"], "person");
  schedule.soon(["n2"], "commit");
  schedule.done("n1");
  schedule.later(["n2", "n3"], MINUTE);
  expect(schedule.due(10, free)).toEqual(["n1", "n2"]);
  // That was the look that they asked for.
  schedule.done("n1");
  schedule.later(["n2"], MINUTE);
  clock.advance(1000);
  expect(schedule.due(10, free)).toEqual([]);
});

test("a schedule of more nodes than a call takes arguments knows the next turn", () => {
  const schedule = new Schedule(new FakeClock(), MINUTE);
  schedule.follow(new Set(Array.from({ length: 200_000 }, (_, index) => `n${index}`)));
  expect(schedule.untilNext(() => true)).toBe(0);
});
