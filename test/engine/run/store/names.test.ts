import { expect, test } from "vitest";
import type { ActingStore } from "../../../../engine/run/ports.ts";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import { openActing } from "../../../../engine/run/store/open-store.ts";
import type { Result } from "../../../../schemas/failure.ts";
import {
  acting,
  type FateOf,
  pass,
  STORE,
  storePorts,
  TTL_SECONDS,
} from "../../../support/a-store.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { aDisk } from "../../../support/a-disk.ts";
import { type Disk } from "../../../support/memory-files.ts";

async function aStore(): Promise<Disk> {
  const disk = await aDisk();
  await initStore("/s", STORE, storePorts(disk, 1));
  return disk;
}

function daemon(
  disk: Disk,
  pid: number,
  more: { readonly clock?: FakeClock; readonly fateOf?: FateOf } = {},
): Promise<Result<ActingStore>> {
  const actor = { name: "hall-a", role: "watch", host: `host-${pid}` } as const;
  return openActing("/s", { store: "store" }, actor, storePorts(disk, pid, more));
}

test("of two daemons of one name the second is refused, and told where the first is", async () => {
  const disk = await aStore();
  const first = await daemon(disk, 2);
  expect(first.ok).toBe(true);
  const second = await daemon(disk, 3, { fateOf: () => "alive" });
  expect(second.ok ? null : second.failure).toMatchObject({ code: "IW-L01", kind: "conflict" });
  expect(second.ok ? "" : second.failure.message).toContain("hall-a is alive already (host-2");
  if (first.ok) await first.value.close();
  expect((await daemon(disk, 4)).ok).toBe(true);
});

test("a daemon that was killed leaves its name at once where that can be seen, elsewhere after a ttl", async () => {
  const disk = await aStore();
  await daemon(disk, 2);
  const restarted = await daemon(disk, 3, { fateOf: () => "gone" });
  expect(restarted.ok).toBe(true);
  const clock = new FakeClock();
  const elsewhere: boolean[] = [];
  void daemon(disk, 4, { clock }).then((opened) => elsewhere.push(opened.ok));
  await pass(clock, TTL_SECONDS - 5);
  expect(elsewhere).toEqual([]);
  await pass(clock, 10);
  expect(elsewhere).toEqual([true]);
});

test("an apply takes no name: two of one host work beside each other", async () => {
  const disk = await aStore();
  const one = await acting(storePorts(disk, 2), "h.apply");
  const two = await acting(storePorts(disk, 3), "h.apply");
  await one.close();
  await two.close();
});
