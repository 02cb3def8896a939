import { expect, test } from "vitest";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import {
  ACT,
  acting,
  type FateOf,
  held,
  INTENT,
  pass,
  STORE,
  storePorts,
  TTL_SECONDS,
  UUID,
} from "../../../support/a-store.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { aDisk } from "../../../support/a-disk.ts";

/** Engines 3 and up are commands of this host that have ended; nothing can be known of engine 2. */
const TWO_IS_ELSEWHERE: FateOf = (pid) => (pid === 2 ? "unknown" : "gone");

/** A store in which engine 2 wrote an intent and stopped; its counter stood still for long enough. */
async function leftOpen(fateOf: FateOf = TWO_IS_ELSEWHERE) {
  const disk = await aDisk();
  await initStore("/s", STORE, storePorts(disk, 1));
  const old = await held(await acting(storePorts(disk, 2)));
  await old.intent(INTENT);
  const clock = new FakeClock();
  const taker = await acting(storePorts(disk, 3, { clock, fateOf }));
  expect((await taker.claim(UUID, "n1")).ok).toBe(false);
  await pass(clock, TTL_SECONDS + 1);
  return { disk, old, taker };
}

test("a holder that may only be paused stays one, however often its node is taken over again", async () => {
  const { disk, taker } = await leftOpen();
  const first = await held(taker);
  expect(first.predecessor?.provenDead).toBe(false);
  await taker.close();
  for (const pid of [4, 5]) {
    const next = await acting(storePorts(disk, pid, { fateOf: TWO_IS_ELSEWHERE }));
    const grant = await held(next);
    expect([pid, grant.openIntents.length, grant.predecessor?.provenDead]).toEqual([pid, 1, false]);
    await next.close();
  }
});

test("lease break says nothing of a holder that may only be paused; --holder-is-dead says it for good", async () => {
  const { disk, taker } = await leftOpen();
  await taker.breakLease(UUID, "it hangs", false);
  await taker.close();
  const next = await acting(storePorts(disk, 4, { fateOf: TWO_IS_ELSEWHERE }));
  expect((await held(next)).predecessor?.provenDead).toBe(false);
  await next.close();
  const person = await acting(storePorts(disk, 5, { fateOf: TWO_IS_ELSEWHERE }));
  await person.breakLease(UUID, "the host burned", true);
  await person.close();
  const last = await acting(storePorts(disk, 6, { fateOf: TWO_IS_ELSEWHERE }));
  expect((await held(last)).predecessor?.provenDead).toBe(true);
  await last.close();
});

test("a holder that was declared dead by its counter is proven dead once its process is seen to be gone", async () => {
  const { disk, taker } = await leftOpen();
  await held(taker);
  await taker.close();
  const next = await acting(storePorts(disk, 4, { fateOf: () => "gone" }));
  expect((await held(next)).predecessor?.provenDead).toBe(true);
  await next.close();
});

test("an intent outlives an engine that died between taking the claim and copying the record", async () => {
  const { disk, taker } = await leftOpen();
  let taking = true;
  const killed = disk.sharedWith((operation, path) =>
    taking && operation === "rename" && path.includes("record.")
      ? new Promise(() => undefined)
      : Promise.resolve(),
  );
  await taker.close();
  const died = await acting(storePorts(killed, 4, { fateOf: () => "gone" }));
  void died.claim(UUID, "n1");
  await pass(new FakeClock(), 2);
  taking = false;
  const names = [...(await disk.dump()).keys()].filter((path) => path.includes(UUID));
  expect(names.map((path) => path.split("/").at(-1))).toEqual([
    "claim.0000000000000001",
    "claim.0000000000000002",
  ]);
  // Any command tidies what dead engines left, when it ends.
  const other = await acting(storePorts(disk, 5, { fateOf: () => "gone" }), "o", "command");
  expect([...(await other.unfinished())]).toEqual([UUID]);
  await other.close();
  const next = await acting(storePorts(disk, 6, { fateOf: () => "gone" }));
  const grant = await held(next);
  expect(grant.openIntents.map(({ line }) => line.step)).toEqual(["1"]);
  await next.close();
});

test("an intent that a takeover left open is looked for again: its node is unfinished", async () => {
  const { disk, taker } = await leftOpen();
  await held(taker);
  await taker.close();
  const next = await acting(storePorts(disk, 4, { fateOf: TWO_IS_ELSEWHERE }));
  expect([...(await next.unfinished())]).toEqual([UUID]);
  await next.close();
});

test("the old holder's check fails from the moment its claim is taken", async () => {
  const { old, taker } = await leftOpen();
  await held(taker);
  expect((await old.check(ACT))?.code).toBe("IW-L02");
  await taker.close();
});

test("a number that comes back from the dead is no lease: the names are listed again after link()", async () => {
  const disk = await aDisk();
  await initStore("/s", STORE, storePorts(disk, 1));
  const alive: FateOf = () => "alive";
  const first = await acting(storePorts(disk, 2, { fateOf: alive }));
  await (await held(first)).release();
  let once = true;
  const slow = disk.sharedWith(async (operation, path) => {
    if (operation !== "link" || !path.endsWith("claim.0000000000000002") || !once) return;
    once = false;
    // Meanwhile 2 is taken and given back, 3 is taken, and its holder tidies 2 away.
    await (await held(first)).release();
    expect((await held(first)).fence).toBe(3);
  });
  const taker = await acting(storePorts(slow, 3, { fateOf: alive }));
  const taken = await taker.claim(UUID, "n1");
  expect(taken.ok ? taken.value.fence : taken.failure.code).toBe("IW-L01");
  await taker.close();
  await first.close();
});
