import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Bell } from "../../../inventory/follow/bell.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** How often it was heard so far. */
function listener(bell: Bell): () => number {
  let heard = 0;
  const never = new AbortController().signal;
  const listen = (): Promise<void> =>
    bell.heard(never).then(() => {
      heard += 1;
      return listen();
    });
  void listen();
  return () => heard;
}

test("a burst is heard once, when it is over", async () => {
  const bell = new Bell();
  const heard = listener(bell);
  for (let i = 0; i < 8; i += 1) {
    bell.ring();
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(heard()).toBe(0);
  await vi.advanceTimersByTimeAsync(100);
  expect(heard()).toBe(1);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(heard()).toBe(1);
});

test("a burst that never ends is heard each second", async () => {
  const bell = new Bell();
  const heard = listener(bell);
  for (let i = 0; i < 100; i += 1) {
    bell.ring();
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(heard()).toBeGreaterThanOrEqual(4);
  expect(heard()).toBeLessThanOrEqual(5);
});
