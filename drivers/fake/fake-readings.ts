import { INDICATOR_STATES } from "../../schemas/indicators.ts";
import type { ObservedFacet, ObservedFacets } from "../../schemas/observation.ts";
import { FAKE_MAKER, fakeInventory, fakeSerial } from "./fake-inventory.ts";
import { agentStepsOf } from "./fake-agent.ts";
import { agentRuns, bootIdOf, type FakeScene } from "./fake-life.ts";
import type { FakeMachine } from "./fake-machine.ts";
import { vendorReadings } from "./fake-vendor.ts";

/** The value of one facet of a settled machine. */
export function valueOf<F extends ObservedFacet>(
  machine: FakeMachine,
  facet: F,
  scene: FakeScene,
): ObservedFacets[F] {
  return READ[facet](machine, scene);
}

const READ: {
  readonly [F in ObservedFacet]: (machine: FakeMachine, scene: FakeScene) => ObservedFacets[F];
} = {
  identity: (_machine, { node }) => ({
    manufacturer: FAKE_MAKER,
    serial: fakeSerial(node),
  }),
  power: ({ power, powering }) =>
    powering === null || powering.to === power ? power : `powering-${powering.to}`,
  bootDevice: ({ bootDevice, bootOnce }) => ({
    device: bootDevice,
    persistent: bootDevice !== "none" && !bootOnce,
  }),
  bootMode: ({ bootMode }) => bootMode,
  secureBoot: ({ secureBoot }) => ({ enabled: secureBoot, currentBoot: secureBoot }),
  indicators: indicatorsOf,
  bios: ({ bios }) => bios,
  tasks: () => [],
  agent: (machine, { node, now }) =>
    agentRuns(machine, now)
      ? { running: true, bootId: bootIdOf(machine, node) }
      : { running: false, bootId: null },
  agentSteps: (machine, { node }) => ({
    bootId: bootIdOf(machine, node),
    version: node.spec.fake?.agentVersion ?? null,
    steps: agentStepsOf(machine, node),
  }),
  work: ({ work }) =>
    work === null
      ? { id: null, state: "none", message: null }
      : { id: work.id, state: work.state, message: work.state === "failed" ? work.message : null },
  nextBoot: ({ nextBoot }) => nextBoot ?? "instance",
  eventLog: () => [],
  inventory: (_machine, { node }) => fakeInventory(node),
  vendor: vendorReadings,
};

/** Its case, its front, and one light a disk. */
function indicatorsOf({ indicators, disks }: FakeMachine): ObservedFacets["indicators"] {
  const names = ["chassis/1", "system/1", ...disks.map(({ name }) => `disk/${name}`)];
  return Object.fromEntries(
    names.map((name) => [name, { state: indicators[name] ?? "off", states: INDICATOR_STATES }]),
  );
}
