import { expect, test } from "vitest";
import {
  aWorld,
  child,
  feed,
  fleetOf,
  type Members,
  messageOf,
  powerOf,
  press,
  SERVICE,
  statuses,
} from "../../support/family-world.ts";

/** Its power is only reported: who is powered off by hand stays off. */
const REPORTED = child({ power: "on", drift: { power: "report" } });

test("a child that came on by itself after its parent's list is nobody's wish: who powers it off later is reported", async () => {
  const { world, wire } = await aWorld({
    dpu: { is: "on", spec: REPORTED },
    srv: { is: "on", spec: { requests: [SERVICE] } },
  });
  await world.apply();
  press(world, "dpu");
  await world.pass(60_000);
  await world.apply();
  press(world, "dpu");
  await world.pass(60_000);
  wire.length = 0;
  await world.apply();
  expect(wire).toEqual([]);
  const dpu = (await world.plan()).planned.plan.nodes.find(({ node }) => node === "dpu");
  expect(dpu?.changes).toMatchObject([{ cause: "drift", noStep: "drift.power is report" }]);
});

test("a child that was never switched for its parent keeps what it agreed on", async () => {
  const members: Members = {
    dpu: { is: "off", spec: REPORTED, failures: ["power.softOff:unsent:once"] },
    srv: { is: "on", spec: {} },
  };
  const { world, wire } = await aWorld(members);
  await world.apply();
  expect(wire).toEqual(["dpu power.on"]);
  world.fleet = fleetOf({ ...members, srv: { is: "on", spec: { requests: [SERVICE] } } });
  expect(statuses(await world.apply())).toMatchObject({ dpu: "failed", srv: "skipped" });
  expect(wire).toEqual(["dpu power.on"]);
  const dpu = world.fleet.nodes.find(({ name }) => name === "dpu");
  expect((await world.plan()).records.get(dpu?.uuid ?? "")?.applied["power"]).toBe("on");
});

test("an engine that is killed while a child goes off for its parent leaves it to come on by its own word", async () => {
  for (let moment = 20; moment < 50; moment += 1) {
    const { world, wire } = await aWorld({
      dpu: { is: "on", spec: REPORTED },
      srv: { is: "on", spec: { requests: [SERVICE] } },
    });
    await world.apply({ mishap: { moment, what: "kill" } });
    for (let round = 0; round < 3; round += 1) await world.apply();
    expect(wire.at(-1), `killed at ${moment}`).toBe("dpu power.on");
  }
}, 60_000);

test("another machine at the parent's place, of which no plan was made, is no parent that is on", async () => {
  const { world, wire } = await aWorld({
    dpu: { is: "off", spec: child({ power: "on" }) },
    srv: { is: "on" },
    other: { is: "on" },
  });
  const select = new Set(["dpu"]);
  const late = await world.apply({ select, meanwhile: () => world.hall.swap("srv", "other") });
  expect(wire).toEqual([]);
  expect(messageOf(late, "dpu")).toBe(
    "another machine answers as its parent srv (serial other instead of srv); nothing was sent; plan again",
  );
  // It is there when the plan is made.
  const { plan } = await world.apply({ select });
  expect(plan?.nodes[0]?.blockedBy).toMatchObject([
    {
      code: "IW-P32",
      message: "whether its parent srv is on is not known: another machine answers there",
    },
  ]);
  expect(wire).toEqual([]);
});

test("another machine at a child's place is no child that is off", async () => {
  const { world, wire } = await aWorld({
    dpu: { is: "off", spec: child() },
    srv: { is: "on", spec: { power: "off" } },
    other: { is: "off" },
  });
  const select = new Set(["srv"]);
  const late = await world.apply({ select, meanwhile: () => world.hall.swap("dpu", "other") });
  expect(messageOf(late, "srv")).toBe(
    "another machine answers as its child dpu (serial other instead of dpu); nothing was sent; plan again",
  );
  const { plan } = await world.apply({ select });
  expect(plan?.nodes[0]?.blockedBy[0]?.message).toBe(
    "dpu draws its power from it, and whether dpu is on is not known: another machine answers there",
  );
  expect(wire).toEqual([]);
});

