import type { FleetNode } from "../../../schemas/fleet.ts";
import { nearest } from "../../../schemas/nearest.ts";
import {
  type Catalog,
  type HardwareOffer,
  type InterfaceName,
  type InterfaceOffer,
  INTERFACES,
  type NamedStep,
  type StepFlow,
  type StepOffer,
} from "../../../schemas/steps.ts";
import type { RamdiskSteps } from "../../../schemas/record.ts";
import { canonicalJson } from "../canonical-json.ts";
import { RESERVED_OFFERS, reservedStep } from "./reserved-steps.ts";
import { nameOf } from "./step-list.ts";

/** What a node's hardware type and its own `interfaces` come to. */
export interface Offers {
  readonly hardwareType: string;
  /** False for a hardware type that the Catalog does not know: of its steps nothing can be said. */
  readonly isKnown: boolean;
  /** The implementation of each interface that the node composes. */
  readonly interfaces: ReadonlyMap<InterfaceName, InterfaceOffer>;
  /** Steps of the implementations that are built. */
  readonly steps: readonly StepOffer[];
  /** Interfaces of which the ramdisk's agent may name more steps. */
  readonly namedByRamdisk: readonly InterfaceName[];
  /** When the agent was last asked for its steps, milliseconds since the epoch; null: nobody knows them yet. */
  readonly learntAt: number | null;
  /** What a flow may run of them, the reserved ones last. */
  readonly byFlow: Readonly<Record<StepFlow, readonly StepOffer[]>>;
  /** Pointers below `spec` and what is wrong there; such an interface is not composed at all. */
  readonly problems: readonly { readonly pointer: string; readonly message: string }[];
}

/** Compositions that were made before: a fleet has few, and every node asks for one. */
const COMPOSED = new WeakMap<Catalog, Map<string, Offers>>();

/** Composes a node: what `spec.interfaces` names, else the first that the hardware type lists (ironic-facts 7.2). */
export function offersOf(node: Pick<FleetNode, "spec">, catalog: Catalog): Offers {
  const { driver = "", interfaces } = node.spec;
  // Most nodes name none of them.
  const key = interfaces === undefined ? driver : canonicalJson([driver, interfaces]);
  const known = COMPOSED.get(catalog)?.get(key);
  if (known !== undefined) return known;
  const offers = compose(driver, interfaces ?? {}, catalog);
  const all = COMPOSED.get(catalog) ?? new Map<string, Offers>();
  COMPOSED.set(catalog, all.set(key, offers));
  return offers;
}

/** The node's offers with what its ramdisk has named; a step that is known without it stays what it is. */
export function withLearnt(offers: Offers, learnt: RamdiskSteps | null): Offers {
  const { namedByRamdisk } = offers;
  if (learnt === null || namedByRamdisk.length === 0) return offers;
  const added = learnt.steps.filter(
    (one) =>
      namedByRamdisk.includes(one.interface) &&
      !offers.steps.some((known) => nameOf(known) === nameOf(one)),
  );
  const steps = [...offers.steps, ...added];
  return { ...offers, learntAt: learnt.at, steps, byFlow: byFlowOf(steps) };
}

function byFlowOf(steps: readonly StepOffer[]): Offers["byFlow"] {
  const all = [...steps, ...Object.values(RESERVED_OFFERS)];
  const inFlow = (flow: StepFlow): readonly StepOffer[] =>
    all.filter(({ priority }) => priority[flow] !== undefined);
  return {
    verify: inFlow("verify"),
    deploy: inFlow("deploy"),
    clean: inFlow("clean"),
    service: inFlow("service"),
  };
}

function compose(
  hardwareType: string,
  named: Readonly<Record<string, string>>,
  catalog: Catalog,
): Offers {
  const hardware = Object.hasOwn(catalog, hardwareType) ? catalog[hardwareType] : undefined;
  const interfaces = new Map<InterfaceName, InterfaceOffer>();
  const problems: { readonly pointer: string; readonly message: string }[] = [];
  for (const name of INTERFACES) {
    const offered = (hardware?.interfaces ?? []).filter((one) => one.interface === name);
    const wanted = named[name];
    const chosen =
      wanted === undefined
        ? offered[0]
        : offered.find(({ implementation }) => implementation === wanted);
    if (chosen !== undefined) interfaces.set(name, chosen);
    else if (wanted !== undefined && hardware !== undefined)
      problems.push({
        pointer: `/interfaces/${name}`,
        message: unknownImplementation(hardware, name, wanted),
      });
  }
  for (const name of Object.keys(named))
    if (!INTERFACES.some((one) => one === name))
      problems.push({ pointer: `/interfaces/${name}`, message: unknownInterface(name) });
  const steps = [...interfaces.values()].flatMap((one) => (one.built ? one.steps : []));
  const boots = interfaces.get("boot")?.built === true;
  const namedByRamdisk = [...interfaces.values()]
    .filter((one) => boots && one.built && one.ramdiskSteps === true)
    .map((one) => one.interface);
  return {
    hardwareType,
    isKnown: hardware !== undefined,
    interfaces,
    steps,
    namedByRamdisk,
    learntAt: null,
    byFlow: byFlowOf(steps),
    problems,
  };
}

/** The offer behind a name; null when no interface of the node offers it in that flow. */
export function offerOf(
  offers: Offers,
  flow: StepFlow,
  named: Pick<NamedStep, "interface" | "step">,
): StepOffer | null {
  const reserved = reservedStep(named);
  const offer =
    reserved === null
      ? offers.steps.find((one) => one.interface === named.interface && one.step === named.step)
      : RESERVED_OFFERS[reserved];
  return offer?.priority[flow] === undefined ? null : offer;
}

/** True when this version can boot the ramdisk on the node: its boot interface is built, and not switched off. */
export function hasRamdisk(offers: Offers): boolean {
  const boot = offers.interfaces.get("boot");
  return boot?.built === true && boot.implementation !== "no-boot";
}

function unknownImplementation(
  { hardwareType, interfaces }: HardwareOffer,
  name: InterfaceName,
  wanted: string,
): string {
  const words = interfaces
    .filter((one) => one.interface === name)
    .map(({ implementation }) => implementation);
  if (words.length === 0) return `${hardwareType} has no ${name} interface; take it out`;
  const near = nearest(wanted, words);
  const wayOut = near === null ? `there are ${words.join(", ")}` : `did you mean ${near}?`;
  return `${hardwareType} has no ${name} interface "${wanted}"; ${wayOut}`;
}

function unknownInterface(name: string): string {
  const near = nearest(name, INTERFACES);
  const wayOut = near === null ? `there are ${INTERFACES.join(", ")}` : `did you mean ${near}?`;
  return `there is no interface ${name}; ${wayOut}`;
}
