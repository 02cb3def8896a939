import type { FlowPlan, Gate, NodePlan, Step } from "../../schemas/plan.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import type { Settings } from "../../schemas/settings.ts";
import { diskName, disksOf } from "./disks-of.ts";
import { isFlowStep } from "./flow-cursor.ts";
import { whyStopped } from "./flow-gate.ts";
import { nameOf } from "./steps/step-list.ts";

/**
 * Whether a plan may go on past what a step has learnt: a disk that was not known when it was approved stops it, and so
 * does what the ramdisk of a later step would be stopped by. Answers why in one sentence, null when nothing stands in
 * the way.
 */
export function stopsAtGate(
  plan: NodePlan,
  step: string,
  record: NodeRecord,
  settings: Settings,
): string | null {
  return stopsAtDisks(plan, step, record) ?? stopsAtSteps(plan, step, record, settings);
}

/**
 * An inspection may find that the machine is not what git says of it: then no image is written that templates for
 * another hardware had a part in. Null where nothing stands in the way.
 */
export function stopsAtTraits(
  steps: readonly Pick<Step, "id" | "action">[],
  done: string,
  why: string | null,
): string | null {
  const at = steps.findIndex(({ id }) => id === done);
  const writes = steps.slice(at + 1).some(({ action }) => WRITES.includes(action));
  return why === null || !writes
    ? null
    : `at the gate: ${why}, as it was just inspected; it is planned again`;
}

const WRITES: readonly Step["action"][] = ["provision.deploy", "provision.rebuild"];

/** An inspection has asked the ramdisk already: what would stop a later list stops here, at a place of rest. */
function stopsAtSteps(
  { steps }: NodePlan,
  id: string,
  { ramdisk }: NodeRecord,
  settings: Settings,
): string | null {
  const at = steps.findIndex((one) => one.id === id);
  if (ramdisk === null || steps[at]?.flow?.ramdisk?.flow !== null) return null;
  for (const step of steps.slice(at + 1)) {
    if (!isFlowStep(step) || step.flow.ramdisk === undefined) continue;
    const why = whyStopped({ step, at: { entry: 0, act: 0 }, ramdisk, settings });
    if (why !== null) return `at the gate: ${why}; it is planned again and asked for again`;
  }
  return null;
}

function stopsAtDisks(plan: NodePlan, step: string, record: NodeRecord): string | null {
  const gate = plan.gates.find(({ after, learns }) => after === step && learns === "disks");
  if (gate === undefined) return null;
  const disks = disksOf(record.inventory);
  if (disks === null) return "the inspection did not tell its disks; nothing is erased";
  const strangers = disks.filter(({ serial }) => serial === null || !gate.known.includes(serial));
  const gone = gate.known.filter((serial) => !disks.some((disk) => disk.serial === serial));
  if (strangers.length === 0 && gone.length === 0) return null;
  const facts = [
    ...(strangers.length === 0
      ? []
      : [`${strangers.map(diskName).join(", ")} not named by the plan`]),
    ...(gone.length === 0 ? [] : [`${gone.join(", ")} gone`]),
  ];
  return `at the gate: ${facts.join("; ")}; it is planned again and asked for again`;
}

/**
 * The gate where a ramdisk is asked for its steps: where these lists name one that nobody knows yet, and, with
 * `asksFirst`, where it may bring steps of its own. It is in the midst of the one list, or at the end of the inspection
 * that comes before all of them. Null where nothing is learnt that matters.
 */
export function gateOfSteps(
  flows: readonly FlowPlan[],
  asksFirst: boolean,
  inspection: FlowPlan | null,
): Gate | null {
  const lists = flows.filter(({ ramdisk }) => typeof ramdisk?.flow === "string");
  const entries = lists.flatMap((flow) => flow.entries);
  const names = new Set(entries.filter(({ ramdisk }) => ramdisk === "unknown").map(nameOf));
  const bringsOwn = asksFirst && lists.some(({ ramdisk }) => ramdisk?.own !== null);
  const [first] = lists;
  if (first === undefined || (names.size === 0 && !bringsOwn)) return null;
  const whole = [...names, ...(bringsOwn ? ["its own by priority"] : [])];
  const many = bringsOwn || names.size > 1;
  return {
    after: "",
    learns: "steps",
    allows: `${whole.join(", ")}, where ${many ? "they erase" : "it erases"} nothing`,
    stops: whereItStops(first, inspection, names.size > 0),
    known: [],
  };
}

function whereItStops(flow: FlowPlan, inspection: FlowPlan | null, namesAny: boolean): string {
  const rests = inspection?.to;
  const waits = `what erases waits at ${rests ?? flow.hold ?? flow.from} and is asked for again by name`;
  if (!namesAny) return waits;
  const end = rests === undefined ? `it at ${flow.failed ?? flow.from}` : `the plan at ${rests}`;
  return `${waits}; what is not there, or takes other arguments, ends ${end}`;
}