test("a card that comes on with its host goes off with it again, as long as the list that brought it up is open", async () => {
  const { world, wire } = await aWorld({
    dpu: { is: "on", spec: child({ power: "on" }) },
    srv: { is: "on", spec: { requests: [SERVICE] } },
  });
  world.watch = (act) => {
    wire.push(`${act.node.name} ${act.action.verb}`);
    feed(world, act, new Set(["dpu"]));
  };
  const { plan, ...applied } = await world.apply();
  expect(plan?.nodes.find(({ node }) => node === "srv")?.notes).toEqual([
    "should dpu come on by itself with it before its list is done, the power is cut again, unasked",
  ]);
  expect(statuses({ plan, ...applied })).toEqual({ dpu: "applied", srv: "applied" });
  expect(wire.filter((act) => act.includes("power"))).toEqual([
    "dpu power.softOff",
    "srv power.softOff",
    "srv power.on",
    "srv power.softOff",
    "srv power.on",
  ]);
  wire.length = 0;
  // The next list asks anew.
  await world.pass(60_000);
  world.fleet = fleetOf({
    dpu: { is: "on", spec: child({ power: "on" }) },
    srv: { is: "on", spec: { requests: [{ ...SERVICE, id: "again" }] } },
  });
  await world.apply();
  expect(wire[0]).toBe("dpu power.softOff");
});

test("a child that comes on while its parent's act waits for its turn is found in that turn", async () => {
  const members: Members = {
    dpu: { is: "off", spec: child() },
    srv: { is: "on", spec: { power: "off" } },
  };
  let found = 0;
  for (let moment = 1; moment < 40; moment += 1) {
    const { world } = await aWorld(members);
    const broken: string[] = [];
    world.watch = ({ node }) => {
      if (node.name === "srv" && powerOf(world, "dpu") !== "off")
        broken.push(`pressed at ${moment}`);
    };
    // What comes in the middle of a request nobody can know.
    const what = (): void => (world.hall.busy.has("srv") ? undefined : press(world, "dpu"));
    const applied = await world.apply({ mishap: { moment, what } });
    expect(broken).toEqual([]);
    found += messageOf(applied, "srv")?.includes("draws its power from it") === true ? 1 : 0;
  }
  expect(found).toBeGreaterThan(3);
});

test("no child is powered on while an engine may be powering its parent off, nor the other way round", async () => {
  const killedIn = async (failures: readonly string[], members: Members, first: string) => {
    for (let moment = 1; ; moment += 1) {
      const { world, wire } = await aWorld({
        ...members,
        [first]: { ...members[first], is: members[first]?.is ?? "on", failures },
      });
      const { killed } = await world.apply({
        select: new Set([first]),
        mishap: { moment, what: "kill" },
      });
      expect(killed).toBe(true);
      // It was sent, and whether it takes effect nobody has seen yet.
      if (wire.length > 0) return { world, wire };
    }
  };
  const down: Members = {
    dpu: { is: "off", spec: child({ power: "on" }) },
    srv: { is: "on", spec: { power: "off" } },
  };
  const off = await killedIn(["power.softOff:ignored:once"], down, "srv");
  const dpu = await off.world.apply({ select: new Set(["dpu"]) });
  expect(messageOf(dpu, "dpu")).toBe(
    "its parent srv may be about to go off (power.softOff, begun and not seen to its end); nothing was sent; plan again",
  );
  const up = await killedIn(["power.on:ignored:once"], down, "dpu");
  const srv = await up.world.apply({ select: new Set(["srv"]) });
  expect(messageOf(srv, "srv")).toBe(
    "its child dpu may be about to come on (power.on, begun and not seen to its end); nothing was sent; plan again",
  );
});

test("no child goes off for a parent that can't go on: another machine answers, or its turn in the budget has not come", async () => {
  const members: Members = {
    dpu: { is: "on", spec: child() },
    srv: { is: "on", spec: { power: "off" } },
    other: { is: "on" },
  };
  const swapped = await aWorld(members);
  const { hall } = swapped.world;
  const strange = await swapped.world.apply({ meanwhile: () => hall.swap("srv", "other") });
  expect(swapped.wire).toEqual([]);
  expect(statuses(strange)).toEqual({ srv: "skipped", dpu: "skipped" });
  expect(messageOf(strange, "dpu")).toMatch(
    /^it goes off for srv alone, which did not ask for it: it moved since it was planned: another machine answers/,
  );
  // Two in one rack: the second family begins when the first is done, with one worker or many.
  for (const concurrency of [1, 64]) {
    const { world, wire } = await aWorld({
      a: { is: "on", rack: "r1", spec: { parent: "r" } },
      b: { is: "on", rack: "r1", spec: { parent: "s" } },
      r: { is: "on", rack: "r1", spec: { power: "off" } },
      s: { is: "on", rack: "r1", spec: { power: "off" } },
    });
    await world.apply({ concurrency });
    expect(wire).toEqual([
      "a power.softOff",
      "r power.softOff",
      "b power.softOff",
      "s power.softOff",
    ]);
  }
});
