import type { NodePlan } from "../../../schemas/plan.ts";

/** What a person can type, commit or ask for. */
const WAYS: readonly RegExp[] = [
  /ironwright \w+/,
  /--[a-z]+/,
  /requests: \[|action: \w+|\brequest\b/,
  /\b(check|declare|lift|write|shorten|undeploy|mend|give it a new id|take it out|taken out of git)\b/,
  /\((inventory\/[^)]*):\d+\)/,
  /drift\.(power|bootDevice|bootMode|secureBoot|traits|bios) is report|provision\.state is enroll/,
  /apply again|plan again|next apply|planned (again|after|from)/,
];

/** True where `explain` says what will be done, or how to make it so: the lines that name reasons are read. */
export function hasWayOut({ steps, records }: NodePlan, text: string): boolean {
  if (steps.length > 0 || records !== undefined)
    return /by the next apply|next apply writes/.test(text);
  const reasons = text
    .split("\n")
    .filter((line) => /^ {2}(because|differs|note|last error|the plan is refused)/.test(line));
  return reasons.some((line) => WAYS.some((way) => way.test(line)));
}
