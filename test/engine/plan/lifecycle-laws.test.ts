import * as fc from "fast-check";
import { expect, test } from "vitest";
import { kindOf, MOVES, type Move, TRANSITIONS } from "../../../engine/plan/machine.ts";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import type { NodeRequest, NodeSpec } from "../../../schemas/documents.ts";
import type { NodePlan, Plan } from "../../../schemas/plan.ts";
import { PROVISION_STATES, type ProvisionState } from "../../../schemas/provision-state.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import {
  aFleet,
  aNode,
  anInput,
  aRecord,
  aWorkload,
  byUuid,
  inForce,
  options,
  seen,
} from "../../support/a-fleet.ts";
import { anOffer } from "../../support/a-catalog.ts";
import { IMAGE, soon as SOON } from "../../support/plan-one.ts";

const DISKS = [
  { name: "a", serial: "D1", sizeBytes: 480e9, rotational: false },
  { name: "b", serial: "D2", sizeBytes: 4e12, rotational: true },
];
const AT_REST: readonly ProvisionState[] = PROVISION_STATES.filter(
  (state) => kindOf(state) !== "transient",
);

/** Where most nodes are, most of the time. */
const USUAL: readonly ProvisionState[] = ["active", "available", "manageable", "enroll"];

interface World {
  readonly spec: NodeSpec;
  readonly record: Partial<NodeRecord>;
  readonly serial: string;
  readonly claimed: boolean;
}

/** What requests ask for: what everybody has, what a ramdisk may have, and what it erases by. */
const STEPS = [
  [{ interface: "power" as const, step: "reboot" }],
  [{ interface: "power" as const, step: "reboot" }],
  [{ interface: "deploy" as const, step: "zap" }],
  [
    { interface: "deploy" as const, step: "shred" },
    { interface: "deploy" as const, step: "zap" },
  ],
];

const IN_BAND = { requiresRamdisk: true, ramdisk: "named" } as const;
const ZAP = anOffer("deploy.zap", {
  ...IN_BAND,
  impact: "reboot",
  priority: { clean: 50, service: 0 },
});
const SHRED = anOffer("deploy.shred", {
  ...IN_BAND,
  impact: "destructive",
  erases: "full",
  priority: { clean: 60, deploy: 90, service: 0 },
});

/** What the ramdisk named when it was last asked. */
const learnt = fc
  .constantFrom(null, [], [ZAP], [ZAP, SHRED], [SHRED])
  .map((steps) =>
    steps === null ? null : { bootId: "b", version: null, at: 1, steps: [...steps], ignored: [] },
  );

const request: fc.Arbitrary<NodeRequest> = fc
  .constantFrom("undeploy", "rebuild", "inspect", "reboot", "claim", "clean", "service")
  .chain((action) =>
    fc.record({
      id: fc.constantFrom("one", "two"),
      action: fc.constant(action),
      expires: fc.constantFrom(SOON, SOON, SOON, "2026-01-01T00:00:00Z"),
      ...(action === "claim" ? { serial: fc.constantFrom("S-n1", "OTHER") } : {}),
      ...(action === "clean" || action === "service" ? { steps: fc.constantFrom(...STEPS) } : {}),
    }),
  );

/** Once in eight: what forbids everything must not hide what it forbids. */
const rarely = fc.constantFrom(true, false, false, false, false, false, false, false);

const world: fc.Arbitrary<World> = fc
  .record({
    state: fc.constantFrom("enroll", "manageable", "available", "active", "adopted", "rescue"),
    declaresSerial: fc.boolean(),
    protects: rarely,
    automated: fc.constantFrom("metadata", "full", "none"),
    requests: fc.uniqueArray(request, { maxLength: 2, selector: ({ id }) => id }),
    power: fc.constantFrom("on", "off", "unmanaged"),
    at: fc.constantFrom(...AT_REST, ...USUAL, ...USUAL, ...USUAL),
    workload: fc.constantFrom("deployed", "adopted", "none"),
    origin: fc.constantFrom("new", "new", "existing"),
    cleaned: fc.constantFrom("never", "metadata"),
    inspected: fc.constantFrom(true, true, true, false),
    recordProtects: rarely,
    used: rarely,
    serial: fc.constantFrom("S-n1", "S-n1", "S-n1", "S-n1", "OTHER"),
    claimed: fc.boolean(),
    recordClaims: fc.boolean(),
    ramdisk: learnt,
  })
  .map((draw): World => {
    const inService = draw.at === "active" || draw.at === "rescue";
    const workload = inService && draw.workload === "none" ? "deployed" : draw.workload;
    const empty = draw.at === "enroll" || draw.at === "available" || workload === "none";
    return {
      spec: {
        driver: "fake",
        ...(draw.declaresSerial ? { identity: { serial: "S-n1" } } : {}),
        provision: { state: draw.state, image: IMAGE },
        clean: { automated: draw.automated },
        power: draw.power,
        ...(draw.protects ? { protected: true } : {}),
        ...(draw.requests.length === 0 ? {} : { requests: draw.requests }),
      },
      record: {
        provisionState: draw.at,
        origin: draw.origin,
        cleaned: draw.cleaned,
        identity: draw.at === "enroll" ? null : { serial: "S-n1" },
        instance: empty ? null : aWorkload(workload, IMAGE),
        inventory: draw.inspected ? { disks: DISKS } : null,
        protected: draw.recordProtects,
        ramdisk: draw.ramdisk,
        claim: draw.recordClaims ? { serial: "S-n1", by: "ops", at: 1 } : null,
        usedRequests: draw.used
          ? { one: { action: "undeploy", at: 1, commit: null, outcome: "done" } }
          : {},
      },
      serial: draw.serial,
      claimed: draw.claimed,
    };
  });

