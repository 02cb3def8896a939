import { expect, test } from "vitest";
import { monotonicClock } from "../../../engine/cli/monotonic-clock.ts";

/** A machine whose time passes, and that can sleep: hrtime stands still then, uptime and the wall clock do not. */
function aMachine(): {
  readonly clock: () => number;
  readonly reads: () => number;
  run(ms: number): void;
  sleep(ms: number): void;
  setWall(ms: number): void;
} {
  const at = { run: 5, wall: 1_000_000, uptime: 70_000 };
  let reads = 0;
  const clock = monotonicClock({
    run: () => at.run,
    wall: () => Math.floor(at.wall),
    uptime: () => {
      reads += 1;
      return Math.floor(at.uptime / 10) / 100;
    },
  });
  const pass = (ms: number): void => {
    at.wall += ms;
    at.uptime += ms;
  };
  return {
    clock,
    reads: () => reads,
    run(ms) {
      at.run += ms;
      pass(ms);
    },
    sleep: pass,
    setWall: (ms) => (at.wall += ms),
  };
}

test("a suspend counts at once, also when it came right after the last look", () => {
  const machine = aMachine();
  machine.clock();
  machine.sleep(60_000);
  expect(machine.clock()).toBeGreaterThanOrEqual(59_970);
  expect(machine.clock()).toBeLessThanOrEqual(60_000);
});

test("a wall clock that is set changes nothing", () => {
  const machine = aMachine();
  machine.run(100);
  machine.setWall(-3_600_000);
  expect(machine.clock()).toBe(100);
  machine.setWall(7_200_000);
  expect(machine.clock()).toBe(100);
});

test("it never goes back, whatever the resolution of uptime hides", () => {
  const machine = aMachine();
  machine.sleep(5_000);
  let before = machine.clock();
  for (let step = 0; step < 200; step += 1) {
    machine.run(1.7);
    const now = machine.clock();
    expect(now).toBeGreaterThanOrEqual(before);
    before = now;
  }
});

test("many who ask in the same millisecond cost one look at uptime", () => {
  const machine = aMachine();
  machine.run(10);
  const before = machine.reads();
  for (let asked = 0; asked < 100; asked += 1) machine.clock();
  expect(machine.reads()).toBe(before + 1);
});
