import { expect, test } from "vitest";
import { Layout } from "../../../../engine/run/store/layout.ts";
import { FilePaces } from "../../../../engine/run/store/paces.ts";
import { aDisk } from "../../../support/a-disk.ts";
import { storePorts } from "../../../support/a-store.ts";
import type { Disk } from "../../../support/memory-files.ts";
import { VirtualTime } from "../../../support/virtual-time.ts";

const PACE = { restMs: 2000, actMs: 10_000 };

interface Engine {
  readonly paces: FilePaces;
  readonly death: AbortController;
  sleep(ms: number): Promise<void>;
}

function engine(disk: Disk, time: VirtualTime, seed: number): Engine {
  const clock = time.clock();
  const death = new AbortController();
  const ports = { ...storePorts(disk, seed), clock };
  const paces = new FilePaces(ports, new Layout("/s"), { inc: `e${seed}`, death: death.signal });
  return { paces, death, sleep: (ms) => clock.sleep(ms) };
}

test("of three engines each waits until the act of another is over and its place has rested", async () => {
  const [disk, time] = [await aDisk(), new VirtualTime()];
  const acts: { readonly from: number; readonly to: number }[] = [];
  const work = async (one: Engine, ms: number): Promise<void> => {
    const over = await one.paces.enter("r1", PACE);
    const from = time.now;
    await one.sleep(ms);
    acts.push({ from, to: time.now });
    await over();
    await over();
  };
  const engines = [1, 2, 3].map((seed) => engine(disk, time, seed));
  const all = engines.flatMap((one) => [0, 700, 3000, 50].map((ms) => work(one, ms)));
  await time.run(Promise.all(all));
  expect(acts).toHaveLength(12);
  const gaps = acts.slice(1).map(({ from }, index) => from - (acts[index]?.to ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(PACE.restMs);
  // Nobody waits much longer than needed: a look comes at most a fifth of a second late.
  expect(Math.max(...gaps)).toBeLessThan(PACE.restMs + 500);
});

test("places do not wait for each other, and the first act of all waits for nobody", async () => {
  const [disk, time] = [await aDisk(), new VirtualTime()];
  const began = time.now;
  const { paces } = engine(disk, time, 1);
  await time.run(Promise.all(["r1", "r2", "r1.0", "r/1"].map((rack) => paces.enter(rack, PACE))));
  expect(time.now).toBe(began);
});

test("an engine that is lost in the middle of its act keeps its place for as long as the act might take, and no longer", async () => {
  const [disk, time] = [await aDisk(), new VirtualTime()];
  await time.run(engine(disk, time, 1).paces.enter("r1", PACE));
  const began = time.now;
  await time.run(engine(disk, time, 2).paces.enter("r1", PACE));
  expect(time.now - began).toBe(PACE.restMs + PACE.actMs);
});

test("who comes anew can't know how long a place has rested, and lets it rest", async () => {
  const [disk, time] = [await aDisk(), new VirtualTime()];
  const over = await time.run(engine(disk, time, 1).paces.enter("r1", PACE));
  await over();
  const began = time.now;
  await time.run(engine(disk, time, 2).paces.enter("r1", PACE));
  expect(time.now - began).toBe(PACE.restMs);
});

test("an engine that dies waits no longer", async () => {
  const [disk, time] = [await aDisk(), new VirtualTime()];
  await time.run(engine(disk, time, 1).paces.enter("r1", PACE));
  const second = engine(disk, time, 2);
  const waiting = second.paces.enter("r1", PACE);
  second.death.abort();
  const over = await time.run(waiting);
  await over();
  expect(await disk.list("/s/paces")).toHaveLength(1);
});