function planned({ spec, record, serial, claimed }: World): { plan: Plan; node: NodePlan } {
  const fleet = aFleet([aNode("n1", spec, { rack: "r1" })]);
  const observation = seen("n1", { identity: { serial } });
  const input = anInput(fleet, {
    records: byUuid([aRecord("n1", record)]),
    observations: new Map([["n1", observation]]),
    inForce: inForce(fleet),
  });
  const how = options(claimed ? { claims: new Set(["n1"]) } : {});
  const plan = makePlan(input, how);
  const again = makePlan(input, how);
  expect(again.id).toBe(plan.id);
  const [node] = plan.nodes;
  if (node === undefined) throw new Error("not planned");
  return { plan, node };
}

function moves(node: NodePlan): readonly Move[] {
  return node.steps.flatMap(({ action, flow }) => {
    if (flow === undefined) return [];
    const move = MOVES.find((one) => one.verb === action && one.from === flow.from);
    return move === undefined ? [] : [move];
  });
}

test("law: every transition that is planned is in the table, and each begins where the last ended", () => {
  fc.assert(
    fc.property(world, (drawn) => {
      const { node } = planned(drawn);
      let at = node.provisionState;
      for (const { action, flow } of node.steps) {
        if (flow === undefined) continue;
        expect([action, flow.from]).toEqual([action, at]);
        // A reboot is a list that moves no state.
        if (flow.via === null && flow.to === flow.from) continue;
        const first = flow.via ?? flow.to;
        expect(TRANSITIONS.some((edge) => edge.from === at && edge.to === first)).toBe(true);
        at = flow.to;
      }
    }),
    { numRuns: 2000, seed: 7 },
  );
});

function expectPermitted(node: NodePlan, lossy: NodePlan["steps"], drawn: World): void {
  const { spec, record, serial } = drawn;
  expect([spec.protected ?? false, record.protected]).toEqual([false, false]);
  if (record.identity !== null || spec.identity !== undefined) expect(serial).toBe("S-n1");
  const asked = lossy.flatMap(({ request: id }) => id ?? []);
  if (record.instance !== null) expect(asked).toHaveLength(1);
  for (const id of asked) {
    expect(spec.requests?.find((one) => one.id === id)?.expires).toBe(SOON);
    expect(record.usedRequests?.[id]).toBeUndefined();
  }
  expect(isGivenUp(drawn)).toBe(true);
  const named = node.erases.map((erase) => erase.serial);
  for (const disk of disksOf(lossy)) expect(named).toContain(disk);
}

/** By `--claim`, by a request for this machine, by the record, or by being new with its serial in git. */
function isGivenUp({ spec, record, serial, claimed }: World): boolean {
  const byRequest = spec.requests?.some((one) => one.action === "claim" && one.serial === serial);
  const byGit = record.origin === "new" && spec.identity !== undefined;
  return claimed || byRequest === true || record.claim !== null || byGit;
}

/** The disks that the steps may touch. */
function disksOf(steps: NodePlan["steps"]): readonly string[] {
  const acts = steps.flatMap(({ flow }) => flow?.entries ?? []).flatMap((entry) => entry.acts);
  return acts.flatMap(({ act }) => (act.verb === "step.run" ? (act.disks ?? []) : []));
}

