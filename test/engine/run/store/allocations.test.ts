import { expect, test } from "vitest";
import type { ActingStore, Grant } from "../../../../engine/run/ports.ts";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import { acting, STORE, storePorts } from "../../../support/a-store.ts";
import { aDisk } from "../../../support/a-disk.ts";

const ONE = { uuid: "ab000000-0000-4000-8000-000000000001", node: "n1" };
const OTHER = { uuid: "cd000000-0000-4000-8000-000000000002", node: "n2" };

async function claimed(store: ActingStore, { uuid, node }: typeof ONE): Promise<Grant> {
  const grant = await store.claim(uuid, node);
  if (!grant.ok) throw new Error(grant.failure.message);
  return grant.value;
}

test("two engines never take two nodes for one Allocation; the same node may be taken again after a crash", async () => {
  const disk = await aDisk();
  await initStore("/s", STORE, storePorts(disk, 1));
  const first = await acting(storePorts(disk, 2), "e1");
  const second = await acting(storePorts(disk, 3), "e2");
  // Whoever asks has the node's own lease.
  const one = await claimed(first, ONE);
  const other = await claimed(second, OTHER);
  const answers = await Promise.all([
    first.allocateNode("db", ONE),
    second.allocateNode("db", OTHER),
  ]);
  // Which of them is first is the disk's to say.
  expect(answers).toEqual(answers[0] === null ? [null, "n1"] : ["n2", null]);
  expect(await first.allocateNode("web", ONE)).toBeNull();
  expect(await second.allocateNode("web", OTHER)).toBe("n1");
  expect((await second.allocated()).get("web")).toBe(ONE.uuid);
  expect(await first.allocateNode("web", ONE)).toBeNull();
  await one.patchRecord({ allocation: { name: "web", since: 0, commit: null } });
  await one.release();
  expect(await second.allocateNode("web", OTHER)).toBe("n1");
  expect(await second.freeAllocation("web", ONE.uuid)).toBe(false);
  const undone = await claimed(first, ONE);
  await undone.patchRecord({ allocation: null });
  await undone.release();
  // The record does not say any more that it was given away: the name is nobody's, and goes to who asks.
  expect(await second.allocateNode("web", OTHER)).toBeNull();
  await other.release();
  await first.close();
  await second.close();
});
