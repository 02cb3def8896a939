import { array, assert, constantFrom, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  newWindow,
  nextSequence,
  received,
  type SequenceWindow,
  WINDOW_15,
  WINDOW_20,
} from "../../../../drivers/ipmi/packets/sequence-window.ts";

const LAST = 0xffff_ffff;
const size = constantFrom(WINDOW_15, WINDOW_20);
/** Beginnings near where the numbers begin again, too. */
const first = constantFrom(1, 2, 100, 0x7fff_fffe, 0x8000_0000, LAST - 3, LAST);

/** Takes numbers in this order and answers which were let through. */
function taken(window: SequenceWindow, numbers: readonly number[]): readonly boolean[] {
  let at = window;
  return numbers.map((number) => {
    const next = received(at, number);
    at = next ?? at;
    return next !== null;
  });
}

/** The number so many after the first. */
function after(from: number, steps: number): number {
  return ((from - 1 + steps + LAST) % LAST) + 1;
}

describe("session sequence numbers (IPMI 2.0, 6.12.12 and 6.12.13)", () => {
  it("0 is skipped where the numbers begin again, and never let through", () => {
    expect(nextSequence(7)).toBe(8);
    expect(nextSequence(LAST)).toBe(1);
    expect(received(newWindow(WINDOW_20, 1), 0)).toBeNull();
  });

  it("packets in order pass, and none passes twice", () => {
    assert(
      property(size, first, (window, from) => {
        const numbers = Array.from({ length: 70 }, (_, at) => after(from, at));
        expect(taken(newWindow(window, from), numbers).every(Boolean)).toBe(true);
        const twice = numbers.slice(0, 10).flatMap((one) => [one, one]);
        const passed = taken(newWindow(window, from), twice).filter(Boolean);
        expect(passed).toHaveLength(10);
      }),
    );
  });

  it("whatever the order, a number passes once, and only within the window", () => {
    const steps = array(integer({ min: -40, max: 60 }), { maxLength: 60 });
    assert(
      property(size, first, steps, (window, from, order) => {
        const seen = new Set<number>();
        let highest = -1;
        let at = newWindow(window, from);
        for (const step of order) {
          const next = received(at, after(from, step));
          const inside = step > highest - window.behind - 1 && step <= highest + window.ahead;
          expect(next !== null, `step ${step} of ${order.join(" ")}`).toBe(
            inside && step >= 0 && !seen.has(step),
          );
          if (next === null) continue;
          at = next;
          seen.add(step);
          highest = Math.max(highest, step);
        }
      }),
    );
  });

  it("1.5 lets eight to either side pass, RMCP+ fifteen behind and sixteen ahead", () => {
    for (const [window, behind, ahead] of [
      [WINDOW_15, 8, 8],
      [WINDOW_20, 15, 16],
    ] as const) {
      const begun = received(newWindow(window, 100), 99 + ahead)!;
      const highest = 97 + ahead * 2;
      const at = received(begun, highest)!;
      expect(received(at, highest - behind)).not.toBeNull();
      expect(received(at, highest - behind - 1)).toBeNull();
      expect(received(at, highest + ahead)).not.toBeNull();
      expect(received(at, highest + ahead + 1)).toBeNull();
    }
  });
});
