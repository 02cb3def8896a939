import type { NodePlan } from "../../schemas/plan.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import { diskName, disksOf } from "./disks-of.ts";

/**
 * Whether a plan may go on past what a step has learnt: a disk that was not known when it was approved stops it.
 * Answers why in one sentence, null when nothing stands in the way.
 */
export function stopsAtGate(plan: NodePlan, step: string, record: NodeRecord): string | null {
  const gate = plan.gates.find(({ after }) => after === step);
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
