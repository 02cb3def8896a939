import { expect, test } from "vitest";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import { openReader } from "../../../../engine/run/store/open-store.ts";
import { acting, STORE, storePorts } from "../../../support/a-store.ts";
import { MemoryFiles, systemError } from "../../../support/memory-files.ts";

test("an init that was cut off leaves no names of an older inventory to the next", async () => {
  for (let failing = 1; failing <= 12; failing += 1) {
    const disk = new MemoryFiles();
    let writes = 0;
    const cut = disk.sharedWith((operation) => {
      if (["create", "link", "rename"].includes(operation)) writes += 1;
      return writes >= failing ? Promise.reject(systemError("EIO")) : Promise.resolve();
    });
    const first = await initStore("/s", { ...STORE, names: ["n1"] }, storePorts(cut, 1));
    const again = await initStore("/s", { ...STORE, names: ["n1", "n2"] }, storePorts(disk, 2));
    expect([failing, first.ok || again.ok]).toEqual([failing, true]);
    const reader = await openReader("/s", { store: "store" }, storePorts(disk, 3));
    const names = reader.ok ? await reader.value.firstNames() : null;
    expect([failing, names]).toEqual([failing, first.ok ? ["n1"] : ["n1", "n2"]]);
  }
});

test("of two that make a store in one place at once one has made none", async () => {
  const disk = new MemoryFiles();
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
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const store = await acting(storePorts(disk, 2));
  const entry = { commit: null, subject: null, tree: "two", why: "", names: [], readAtSeq: 1 };
  expect((await store.propose(entry)).ok).toBe(true);
  await store.close();
  disk.files.delete("/s/store.json");
  const made = await initStore("/s", STORE, storePorts(disk, 3));
  expect(made.ok ? "" : made.failure.message).toContain("ironwright init --replace-store");
});
