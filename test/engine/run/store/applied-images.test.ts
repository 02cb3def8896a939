import { expect, test } from "vitest";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import { openReader } from "../../../../engine/run/store/open-store.ts";
import type { Instance } from "../../../../schemas/record.ts";
import { acting, held, STORE, storePorts, UUID } from "../../../support/a-store.ts";
import { aDisk } from "../../../support/a-disk.ts";

const OTHER = "cd000000-0000-4000-8000-000000000002";

function running(digit: string, name = "d"): Instance {
  const image = { name, url: "https://images/d.raw", checksum: `sha256:${digit.repeat(64)}` };
  return { origin: "deployed", image, configDrive: null, since: 7, commit: null, by: "ops" };
}

test("a name keeps the checksum of its first workload after the workload, its record and its engine are gone", async () => {
  const disk = await aDisk();
  await initStore("/s", STORE, storePorts(disk, 1));
  const store = await acting(storePorts(disk, 2));
  expect(await store.appliedImages(["d"])).toEqual(new Map());
  const grant = await held(store);
  await grant.patchRecord({ name: "n1", instance: running("1") });
  await grant.patchRecord({ instance: null });
  await grant.release();
  expect((await store.forget(UUID)).ok).toBe(true);
  await store.close();
  const later = await acting(storePorts(disk, 3), "e2");
  const kept = { checksum: running("1").image?.["checksum"], node: expect.any(String), at: 7 };
  expect(await later.appliedImages(["d", "e"])).toEqual(new Map([["d", kept]]));
  await later.close();
});

test("of two engines that write two checksums at once one is first, and stays", async () => {
  const disk = await aDisk();
  await initStore("/s", STORE, storePorts(disk, 1));
  const [one, two] = [
    await acting(storePorts(disk, 2), "e1"),
    await acting(storePorts(disk, 3), "e2"),
  ];
  const grants = [await one.claim(UUID, "n1"), await two.claim(OTHER, "n2")];
  await Promise.all(
    grants.map(async (grant, at) => {
      if (!grant.ok) throw new Error(grant.failure.message);
      await grant.value.patchRecord({ instance: running(String(at + 1)) });
    }),
  );
  const before = await one.appliedImages(["d"]);
  expect(before.size).toBe(1);
  for (const grant of grants) if (grant.ok) await grant.value.patchRecord({ instance: null });
  expect(await two.appliedImages(["d"])).toEqual(before);
  await one.close();
  await two.close();
});

test("what a store of an earlier engine kept in records alone is kept when the workload goes", async () => {
  const disk = await aDisk();
  await initStore("/s", STORE, storePorts(disk, 1));
  const store = await acting(storePorts(disk, 2));
  const grant = await held(store);
  await grant.patchRecord({ instance: running("1") });
  await grant.release();
  await store.close();
  await disk.removeAll("/s/images");
  const later = await acting(storePorts(disk, 3), "e2");
  expect((await later.appliedImages(["d"])).size).toBe(0);
  const again = await held(later);
  await again.patchRecord({ instance: null });
  expect((await later.appliedImages(["d"])).size).toBe(1);
  await again.release();
  await later.close();
});

test("wherever an engine dies, no record says of an image what the store does not know", async () => {
  // One more operation of the disk is let through each time, until all of them are.
  for (let allowed = 0, isOver = false; !isOver; allowed += 1) {
    expect(allowed).toBeLessThan(40);
    const disk = await aDisk();
    await initStore("/s", STORE, storePorts(disk, 1));
    let left = Number.POSITIVE_INFINITY;
    const dying = disk.sharedWith(() => {
      left -= 1;
      return left < 0 ? Promise.reject(new Error("cut off")) : Promise.resolve();
    });
    const store = await acting(storePorts(dying, 2));
    const grant = await held(store);
    left = allowed;
    isOver = await grant.patchRecord({ instance: running("1") }).then(
      () => true,
      () => false,
    );
    const reader = await openReader("/s", { store: "store", ttlSeconds: 30 }, storePorts(disk, 4));
    if (!reader.ok) throw new Error(reader.failure.message);
    const said = (await reader.value.record(UUID))?.instance ?? null;
    const known = await reader.value.appliedImages(["d"]);
    if (said !== null) expect(known.size).toBe(1);
    if (isOver) expect(said).not.toBeNull();
  }
});
