import { expect, test } from "vitest";
import type { ActingStore, ProposedEntry } from "../../../../engine/run/ports.ts";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import { acting, STORE, storePorts } from "../../../support/a-store.ts";
import { aDisk } from "../../../support/a-disk.ts";

function proposal(tree: string, readAtSeq = 1): ProposedEntry {
  return {
    commit: null,
    subject: null,
    tree,
    why: "test",
    names: [],
    requests: {},
    allocations: {},
    readAtSeq,
  };
}

/** Two engines; the second proposes while the first is about to link its entry. */
async function racing(tree: string): Promise<{ first: ActingStore; second: ActingStore }> {
  const disk = await aDisk();
  await initStore("/s", STORE, storePorts(disk, 1));
  const second = await acting(storePorts(disk, 3));
  let once = true;
  const files = disk.sharedWith(async (operation, path) => {
    if (operation !== "link" || !path.includes("/register/") || !once) return;
    once = false;
    expect((await second.propose(proposal(tree))).ok).toBe(true);
  });
  return { first: await acting(storePorts(files, 2)), second };
}

test("two engines that propose the same tree at once agree on one entry", async () => {
  const { first, second } = await racing("same");
  const entry = await first.propose(proposal("same"));
  expect(entry.ok && entry.value).toEqual(await second.inForce());
  await first.close();
  await second.close();
});

test("of two engines that propose different trees at once the slower is refused", async () => {
  const { first, second } = await racing("theirs");
  const entry = await first.propose(proposal("mine"));
  expect(entry.ok ? null : entry.failure.code).toBe("IW-P17");
  expect((await second.inForce())?.tree).toBe("theirs");
  await first.close();
  await second.close();
});

test("a tree that was read before the entry in force is refused", async () => {
  const disk = await aDisk();
  await initStore("/s", STORE, storePorts(disk, 1));
  const store = await acting(storePorts(disk, 2));
  expect((await store.propose(proposal("newer"))).ok).toBe(true);
  const late = await store.propose(proposal("older", 1));
  expect(late.ok ? null : late.failure.code).toBe("IW-P17");
  await store.close();
});