test("law: nothing is lost without a word for it", () => {
  let destroyed = 0;
  fc.assert(
    fc.property(world, (drawn) => {
      const { node } = planned(drawn);
      const lossy = node.steps.filter(({ impact }) => impact === "destructive");
      if (lossy.length === 0) return;
      destroyed += 1;
      expectPermitted(node, lossy, drawn);
    }),
    { numRuns: 2000, seed: 11 },
  );
  expect(destroyed).toBeGreaterThan(60);
});

/** What git allows without a request, stated once more: an oracle that shares no code with the planner. */
function free(move: Move, { spec, record }: World): boolean {
  const declared = spec.provision?.state;
  const empty = record.instance === null;
  if (move.verb === "provision.manage") return true;
  if (move.verb === "provision.provide") return empty;
  if (move.verb === "provision.adopt") return declared === "adopted";
  if (move.verb === "provision.deploy") return declared === "active" && empty;
  if (move.verb === "provision.rescue") return declared === "rescue" && !empty;
  if (move.verb === "provision.unrescue") return declared !== "rescue" && !empty;
  if (move.verb === "provision.abort") return move.to !== "active" || !empty;
  return false;
}

function impactOf(move: Move, { spec }: World): number {
  const grave: Readonly<Record<string, number>> = {
    "provision.rescue": 2,
    "provision.unrescue": 2,
    "provision.deploy": 3,
    "provision.provide": spec.clean?.automated === "none" ? 0 : 3,
    "provision.abort": move.to === "active" ? 2 : 0,
  };
  return grave[move.verb] ?? 0;
}

/** Tries every way of at most six moves. */
function cheapest(from: ProvisionState, to: ProvisionState, drawn: World, depth = 6): number {
  if (from === to) return 0;
  if (depth === 0) return Infinity;
  let best = Infinity;
  for (const move of MOVES)
    if (move.from === from && free(move, drawn))
      best = Math.min(best, 100 ** impactOf(move, drawn) + cheapest(move.to, to, drawn, depth - 1));
  return best;
}

test("law: the way through the machine is the cheapest by impact", () => {
  let ways = 0;
  fc.assert(
    fc.property(world, (drawn) => {
      const { spec, record } = drawn;
      if (spec.requests !== undefined || record.cleaned === "never") return;
      const { node } = planned(drawn);
      const way = moves(node).filter(({ verb }) => verb !== "provision.inspect");
      if (way.length === 0 || way.at(-1)?.to !== node.targetProvisionState) return;
      ways += 1;
      const cost = way.reduce((sum, move) => sum + 100 ** impactOf(move, drawn), 0);
      expect(cost).toBe(cheapest(node.provisionState, node.targetProvisionState, drawn));
    }),
    { numRuns: 2000, seed: 13 },
  );
  expect(ways).toBeGreaterThan(50);
});

test("law: a node that is not in sync says why, or what will be done", () => {
  fc.assert(
    fc.property(world, (drawn) => {
      const { node } = planned(drawn);
      const said =
        node.steps.length + node.blockedBy.length + Object.keys(node.records ?? {}).length > 0 ||
        node.changes.every(({ noStep }) => noStep !== undefined);
      expect([node.inSync, said]).toEqual([node.inSync, true]);
    }),
    { numRuns: 2000, seed: 17 },
  );
});

test("law: what only a ramdisk knows erases in no plan but by its name and its disks", () => {
  const seenSteps = { unknown: 0, named: 0 };
  fc.assert(
    fc.property(world, (drawn) => {
      const { node } = planned(drawn);
      const gates = node.gates.filter(({ learns }) => learns === "steps");
      const serials = node.erases.map(({ serial }) => serial);
      for (const { flow, impact } of node.steps)
        for (const entry of flow?.entries ?? []) {
          if (entry.ramdisk === undefined) continue;
          const disks = entry.acts.flatMap(({ act }) =>
            act.verb === "step.run" ? [act.disks] : [],
          );
          if (entry.ramdisk === "unknown") {
            seenSteps.unknown += 1;
            expect([entry.impact, entry.erases, disks]).toEqual(["reboot", undefined, [null]]);
            expect(gates.some(({ allows }) => allows.includes(`deploy.${entry.step}`))).toBe(true);
          } else if (entry.erases !== undefined) {
            seenSteps.named += 1;
            expect(impact).toBe("destructive");
            expect(disks.flat().length).toBeGreaterThan(0);
            for (const disk of disks.flat()) expect(serials).toContain(disk);
          }
        }
    }),
    { numRuns: 2000, seed: 19 },
  );
  expect(seenSteps.unknown).toBeGreaterThan(5);
  expect(seenSteps.named).toBeGreaterThan(20);
});
