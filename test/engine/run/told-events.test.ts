import { expect, test } from "vitest";
import type { EngineEvent } from "../../../schemas/event.ts";
import { aWorld, child, type Members, SERVICE } from "../../support/family-world.ts";
import type { Asked, LifeWorld } from "../simulation/life-world.ts";

/** What one apply tells. */
async function told(world: LifeWorld, asked: Asked = {}): Promise<readonly EngineEvent[]> {
  const events: EngineEvent[] = [];
  world.hear = (event) => events.push(event);
  await world.apply(asked);
  return events;
}

/** Each event of a node says under which commit, by which engine, under which lease and in which step it came. */
function expectWhole(world: LifeWorld, events: readonly EngineEvent[]): void {
  const fences = new Map<string, number>();
  const steps = new Map<string, string>();
  for (const one of events) {
    expect(one, one.event).toMatchObject({ commit: world.fleet.commit.id, instance: "e" });
    if (one.node === null) {
      expect(one.event).toMatch(/^apply\.(start|summary)$/);
      continue;
    }
    if (one.event === "lease.taken") fences.set(one.node, one.fence ?? 0);
    // A node whose lease is not ours is skipped without one.
    const fence = fences.get(one.node) ?? null;
    expect([one.event, one.fence]).toEqual([one.event, fence]);
    if (fence === null) expect(one.event).toBe("node.skipped");
    if (one.event.startsWith("step.")) {
      expect([one.event, one.step]).toEqual([one.event, expect.any(String)]);
      steps.set(one.node, one.step ?? "");
    }
    if (/^(node\.(failed|waiting)|lease\.lost)$/.test(one.event) && steps.has(one.node))
      expect([one.event, one.step]).toEqual([one.event, expect.any(String)]);
  }
}

const FAMILY: Members = {
  dpu: { is: "on", spec: child({ power: "on", drift: { power: "report" } }) },
  srv: { is: "on", spec: { requests: [SERVICE] } },
  alone: { is: "off", spec: { power: "on" } },
};

test("every event of a run that is well tells all that is known", async () => {
  const { world } = await aWorld(FAMILY);
  const events = await told(world);
  expectWhole(world, events);
  const seen = new Set(events.map(({ event }) => event));
  for (const event of ["lease.taken", "node.start", "step.intent", "step.sent", "step.done"])
    expect([event, seen.has(event as EngineEvent["event"])]).toEqual([event, true]);
});

test("so does one in which acts fail, and one that goes on after the engine was killed", async () => {
  const { world } = await aWorld({
    ...FAMILY,
    alone: { is: "off", spec: { power: "on" }, failures: ["power.on"] },
  });
  const mishap = { moment: 66, what: "kill" } as const;
  const first = await told(world, { mishap });
  expectWhole(world, first);
  const events = await told(world);
  expectWhole(world, events);
  const ended = [...first, ...events].filter(({ event }) => event === "node.failed");
  expect(ended.map(({ node, step }) => [node, step])).toEqual([
    ["alone", "1"],
    ["alone", "1"],
  ]);
  expect(events.map(({ event }) => event)).toContain("step.resumed");
});
