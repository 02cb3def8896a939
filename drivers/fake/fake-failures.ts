import type { DriverAction } from "../../schemas/action.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { SettingsFinding } from "../../schemas/interface-answer.ts";
import { FAKE_OBSERVES, FAKE_PERFORMS, fakeOffer } from "./fake-offer.ts";
import { agentNames } from "./fake-agent.ts";
import type { FakeMachine } from "./fake-machine.ts";

/** What a failure of an act does to it on its way. */
const FAKE_OUTCOMES = ["refused", "unsent", "lost", "ignored"] as const;
export type FakeOutcome = (typeof FAKE_OUTCOMES)[number];

/**
 * One entry of `spec.fake.failures`, taken apart: `observe`, `observe:power`, `power.on`, `power.on:lost`,
 * `step:deploy.write_image`, `agent:never`; with `:once` it comes up once in the machine's life.
 */
export interface FakeFailure {
  readonly text: string;
  /** `observe`, `agent`, a verb, or `step:INTERFACE.STEP`. */
  readonly on: string;
  readonly how: string;
  readonly once: boolean;
}

const DEFAULT_HOW: Readonly<Record<string, string>> = { observe: "all", agent: "never" };

/** A facet that the BMC does not say, and the ramdisk's agent does. */
const BEFORE_RAMDISK = ":before-ramdisk";

/** True when git hides the facet of a machine as it is now. */
export function isHidden(machine: FakeMachine, node: FleetNode, facet: string): boolean {
  const learnt = machine.ramdiskBoots > 0;
  return failuresOf(node).some(
    ({ on, how }) =>
      on === "observe" && (how === facet || (!learnt && how === `${facet}${BEFORE_RAMDISK}`)),
  );
}

/** Reads an entry; an act without a word is `refused`, and a step without one takes its course and has `failed`. */
function parseFakeFailure(text: string): FakeFailure {
  const words = text.split(":");
  const once = words.length > 1 && words.at(-1) === "once";
  if (once) words.pop();
  const isStep = words[0] === "step";
  const on = words.splice(0, isStep ? 2 : 1).join(":");
  const how =
    words.length > 0 ? words.join(":") : (DEFAULT_HOW[on] ?? (isStep ? "failed" : "refused"));
  return { text, on, how, once };
}

const NONE: readonly FakeFailure[] = [];

/** The failures that git gives a node. */
export function failuresOf(node: FleetNode): readonly FakeFailure[] {
  const texts = node.spec.fake?.failures;
  return texts === undefined ? NONE : texts.map(parseFakeFailure);
}

/** The failure that comes up next on one of these, by git's order. */
export function failureOn(
  machine: FakeMachine,
  node: FleetNode,
  on: readonly string[],
): FakeFailure | undefined {
  return failuresOf(node).find(
    (one) => on.includes(one.on) && !(one.once && machine.usedUp.includes(one.text)),
  );
}

/** What the failures of an act are written on. */
export function failureNames(action: DriverAction): readonly string[] {
  return action.verb === "step.run"
    ? [`step:${action.interface}.${action.step}`, action.verb]
    : [action.verb];
}

/** The word as an outcome of the act; undefined when it is another. */
export function outcomeOf(entry: FakeFailure | undefined): FakeOutcome | undefined {
  return FAKE_OUTCOMES.find((word) => word === entry?.how);
}

/** The machine once the failure has come up. */
export function usedUp(machine: FakeMachine, entry: FakeFailure | undefined): FakeMachine {
  return entry?.once === true ? { ...machine, usedUp: [...machine.usedUp, entry.text] } : machine;
}

const STEPS: ReadonlySet<string> = new Set(
  fakeOffer.interfaces.flatMap(({ steps }) => steps.map((one) => `${one.interface}.${one.step}`)),
);

/** Findings about `spec.fake`: failures that are none, and two disks of one serial. */
export function validateFake(node: FleetNode): readonly SettingsFinding[] {
  const { failures = [], disks = [] } = node.spec.fake ?? {};
  return [
    ...failures.flatMap((text, index) => {
      if (isKnown(parseFakeFailure(text), stepsOf(node))) return [];
      const fact = `node "${node.name}": fake.failures has "${text}"`;
      const wayOut =
        "write observe, observe:power, observe:inventory:before-ramdisk, power.on:refused (unsent, lost, ignored), " +
        "step:deploy.write_image (a step that the fake type offers), or agent:never; :once at the end where it is to pass";
      return [{ path: `/fake/failures/${index}`, message: `${fact}; ${wayOut}` }];
    }),
    ...disks.flatMap(({ serial }, index) => {
      if (disks.findIndex((disk) => disk.serial === serial) === index) return [];
      const fact = `node "${node.name}": fake.disks has the serial "${serial}" twice`;
      return [{ path: `/fake/disks/${index}/serial`, message: `${fact}; give each disk its own` }];
    }),
  ];
}

/** What the type offers, and what git says that its ramdisk names. */
function stepsOf(node: FleetNode): ReadonlySet<string> {
  return new Set([...STEPS, ...agentNames(node.spec.fake?.agentSteps)]);
}

function isKnown({ on, how, once }: FakeFailure, steps: ReadonlySet<string>): boolean {
  // A reading changes nothing, so that it can't be remembered that it failed.
  if (on === "observe") {
    const facet = how.replace(BEFORE_RAMDISK, "");
    return !once && (how === "all" || FAKE_OBSERVES.some((one) => one === facet));
  }
  if (on === "agent") return how === "never";
  const onTheWay = FAKE_OUTCOMES.some((word) => word === how);
  if (on.startsWith("step:"))
    return steps.has(on.slice("step:".length)) && (onTheWay || how === "failed");
  return FAKE_PERFORMS.some((verb) => verb === on) && onTheWay;
}
