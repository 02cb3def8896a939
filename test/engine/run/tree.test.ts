import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  aWorld,
  child,
  feed,
  fleetOf,
  type Member,
  type Members,
  messageOf,
  powerOf,
  press,
  SERVICE,
  statuses,
} from "../../support/family-world.ts";
import type { LifeWorld } from "../simulation/life-world.ts";
import type { SeenAct } from "../simulation/machine-hall.ts";

test.each([1, 2, 64])("with %i workers a parent is on before its children", async (concurrency) => {
  const { world, wire } = await aWorld({
    a: { is: "off", spec: child({ power: "on" }) },
    b: { is: "off", spec: child({ power: "on" }) },
    srv: { is: "off" },
  });
  const applied = await world.apply({ concurrency });
  expect(wire[0]).toBe("srv power.on");
  expect([...wire].sort()).toEqual(["a power.on", "b power.on", "srv power.on"]);
  expect(statuses(applied)).toEqual({ a: "applied", b: "applied", srv: "applied" });
});

test.each([1, 2, 64])(
  "with %i workers children are off before their parent",
  async (concurrency) => {
    const { world, wire } = await aWorld({
      a: { is: "on", spec: child() },
      srv: { is: "on", spec: { power: "off" } },
      z: { is: "on", spec: child() },
    });
    await world.apply({ concurrency });
    expect(wire[2]).toBe("srv power.softOff");
    expect([...wire].sort()).toEqual(["a power.softOff", "srv power.softOff", "z power.softOff"]);
  },
);

test("a child is off while a list of its parent's runs, and comes on by its own word in the next plan", async () => {
  const { world, wire } = await aWorld({
    dpu: { is: "on", spec: child({ power: "on", drift: { power: "report" } }) },
    srv: { is: "on", spec: { requests: [SERVICE] } },
  });
  await world.apply({ concurrency: 1 });
  expect(wire.filter((act) => act.includes("power"))).toEqual([
    "dpu power.softOff",
    "srv power.softOff",
    "srv power.on",
    "srv power.softOff",
    "srv power.on",
  ]);
  wire.length = 0;
  await world.apply();
  expect(wire).toEqual(["dpu power.on"]);
  expect((await world.plan()).planned.plan.nodes.every(({ inSync }) => inSync)).toBe(true);
});

test("where the parent's step fails its child is skipped, and is told what failed", async () => {
  const { world, wire } = await aWorld({
    dpu: { is: "off", spec: child({ power: "on" }) },
    srv: { is: "off", failures: ["power.on:refused"] },
  });
  const applied = await world.apply();
  expect(statuses(applied)).toEqual({ srv: "failed", dpu: "skipped" });
  expect(messageOf(applied, "dpu")).toContain(
    "srv comes first, for dpu draws its power from it, and was not done: ",
  );
  expect(wire).toEqual([]);
});

test("where a child can't be powered off its parent stays on", async () => {
  const { world, wire } = await aWorld({
    dpu: { is: "on", spec: child(), failures: ["power.softOff:refused", "power.off:refused"] },
    srv: { is: "on", spec: { power: "off" } },
  });
  const applied = await world.apply();
  expect(statuses(applied)).toEqual({ dpu: "failed", srv: "skipped" });
  expect(wire).toEqual([]);
});

test("a parent that moved since it was planned is skipped as stale, and its child with it", async () => {
  const { world, wire } = await aWorld({
    dpu: { is: "off", spec: child({ power: "on" }) },
    srv: { is: "off" },
    other: { is: "off" },
  });
  const applied = await world.apply({ meanwhile: () => world.hall.swap("srv", "other") });
  expect(statuses(applied)).toMatchObject({ srv: "skipped", dpu: "skipped" });
  expect(messageOf(applied, "dpu")).toContain("srv comes first");
  expect(messageOf(applied, "dpu")).toContain("moved since it was planned");
  expect(wire).toEqual([]);
});

test("somebody switches the other one after the plan: the last look before the act finds it", async () => {
  const up = await aWorld({
    dpu: { is: "off", spec: child({ power: "on" }) },
    srv: { is: "on" },
  });
  const lost = await up.world.apply({ meanwhile: () => press(up.world, "srv") });
  expect(up.wire).toEqual([]);
  expect(messageOf(lost, "dpu")).toMatch(
    /^its parent srv is (off|powering-off); nothing was sent; plan again$/,
  );
  const down = await aWorld({
    dpu: { is: "off", spec: child() },
    srv: { is: "on", spec: { power: "off" } },
  });
  const kept = await down.world.apply({ meanwhile: () => press(down.world, "dpu") });
  expect(down.wire).toEqual([]);
  expect(messageOf(kept, "srv")).toMatch(
    /^dpu draws its power from it, and is (on|powering-on); nothing was sent; plan again$/,
  );
  // The next plan knows, and powers it off first.
  await down.world.pass(60_000);
  await down.world.apply();
  expect(down.wire).toEqual(["dpu power.softOff", "srv power.softOff"]);
});

const powers = fc.constantFrom("on" as const, "off" as const);
const words = fc.constantFrom("on" as const, "off" as const, "unmanaged" as const);
const FAILURES = [
  "power.on:refused:once",
  "power.softOff:ignored:once",
  "power.on:lost:once",
  "power.off:unsent:once",
];

