import { checkFleet } from "../../../inventory/check-fleet.ts";
import { checkRequests } from "../../../inventory/check-requests.ts";
import { checkSteps } from "../../../engine/plan/steps/check-steps.ts";
import { allTurns } from "../../../engine/plan/turns.ts";
import { type NodeSpec, nodeSpecSchema } from "../../../schemas/documents.ts";
import type { Fleet } from "../../../schemas/fleet.ts";
import { aFleet, aNode, sha256 } from "../../support/a-fleet.ts";
import type { Draw } from "./draw.ts";
import { CATALOG } from "./life-world.ts";
import { drawAgentSteps } from "./draw-ramdisk.ts";
import type { Machine } from "./machine-hall.ts";

/** One node as a commit holds it. */
export interface Declared {
  readonly rack: string;
  readonly spec: NodeSpec;
}

/** What git holds at one commit, by node name. */
export type Content = ReadonlyMap<string, Declared>;

const IMAGES = [1, 2, 3].map((number) => ({
  name: `os-${number}`,
  url: `https://images/os-${number}.raw`,
  checksum: `sha256:${number}`,
}));

/** The commit as the planner reads it. */
export function fleetOf(content: Content, number: number): Fleet {
  const nodes = [...content].map(([name, { rack, spec }]) => aNode(name, spec, { rack }));
  const id = sha256(`commit ${number}`).slice(0, 40);
  const commit = { id, subject: `commit ${number}`, author: "ops", time: null, message: null };
  return aFleet(nodes, { commit });
}

/** True where `validate` finds no error: only such commits are put in force. */
export function isValid(fleet: Fleet): boolean {
  const wrong: string[] = [];
  for (const { spec } of fleet.nodes) {
    nodeSpecSchema.parse(spec);
    const { serial, systemUuid } = spec.identity ?? {};
    const isKnown = serial !== undefined || systemUuid !== undefined;
    checkRequests(spec.requests ?? [], { serial, isKnown }, (_at, message) => wrong.push(message));
  }
  const steps = allTurns(checkSteps(fleet, CATALOG)).filter(({ severity }) => severity === "error");
  return (
    wrong.length +
      steps.length +
      checkFleet(fleet.nodes, { runbooks: [], chassis: [], policies: [], allocations: [] })
        .length ===
    0
  );
}

/** A machine with one to three disks, which are somebody's. */
export function drawMachine(draw: Draw, serial: string): Machine {
  const disks = ["A", "B", "C"].slice(0, draw.whole(1, 3)).map((letter, index) => ({
    serial: `${serial}-${letter}`,
    name: `sd${letter.toLowerCase()}`,
    sizeBytes: index === 0 ? 480e9 : 4e12,
  }));
  const times = { agentMs: 60_000, stepMs: draw.one([0, 0, 30_000]), powerMs: draw.one([0, 2000]) };
  const power = draw.one(["on", "off"] as const);
  const agentSteps = drawAgentSteps(draw);
  const made = draw.percent(4) ? [] : disks;
  const fake = { serial, power, disks: made, failures: [], agentSteps, ...times };
  return { serial, fake, text: null, cuts: 0, robbed: false };
}

/** A first declaration of a node at whose place that machine stands. */
export function drawSpec(draw: Draw, machine: Machine): NodeSpec {
  return {
    driver: "fake",
    ...(draw.percent(75) ? { identity: { serial: machine.serial } } : {}),
    provision: drawProvision(draw, machine),
    power: draw.one(["on", "on", "off", "unmanaged"] as const),
    ...(draw.percent(40) ? { clean: drawClean(draw, machine) } : {}),
    ...(draw.percent(15) ? { protected: true } : {}),
    ...(draw.percent(30) ? { boot: { device: "disk" } } : {}),
    ...(draw.percent(40)
      ? { interfaces: { inspect: draw.one(["out-of-band", "no-inspect"]) } }
      : {}),
  };
}

function drawProvision(draw: Draw, { fake }: Machine): NonNullable<NodeSpec["provision"]> {
  const state = draw.weighted({
    active: 40,
    available: 20,
    manageable: 10,
    adopted: 12,
    enroll: 5,
    none: 5,
    rescue: 2,
  });
  const root = fake.disks?.[0]?.serial;
  const named = draw.percent(30) && typeof root === "string";
  return {
    ...(state === "none" ? {} : { state }),
    image: draw.one(IMAGES),
    ...(named ? { rootDevice: { serial: root } } : {}),
  };
}

function drawClean(draw: Draw, { fake }: Machine): NonNullable<NodeSpec["clean"]> {
  const disks = fake.disks ?? [];
  const last = disks.at(-1)?.serial;
  const keeps = draw.percent(35) && disks.length > 1 && typeof last === "string";
  const automated = draw.one(["metadata", "full", "none"] as const);
  return { automated, ...(keeps ? { keep: [{ serial: last }] } : {}) };
}

export function drawImage(draw: Draw): (typeof IMAGES)[number] {
  return draw.one(IMAGES);
}
