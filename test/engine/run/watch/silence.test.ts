import { expect, test } from "vitest";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import { Silence } from "../../../../engine/run/watch/silence.ts";
import { failure } from "../../../../schemas/failure.ts";
import type { Observation } from "../../../../schemas/observation.ts";
import { acting, held, STORE, storePorts, UUID } from "../../../support/a-store.ts";
import { aNode } from "../../../support/a-fleet.ts";
import { MemoryFiles } from "../../../support/memory-files.ts";

const ANSWER: Observation = {
  node: "n1",
  at: 5,
  facets: {},
  capabilities: {},
  transport: null,
  unreachable: null,
};
const NONE: Observation = { ...ANSWER, unreachable: failure("transient", "IW-B01", "no answer") };

test("after the limit a silent BMC is a fault, its power is not called off, and the first answer ends it", async () => {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const store = await acting(storePorts(disk, 2));
  const grant = await held(store);
  await grant.patchRecord({ traits: ["CUSTOM_A"] });
  await grant.release();
  const silence = new Silence();
  const look = async (observation: Observation): Promise<unknown> => {
    const record = await store.record(UUID);
    return (
      (await silence.look(store, { node: aNode("n1", {}), record, observation }, 3))?.what ?? null
    );
  };
  expect([await look(NONE), await look(NONE)]).toEqual([null, null]);
  // Two silent looks and an answer are no three in a row.
  expect([await look(ANSWER), await look(NONE), await look(NONE)]).toEqual([null, null, null]);
  expect(await look(NONE)).toBe("silent");
  expect((await store.record(UUID))?.fault).toMatchObject({ kind: "power", at: 5 });
  expect(await look(NONE)).toBeNull();
  expect(await look(ANSWER)).toBe("answers");
  expect((await store.record(UUID))?.fault).toBeNull();
  await store.close();
});

test("a node that somebody works on is left alone until the next look", async () => {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const fateOf = () => "alive" as const;
  const other = await acting(storePorts(disk, 3, { fateOf }));
  const grant = await held(other);
  await grant.patchRecord({ traits: ["CUSTOM_A"] });
  const store = await acting(storePorts(disk, 2, { fateOf }));
  const silence = new Silence();
  const look = async (): Promise<unknown> =>
    (
      await silence.look(
        store,
        { node: aNode("n1", {}), record: await store.record(UUID), observation: NONE },
        1,
      )
    )?.what ?? null;
  expect(await look()).toBeNull();
  await grant.release();
  expect(await look()).toBe("silent");
});

test("a fault that waits for a person is neither replaced by silence nor ended by an answer", async () => {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const store = await acting(storePorts(disk, 2));
  const fault = { kind: "clean failure", message: "a disk", at: 1, specHash: "h" };
  const grant = await held(store);
  await grant.patchRecord({ fault });
  await grant.release();
  const silence = new Silence();
  for (const observation of [NONE, NONE, ANSWER]) {
    const record = await store.record(UUID);
    expect(await silence.look(store, { node: aNode("n1", {}), record, observation }, 1)).toBeNull();
  }
  expect((await store.record(UUID))?.fault).toEqual(fault);
});

test("a login that was refused is no silence", async () => {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const store = await acting(storePorts(disk, 2));
  const grant = await held(store);
  await grant.patchRecord({ traits: [] });
  await grant.release();
  const record = await store.record(UUID);
  const refused = failure("stalled", "IW-B04", "login refused");
  const observation = { ...ANSWER, unreachable: refused };
  const seen = { node: aNode("n1", {}), record, observation };
  expect(await new Silence().look(store, seen, 1)).toBeNull();
});