/** One node of a drawn forest: whose child it is by its number, what it is and what it is to be. */
const drawn = fc.record({
  parent: fc.option(fc.nat(2), { nil: null, freq: 4 }),
  dedicated: fc.boolean(),
  /** It comes on by itself with its host. */
  comesAlong: fc.boolean(),
  is: powers,
  power: fc.array(words, { minLength: 2, maxLength: 2 }),
  services: fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
  failure: fc.option(fc.constantFrom(...FAILURES), { nil: null, freq: 3 }),
});
const forests = fc.record({
  roots: fc.array(drawn, { minLength: 1, maxLength: 3 }),
  leaves: fc.array(drawn, { minLength: 1, maxLength: 5 }),
  concurrency: fc.constantFrom(1, 2, 64),
  kill: fc.option(fc.integer({ min: 1, max: 60 }), { nil: null }),
  /** The root whose machine is another one after each commit's first plan, until that was applied. */
  stranger: fc.option(fc.nat(2), { nil: null }),
});
type Forest = typeof forests extends fc.Arbitrary<infer T> ? T : never;

/** The forest as one of two commits has it; what contradicts itself is declared unmanaged. */
function membersAt({ roots, leaves }: Forest, commit: 0 | 1): Members {
  const nodes: Record<string, Member> = { spare: { is: "on" } };
  const put = (name: string, one: Forest["roots"][number], parent: string | null): void => {
    const dedicated = parent !== null && one.dedicated;
    const above = parent === null ? undefined : nodes[parent]?.spec?.power;
    const said = one.power[commit] ?? "unmanaged";
    const power = said === "on" && above === "off" && !dedicated ? "unmanaged" : said;
    const requests = one.services[commit] === true ? [{ ...SERVICE, id: `s${commit}` }] : [];
    nodes[name] = {
      is: one.is,
      failures: one.failure === null ? [] : [one.failure],
      spec: {
        power,
        requests,
        ...(parent === null ? {} : { parent }),
        ...(dedicated ? { dedicatedPower: true } : {}),
      },
    };
  };
  for (const [index, root] of roots.entries()) put(`r${index}`, root, null);
  for (const [index, leaf] of leaves.entries())
    put(`c${index}`, leaf, leaf.parent === null ? null : `r${leaf.parent % roots.length}`);
  return nodes;
}

/** Cards that come on by themselves. */
function cardsOf({ leaves }: Forest): ReadonlySet<string> {
  return new Set(
    leaves.flatMap(({ comesAlong, dedicated, parent }, index) =>
      comesAlong && !dedicated && parent !== null ? [`c${index}`] : [],
    ),
  );
}

/** What the tree forbids of an act, judged by the machines themselves; null where it may be. */
function broken(
  world: LifeWorld,
  { node, action }: SeenAct,
  cameAlong: ReadonlySet<string>,
): string | null {
  const fed = world.fleet.nodes.filter(({ spec }) => spec.dedicatedPower !== true);
  const isItself = (name: string): boolean => world.hall.at(name).serial === name;
  const { parent, power, requests } = fed.find(({ name }) => name === node.name)?.spec ?? {};
  if (action.verb === "power.on") {
    const mayBe = parent === undefined || (powerOf(world, parent) === "on" && isItself(parent));
    return mayBe ? null : `${node.name} on, ${parent} not`;
  }
  if (!action.verb.startsWith("power.")) return null;
  const isOwn = power === "off" || requests?.length !== 0 || cameAlong.has(node.name);
  if (parent !== undefined && !isOwn && !isItself(parent))
    return `${node.name} off for ${parent}, which is another machine`;
  const lit = fed.filter(
    ({ spec, name }) =>
      spec.parent === node.name && powerOf(world, name) !== "off" && !cameAlong.has(name),
  );
  return lit.length === 0 ? null : `${node.name} off, ${lit.map(({ name }) => name).join()} on`;
}

test("law: no child without a supply of its own is ever powered on while its parent is off, nor left on under it", async () => {
  await fc.assert(
    fc.asyncProperty(forests, async (forest) => {
      const { world, wire } = await aWorld(membersAt(forest, 0));
      const found: string[] = [];
      const cards = cardsOf(forest);
      /** Cards that came on with their host in this apply: whoever brought them up takes them down. */
      const cameAlong = new Set<string>();
      world.watch = (act) => {
        wire.push(`${act.node.name} ${act.action.verb}`);
        const why = broken(world, act, cameAlong);
        if (why !== null) found.push(`${why}: ${wire.join("; ")}`);
        cameAlong.delete(act.node.name);
        for (const card of feed(world, act, cards)) cameAlong.add(card);
      };
      const { concurrency, kill, stranger, roots } = forest;
      const root = stranger === null ? null : `r${stranger % roots.length}`;
      const swap = (): void => (root === null ? undefined : world.hall.swap(root, "spare"));
      for (const commit of [0, 1] as const) {
        world.fleet = fleetOf(membersAt(forest, commit));
        const mishap = kill === null ? null : ({ moment: kill, what: "kill" } as const);
        let swapped = false;
        const meanwhile = (): void => {
          swapped = true;
          swap();
        };
        cameAlong.clear();
        await world.apply({ concurrency, mishap, meanwhile });
        if (swapped) swap();
        // It always ends, whoever waits for whom, and goes on where a crash left it.
        for (let round = 0; round < 5; round += 1) {
          cameAlong.clear();
          await world.apply({ concurrency });
        }
      }
      expect(found).toEqual([]);
      // Nobody powers off what another plan powers on, for ever: what is left to do waits for a person.
      const { plan } = (await world.plan()).planned;
      expect(plan.nodes.filter(({ steps }) => steps.length > 0)).toEqual([]);
      expect(world.laws.broken).toEqual([]);
    }),
    { numRuns: 40, seed: 20261126 },
  );
}, 240_000);
