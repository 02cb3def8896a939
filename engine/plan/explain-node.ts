import { placeText } from "../../schemas/diagnostic.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { NodePlan, Plan } from "../../schemas/plan.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import { reasonText } from "./show-not-done.ts";
import { withoutColumn } from "./show-nodes.ts";
import { nameOf } from "./steps/step-list.ts";
import { familyLines } from "./tree/relatives.ts";
import { timeWords } from "./say-time.ts";
import { valueText } from "./verdict.ts";

/** What `explain` knows besides the plan. */
export interface Explained {
  readonly plan: Plan;
  readonly node: FleetNode;
  /** All that are declared: its parent and its children are among them. */
  readonly nodes: readonly FleetNode[];
  readonly record: NodeRecord | null;
  /** Who holds the lease, in one clause; null when nobody does. */
  readonly holder: string | null;
  readonly now: number;
  readonly timeZone?: string | undefined;
}

/** Why something, or nothing, happens to one node: the answer first, then what it rests on. */
export function explainNode(explained: Explained): string {
  const { plan, node, record, holder, now } = explained;
  const times = timeWords(now, explained.timeZone ?? "UTC");
  const its = plan.nodes.find((one) => one.node === node.name);
  if (its === undefined) return `${node.name} is not part of this plan.\n`;
  const lines = [
    `${node.name}: ${answer(its, plan)}`,
    ...plan.refused.map(({ message, code }) => `  the plan is refused: ${message}   ${code}`),
    ...its.blockedBy.map(
      (reason) => `  because  ${reasonText(reason, { times })}   ${reason.code}`,
    ),
    ...givenTo(its, plan),
    ...familyLines(node, explained.nodes).map((line) => `  tree     ${line}`),
    ...its.changes.flatMap((change) => changeLines(change, plan)),
    ...(its.tree?.after ?? []).map(
      ({ node: earlier, why }) => `  after    ${earlier} is done: ${why}`,
    ),
    ...its.steps.map(
      (step) => `  step ${step.id}   ${step.action}  (${step.impact})  ${step.reason}`,
    ),
    ...its.staged.map(
      ({ path, until }) => `  staged   ${path.slice(1).replaceAll("/", ".")} until ${until}`,
    ),
    ...its.notes.map((note) => `  note     ${note}`),
    ...(holder === null ? [] : [`  lease    ${holder}`]),
    ...history(record, (at) => times.whenAgo(at)),
    `  declared ${placeText(node.place, false)}${plan.commit === null ? " (working tree)" : ` in commit ${plan.commit.slice(0, 7)}`}`,
  ];
  return `${lines.join("\n")}\n`;
}

function givenTo({ node }: NodePlan, { allocations }: Plan): readonly string[] {
  const given = allocations.find((one) => one.node === node);
  if (given === undefined) return [];
  const when = given.state === "picked" ? "by the next apply" : "";
  return [
    `  given    to the Allocation ${given.allocation} (${withoutColumn(given.declaredAt)}) ${when}`.trimEnd(),
  ];
}

function answer(its: NodePlan, plan: Plan): string {
  const state =
    its.provisionState === its.targetProvisionState
      ? its.provisionState
      : `${its.provisionState}, to be ${its.targetProvisionState}`;
  if (its.inSync && its.records === undefined) return `in sync (${state}); nothing is to be done`;
  if (its.inSync) return `in sync (${state}); the next apply writes that into its record`;
  const count = its.steps.length;
  if (count > 0 && plan.refused.length === 0)
    return `${state}; ${count} ${count === 1 ? "step" : "steps"} will be done by the next apply`;
  if (its.records !== undefined && plan.refused.length === 0)
    return `${state}; the next apply writes its record, and sends nothing`;
  return `${state}; nothing will be done`;
}

function changeLines(
  { path, desired, observed, declaredAt, cause, noStep }: NodePlan["changes"][number],
  plan: Plan,
): readonly string[] {
  const moved =
    cause === "drift"
      ? "the hardware moved"
      : plan.commit === null
        ? "the working tree asks"
        : `commit ${plan.commit.slice(0, 7)} asks`;
  const none =
    noStep === undefined || noStep === "blocked, see below" ? "" : `; no step: ${noStep}`;
  return [
    `  differs  ${path.slice(1).replaceAll("/", ".")}: declared ${valueText(desired)} at ${declaredAt ?? "?"}, is ${valueText(observed)} (${moved})${none}`,
  ];
}

function history(record: NodeRecord | null, when: (at: number) => string): readonly string[] {
  if (record === null) return ["  record   none: this store has never acted on it"];
  const lines: string[] = [];
  if (record.lastError !== null)
    lines.push(
      `  last error  ${when(record.lastError.at)}: ${record.lastError.message}   ${record.lastError.code}`,
    );
  if (record.lastFlow !== null)
    lines.push(`  last apply  ${when(record.lastFlow.endedAt)}: ${record.lastFlow.outcome}`);
  return [...lines, ...ramdiskLines(record, when)];
}

/** What its ramdisk named, and what of its answer was not taken. */
function ramdiskLines({ ramdisk }: NodeRecord, when: (at: number) => string): readonly string[] {
  if (ramdisk === null || ramdisk.steps.length + ramdisk.ignored.length === 0) return [];
  const { at, version, steps, ignored } = ramdisk;
  const names = steps.map((one) => {
    const erases = one.erases === null ? "" : ` (erases ${one.erases})`;
    return `${nameOf(one)}${erases}`;
  });
  const said = version === null ? "" : ` ${version}`;
  return [
    `  ramdisk${said}  asked ${when(at)}: ${names.join(", ") || "no steps of its own"}`,
    ...ignored.map((why) => `  ramdisk${said}  not taken: ${why}`),
  ];
}
