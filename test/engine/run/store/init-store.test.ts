import { expect, test } from "vitest";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import { openReader } from "../../../../engine/run/store/open-store.ts";
import { emptyRecord } from "../../../../schemas/record.ts";
import { acting, STORE, storePorts, UUID } from "../../../support/a-store.ts";
import { aDisk } from "../../../support/a-disk.ts";
import { systemError } from "../../../support/memory-files.ts";

test("an init that was cut off leaves no names of an older inventory to the next", async () => {
  for (let failing = 1; failing <= 12; failing += 1) {
    const disk = await aDisk();
    let writes = 0;
    const cut = disk.sharedWith((operation) => {
      if (["create", "link", "rename"].includes(operation)) writes += 1;
      return writes >= failing ? Promise.reject(systemError("EIO")) : Promise.resolve();
    });
    const first = await initStore("/s", { ...STORE, names: ["n1"] }, storePorts(cut, 1));
    const again = await initStore("/s", { ...STORE, names: ["n1", "n2"] }, storePorts(disk, 2));
    expect([failing, first.ok || again.ok]).toEqual([failing, true]);
    const reader = await openReader("/s", { store: "store" }, storePorts(disk, 3));
    const names = reader.ok ? [...(await reader.value.existingNames())] : null;
    expect([failing, names]).toEqual([failing, first.ok ? ["n1"] : ["n1", "n2"]]);
  }
});

test("of two that make a store in one place at once one has made none", async () => {
  const disk = await aDisk();
  let once = true;
  const slow = disk.sharedWith(async (operation, path) => {
    if (operation !== "link" || !path.endsWith("store.json") || !once) return;
    once = false;
    expect((await initStore("/s", STORE, storePorts(disk, 2))).ok).toBe(true);
  });
  const second = await initStore("/s", { ...STORE, id: "other" }, storePorts(slow, 1));
  expect(second.ok ? null : second.failure.code).toBe("IW-S02");
  expect((await openReader("/s", { store: "store" }, storePorts(disk, 3))).ok).toBe(true);
});

test("a directory that lost its store.json is not taken for an empty one", async () => {
  const disk = await aDisk();
  await initStore("/s", STORE, storePorts(disk, 1));
  const store = await acting(storePorts(disk, 2));
  const entry = {
    commit: null,
    subject: null,
    tree: "two",
    why: "",
    names: [],
    requests: {},
    allocations: {},
    readAtSeq: 1,
  };
  expect((await store.propose(entry)).ok).toBe(true);
  await store.close();
  await disk.drop("/s/store.json");
  const made = await initStore("/s", STORE, storePorts(disk, 3));
  expect(made.ok ? "" : made.failure.message).toContain("ironwright init --replace-store");
});

test("machines that were there at first, or were forgotten, are known by more than their names", async () => {
  const disk = await aDisk();
  const first = { ...STORE, names: ["n1"], machines: ["serial s-1"] };
  await initStore("/s", first, storePorts(disk, 1));
  const store = await acting(storePorts(disk, 2));
  const claimed = await store.claim(UUID, "n2", { initial: emptyRecord(UUID, "n2", "new") });
  if (!claimed.ok) throw new Error(claimed.failure.message);
  await claimed.value.patchRecord({ identity: { serial: "S-2" } });
  await claimed.value.release();
  expect([...(await store.existingNames())]).toEqual(["n1", "serial s-1"]);
  expect((await store.forget(UUID)).ok).toBe(true);
  expect([...(await store.existingNames())].sort()).toEqual([
    "n1",
    "n2",
    "serial s-1",
    "serial s-2",
  ]);
  await store.close();
});

test("what ran on a node outlives its record, however often it is forgotten", async () => {
  const disk = await aDisk();
  await initStore("/s", STORE, storePorts(disk, 1));
  const store = await acting(storePorts(disk, 2));
  const use = { action: "power.reboot", at: 1, commit: null, outcome: "done" };
  for (const id of ["ops-1", "ops-2"]) {
    const claimed = await store.claim(UUID, "n1", { initial: emptyRecord(UUID, "n1", "new") });
    if (!claimed.ok) throw new Error(claimed.failure.message);
    await claimed.value.patchRecord({ identity: { serial: "S-1" }, usedRequests: { [id]: use } });
    await claimed.value.release();
    expect((await store.forget(UUID)).ok).toBe(true);
  }
  expect((await store.forget(UUID)).ok).toBe(true);
  expect(await store.forgottenUses()).toEqual([
    { keys: [UUID, "n1", "serial s-1"], requests: { "ops-1": use, "ops-2": use } },
  ]);
  await store.close();
});
