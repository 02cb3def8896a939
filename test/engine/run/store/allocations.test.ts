import { expect, test } from "vitest";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import { acting, STORE, storePorts } from "../../../support/a-store.ts";
import { MemoryFiles } from "../../../support/memory-files.ts";

const ONE = { uuid: "ab000000-0000-4000-8000-000000000001", node: "n1" };
const OTHER = { uuid: "cd000000-0000-4000-8000-000000000002", node: "n2" };

test("two engines never take two nodes for one Allocation; the same node may be taken again after a crash", async () => {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const first = await acting(storePorts(disk, 2), "e1");
  const second = await acting(storePorts(disk, 3), "e2");
  const answers = await Promise.all([
    first.allocateNode("web", ONE),
    second.allocateNode("web", OTHER),
  ]);
  expect(answers.filter((other) => other === null)).toHaveLength(1);
  const winner = answers[0] === null ? ONE : OTHER;
  const loser = winner === ONE ? OTHER : ONE;
  expect(await second.allocated()).toEqual(new Map([["web", winner.uuid]]));
  expect(await second.allocateNode("web", winner)).toBeNull();
  expect(await second.allocateNode("web", loser)).toBe(winner.node);
  await first.freeAllocation("web");
  expect(await second.allocateNode("web", loser)).toBeNull();
  await first.close();
  await second.close();
});
