import type { FleetNode } from "../../schemas/fleet.ts";
import { failureOn, usedUp } from "./fake-failures.ts";
import type { FakeMachine } from "./fake-machine.ts";
import { finishedWork } from "./fake-work.ts";

/** Where and when something happens to a machine. */
export interface FakeScene {
  readonly node: FleetNode;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The machine as it is now: all that was under way and is due has happened, in its order. */
export function settled(machine: FakeMachine, scene: FakeScene): FakeMachine {
  const { powering, work } = machine;
  const powerAt = powering !== null && powering.at <= scene.now ? powering.at : Infinity;
  const workAt = work?.state === "running" && work.until <= scene.now ? work.until : Infinity;
  if (powering !== null && powerAt < workAt)
    return settled(powered(machine, powering, scene), scene);
  if (workAt < Infinity) return settled(finishedWork(machine), scene);
  return machine;
}

/** Sets power on its way; after `spec.fake.powerMs` it is there. */
export function sendPower(machine: FakeMachine, to: "on" | "off", scene: FakeScene): FakeMachine {
  const at = scene.now + (scene.node.spec.fake?.powerMs ?? 0);
  return settled({ ...machine, powering: { to, at } }, scene);
}

/** True while the ramdisk's agent answers. */
export function agentRuns({ runs, agentAt }: FakeMachine, now: number): boolean {
  return (runs === "ramdisk" || runs === "rescue") && agentAt !== null && agentAt <= now;
}

/** Names a boot of the ramdisk: another one after each. */
export function bootIdOf(machine: FakeMachine, node: FleetNode): string {
  return `${node.name}-ramdisk-${machine.ramdiskBoots}`;
}

function powered(
  machine: FakeMachine,
  { to, at }: NonNullable<FakeMachine["powering"]>,
  { node }: FakeScene,
): FakeMachine {
  if (machine.power === to) return { ...machine, powering: null };
  return to === "on" ? booted(machine, { node, now: at }) : stopped(machine);
}

/** What ran in the ramdisk is forgotten with it; the BMC goes on with what it does itself. */
function stopped(machine: FakeMachine): FakeMachine {
  const work = machine.work?.inBand === true ? null : machine.work;
  return { ...machine, power: "off", powering: null, runs: "nothing", agentAt: null, work };
}

function booted(machine: FakeMachine, { node, now }: FakeScene): FakeMachine {
  const order = machine.bootOnce ? ({ bootDevice: "none", bootOnce: false } as const) : {};
  const on = { ...machine, ...order, power: "on", powering: null } as const;
  if (machine.nextBoot === null) return { ...on, runs: canBoot(machine) ? "instance" : "nothing" };
  const never = failureOn(machine, node, ["agent"]);
  return usedUp(
    {
      ...on,
      nextBoot: null,
      runs: machine.nextBoot === "rescue" ? "rescue" : "ramdisk",
      ramdiskBoots: machine.ramdiskBoots + 1,
      agentAt: never === undefined ? now + (node.spec.fake?.agentMs ?? 0) : null,
    },
    never,
  );
}

function canBoot({ disks }: FakeMachine): boolean {
  return disks.some(({ content }) => content !== "blank" && content !== "metadata");
}
