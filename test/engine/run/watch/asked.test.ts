import { expect, test } from "vitest";
import { hearPeople } from "../../../../engine/run/watch/asked.ts";
import { Known } from "../../../../engine/run/watch/known.ts";
import { Schedule } from "../../../../engine/run/watch/schedule.ts";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import { failure } from "../../../../schemas/failure.ts";
import { aFleet, aNode, seen } from "../../../support/a-fleet.ts";
import { acting, STORE, storePorts } from "../../../support/a-store.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { MemoryFiles } from "../../../support/memory-files.ts";

const fateOf = (): "alive" => "alive";

test("a node that a person asked for is looked at first, by whoever owns it, and once", async () => {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const person = await acting(storePorts(disk, 9, { fateOf }), "p", "command");
  const asks = (): number =>
    [...disk.files.keys()].filter((path) => path.startsWith("/s/asks/")).length;
  // Nobody is there who would ever take it.
  await person.asks.ask(["n1"]);
  expect(asks()).toBe(0);
  const a = await acting(storePorts(disk, 2, { fateOf }), "a", "watch");
  const b = await acting(storePorts(disk, 3, { fateOf }), "b", "watch");
  await person.asks.ask(["n1", "n/2"]);
  const clock = new FakeClock();
  const names = new Set(["n0", "n1", "n/2"]);
  const schedule = new Schedule(clock, 60_000);
  schedule.follow(names);
  for (const name of names) schedule.done(name);
  await hearPeople(b, schedule, new Set(["n0"]));
  expect([schedule.waiting, asks()]).toEqual([0, 2]);
  await hearPeople(a, schedule, new Set(["n1", "n/2"]));
  expect(new Set(schedule.due(10, () => true))).toEqual(new Set(["n1", "n/2"]));
  expect(asks()).toBe(0);
});

test("after a retry a login is tried again that was refused there", async () => {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const daemon = await acting(storePorts(disk, 2, { fateOf }), "a", "watch");
  const unreachable = failure("stalled", "IW-B04", "login refused");
  const reading = { ...seen("n1"), unreachable, refusedSecret: "v" };
  const other = { ...reading, node: "n2" };
  await daemon.saveReadings(new Map([reading, other].map((one) => [one.node, one])));
  const person = await acting(storePorts(disk, 9, { fateOf }), "p", "command");
  await person.asks.ask(["n1", "n3"]);
  const schedule = new Schedule(new FakeClock(), 60_000);
  await hearPeople(daemon, schedule, new Set(["n1", "n2", "n3"]));
  const readings = await daemon.readings();
  expect(readings.get("n1")).not.toHaveProperty("refusedSecret");
  expect(readings.get("n2")).toHaveProperty("refusedSecret");
});

test("what a daemon knows of a node is its reading after a retry, too", async () => {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const daemon = await acting(storePorts(disk, 2, { fateOf }), "a", "watch");
  const unreachable = failure("stalled", "IW-B04", "login refused");
  const reading = { ...seen("n1"), unreachable, refusedSecret: "v" };
  await daemon.saveReadings(new Map([["n1", reading]]));
  const clock = new FakeClock();
  const known = new Known(daemon, clock);
  const fleet = aFleet([aNode("n1", {})]);
  expect((await known.of(fleet, ["n1"], 60_000)).observations.get("n1")).toEqual(reading);
  const person = await acting(storePorts(disk, 9, { fateOf }), "p", "command");
  await person.asks.ask(["n1"]);
  await known.take(await hearPeople(daemon, new Schedule(clock, 60_000), new Set(["n1"])));
  const { observations } = await known.of(fleet, ["n1"], 60_000);
  expect(observations.get("n1")).not.toHaveProperty("refusedSecret");
});
