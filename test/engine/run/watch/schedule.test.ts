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
  expect(schedule.untilNext).toBe(0);
  schedule.follow(new Set(["n3"]));
  expect(schedule.due(10, free)).toEqual(["n3"]);
});
