import { expect, test } from "vitest";
import { Budget } from "../../../engine/run/budget.ts";
import { initStore } from "../../../engine/run/store/init-store.ts";
import { acting, held, STORE, storePorts, UUID } from "../../support/a-store.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { MemoryFiles } from "../../support/memory-files.ts";
import { ACTIVE, ask, plan, WANT_ACTIVE } from "../../support/plan-one.ts";

test("a person's act is told at once who has the slot, worked on or left", async () => {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const engine = await acting(storePorts(disk, 2, { fateOf: () => "alive" }), "engine");
  const mine = await acting(storePorts(disk, 3, { fateOf: () => "alive" }), "mine", "command");
  const node = plan({ spec: { ...WANT_ACTIVE, requests: [ask("reboot")] }, record: ACTIVE });
  const budget = new Budget(mine, new FakeClock(), []);
  const enter = (): ReturnType<Budget["enter"]> =>
    budget.enter([node], { signal: new AbortController().signal, waits: false });
  const grant = await held(engine);
  await engine.takeSlot({ name: "rack r1", count: 1 }, { uuid: UUID, node: "n1" });
  const scope = /rack r1.*n1 is interrupted since .* an engine works on it/;
  expect(await enter()).toMatchObject({ code: "IW-P02", message: expect.stringMatching(scope) });
  await grant.release();
  const left = /n1 was interrupted at .*ironwright release n1/;
  expect(await enter()).toMatchObject({ code: "IW-P02", message: expect.stringMatching(left) });
  await engine.freeSlots(UUID);
  expect(await enter()).toBeNull();
});
