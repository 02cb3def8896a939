import type { StepRun } from "../../schemas/action.ts";
import { type Failure, failure } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { InterfaceName, StepOffer } from "../../schemas/steps.ts";
import { agentStepNamed } from "./fake-agent.ts";
import { failureOn, usedUp } from "./fake-failures.ts";
import { agentRuns, type FakeScene, settled } from "./fake-life.ts";
import type { FakeMachine, FakeWork } from "./fake-machine.ts";
import { fakeOffer } from "./fake-offer.ts";

/** What the machine calls itself in its sentences. */
export function thingOf(node: FleetNode): string {
  return `BMC of node "${node.name}" (fake)`;
}

/**
 * True when it was asked for this very run before and does it or has done it: it is answered as taken, and not
 * done twice. A run that has failed, or was forgotten with its ramdisk, is done again.
 */
export function isKnownRun({ work }: FakeMachine, { id }: StepRun): boolean {
  return work !== null && work.id === id && work.state !== "failed";
}

/** Why the machine refuses a step; null when it takes it. */
export function stepRefusal(
  machine: FakeMachine,
  act: StepRun,
  { node, now }: FakeScene,
): Failure | null {
  const what = `${thingOf(node)} refused ${act.interface}.${act.step}`;
  const offer = offerOf(act, node) ?? ofAgent(machine, act, { node, now });
  if (offer === undefined) {
    const chosen = implementationOf(act.interface, node) ?? "(none)";
    const fact = `${what}: its ${act.interface} interface, ${chosen}, has no such step`;
    return failure("stalled", "IW-B18", `${fact}; name one that it offers`);
  }
  if (offer.requiresRamdisk && !act.inBand) {
    const fact = `${what}: only the ramdisk's agent can do it`;
    return failure("stalled", "IW-B10", `${fact}; ask for it in band`);
  }
  if (act.inBand && !agentRuns(machine, now)) {
    const fact = `${what}: no ramdisk's agent runs`;
    return failure("conflict", "IW-B10", `${fact}; boot.ramdisk and power.on come first`);
  }
  if (machine.work?.state === "running") {
    const fact = `${what}: ${machine.work.step} (${machine.work.id}) is running`;
    return failure("transient", "IW-B08", `${fact}; one step runs at a time, wait for its end`);
  }
  return argumentRefusal(act, offer, what) ?? diskRefusal(machine, act, { offer, what });
}

/** What must be known of a step to do it, or to refuse it. */
interface Known {
  readonly requiresRamdisk: boolean;
  readonly erases: FakeWork["erases"];
  readonly args: Readonly<Record<string, { readonly required?: boolean | undefined }>>;
}

/** A step that only the agent knows, while it runs. */
function ofAgent(machine: FakeMachine, act: StepRun, { node, now }: FakeScene): Known | undefined {
  const named = agentRuns(machine, now) ? agentStepNamed(machine, node, act) : undefined;
  if (named === undefined) return undefined;
  return { requiresRamdisk: true, erases: named.erases ?? null, args: named.args ?? {} };
}

/** Begins a step; at once, when it takes no time, it is at its end. */
export function begun(machine: FakeMachine, act: StepRun, scene: FakeScene): FakeMachine {
  const { node, now } = scene;
  const step = `${act.interface}.${act.step}`;
  const entry = failureOn(machine, node, [`step:${step}`]);
  const failing = entry?.how === "failed" ? entry : undefined;
  const { duration } = act.args;
  const takesMs = typeof duration === "number" ? duration * 1000 : (node.spec.fake?.stepMs ?? 0);
  const work: FakeWork = {
    id: act.id,
    step,
    inBand: act.inBand,
    args:
      step === "deploy.write_image" ? { ...act.args, image: imageOf(act, node) } : { ...act.args },
    disks: [...(act.disks ?? [])],
    erases:
      offerOf(act, node) === undefined
        ? (agentStepNamed(machine, node, act)?.erases ?? null)
        : null,
    state: "running",
    message: failing === undefined ? askedToFail(act) : `${step} failed: its fake.failures says so`,
    until: now + takesMs,
  };
  return settled({ ...usedUp(machine, failing), work }, scene);
}

function askedToFail({ interface: where, step, args }: StepRun): string | null {
  if (where !== "vendor" || step !== "fail") return null;
  return typeof args["message"] === "string" ? args["message"] : "vendor.fail was asked for";
}

/** Interface, implementation and step -> what the fake type offers. */
const OFFERS: ReadonlyMap<string, StepOffer> = new Map(
  fakeOffer.interfaces.flatMap((one) =>
    one.steps.map((step) => [`${one.interface}/${one.implementation}/${step.step}`, step] as const),
  ),
);

/** The first implementation of each interface: what a node has that names none. */
const DEFAULTS: ReadonlyMap<string, string> = new Map(
  fakeOffer.interfaces.toReversed().map((one) => [one.interface, one.implementation] as const),
);

function implementationOf(where: InterfaceName, node: FleetNode): string | undefined {
  return node.spec.interfaces?.[where] ?? DEFAULTS.get(where);
}

function offerOf({ interface: where, step }: StepRun, node: FleetNode): StepOffer | undefined {
  return OFFERS.get(`${where}/${implementationOf(where, node)}/${step}`);
}

function argumentRefusal(act: StepRun, { args }: Known, what: string): Failure | null {
  const missing = Object.keys(args).find(
    (name) => args[name]?.required === true && act.args[name] === undefined,
  );
  if (missing === undefined) return null;
  return failure("stalled", "IW-B10", `${what}: the argument ${missing} is missing; give it`);
}

function diskRefusal(
  { disks }: FakeMachine,
  act: StepRun,
  { offer, what }: { readonly offer: Known; readonly what: string },
): Failure | null {
  if (offer.erases === null) return null;
  if (act.disks === null || (offer.erases === "root" && act.disks.length !== 1)) {
    const wanted = offer.erases === "root" ? "one disk" : "disks";
    const fact = `${what}: it was not told which ${wanted} to touch`;
    return failure("stalled", "IW-B10", `${fact}; name ${wanted} by serial`);
  }
  const strange = act.disks.find((serial) => !disks.some((disk) => disk.serial === serial));
  if (strange === undefined) return null;
  const list = disks.map(({ serial }) => serial).join(", ") || "none";
  const fact = `${what}: there is no disk with the serial ${strange} (there are: ${list})`;
  return failure("conflict", "IW-B10", `${fact}; inspect the node and plan again`);
}

/** The image's name: as the step says, else as the node is declared. */
function imageOf({ args: { image } }: StepRun, node: FleetNode): string {
  if (typeof image === "string") return image;
  const named: unknown = image ?? node.spec.provision?.image;
  if (typeof named !== "object" || named === null) return "image";
  const { name, url }: { name?: unknown; url?: unknown } = named;
  if (typeof name === "string") return name;
  return typeof url === "string" ? url : "image";
}
