import type { NodePlan, Plan } from "../../schemas/plan.ts";
import { inWords } from "./durations.ts";
import { groupAlike } from "./group-alike.ts";
import { hasIntent, intentHeading, movedHeading } from "./headings.ts";
import { shortId } from "./plan-json.ts";
import { timeWords } from "./say-time.ts";
import { showNodes } from "./show-nodes.ts";
import { type PlanColors, type Sheet, wrapped } from "./sheet.ts";
import { showNotDone } from "./show-not-done.ts";
import { showTotals } from "./show-totals.ts";

/** How a plan is printed. */
export interface ShowOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Width of the terminal, 60 at least. */
  readonly columns: number;
  /** IANA name; UTC when left out. */
  readonly timeZone?: string | undefined;
  /** File that `apply` is to be given; null when it was not saved. */
  readonly savedAs: string | null;
  /** True in `apply` itself, which needs no word on how to apply what it shows. */
  readonly applying?: boolean | undefined;
  readonly colors: PlanColors;
  /** What people call the store; null without one. */
  readonly storeName: string | null;
  /** Names of profiles declared in a file -> how many nodes they reach. */
  readonly reach?: ((file: string) => number | null) | undefined;
}

/** Below this nothing can be laid out in columns. */
const NARROWEST = 60;

/** The plan as a person reads it; ends with what to type. */
export function showPlan(plan: Plan, options: ShowOptions): string {
  const sheet = sheetOf(options);
  const intent = plan.nodes.filter(hasIntent);
  const moved = plan.nodes.filter((node) => !hasIntent(node) && node.changes.length > 0);
  const lines = [
    ...headline(plan, options, sheet),
    ...why(plan, sheet),
    "",
    ...intentSection(plan, intent, sheet),
    ...movedSection(moved, sheet),
    ...showNotDone(plan, sheet),
    ...showTotals(plan, intent.length > 0, sheet),
    ...lastLine(plan, options, sheet),
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

/** The paper that a plan, or a part of one, is printed on. */
export function sheetOf(
  options: Pick<ShowOptions, "columns" | "now" | "colors" | "timeZone" | "reach">,
): Sheet {
  return {
    columns: Math.max(NARROWEST, options.columns),
    now: options.now,
    colors: options.colors,
    times: timeWords(options.now, options.timeZone ?? "UTC"),
    reach: options.reach ?? (() => null),
  };
}

function headline(plan: Plan, options: ShowOptions, sheet: Sheet): readonly string[] {
  const refused = plan.refused.length > 0;
  const title = `${refused ? "PLAN REFUSED  " : "PLAN "}${shortId(plan)}`;
  const left = `${title}   ${commitText(plan, options.now)}`;
  const store = options.storeName === null ? "no store" : `store ${options.storeName}`;
  const { nodes, of, oldestMs } = plan.observed;
  const oldest = oldestMs === null ? "" : `, oldest reading ${inWords(oldestMs / 1000)}`;
  const from = plan.offline ? " (offline: from readings on disk)" : "";
  return [
    ...spread(left, store, sheet.columns).map((line) => sheet.colors.bold(line)),
    ...wrapped(
      `${nodes} of ${of} nodes observed${oldest}${from}.  Nothing has been changed.`,
      sheet.columns,
    ),
  ];
}

function commitText(plan: Plan, now: number): string {
  const { inForce, commit, commitSubject, commitAuthor, commitTime } = plan;
  if (commit === null) return "working tree, not committed";
  const short = `commit ${commit.slice(0, 7)}`;
  if (inForce?.commit === commit)
    return `${short} (in force for ${inWords((now - inForce.since) / 1000)})`;
  const by = commitAuthor === null ? "" : `${commitAuthor}, `;
  const ago = commitTime === null ? "" : `${inWords((now - commitTime) / 1000)} ago`;
  return `${short} "${commitSubject ?? ""}"  (${by}${ago})`;
}

/** Two texts at both ends of a line; on two lines where they don't fit. The right edge keeps five free. */
function spread(left: string, right: string, columns: number): readonly string[] {
  const edge = columns - 5;
  if (left.length + 3 + right.length > columns)
    return [...wrapped(left, columns), `${" ".repeat(Math.max(0, edge - right.length))}${right}`];
  const gap = Math.max(3, edge - left.length - right.length);
  return [`${left}${" ".repeat(gap)}${right}`];
}

function why(plan: Plan, sheet: Sheet): readonly string[] {
  if (plan.refused.length === 0) return [];
  const lines = plan.refused.flatMap(({ code, message, declaredAt }, index) => {
    const text = `${message}${declaredAt === null ? "" : ` (${declaredAt})`}   ${code}`;
    const body = wrapped(text, sheet.columns - 6);
    return body.map((line, row) => `${index === 0 && row === 0 ? "WHY   " : "      "}${line}`);
  });
  return ["", ...lines.map((line) => sheet.colors.notDone(line))];
}

function intentSection(plan: Plan, nodes: readonly NodePlan[], sheet: Sheet): readonly string[] {
  return [
    sheet.colors.bold(intentHeading(plan, nodes)),
    "",
    ...showNodes(groupAlike(nodes), sheet),
  ];
}

function movedSection(nodes: readonly NodePlan[], sheet: Sheet): readonly string[] {
  if (nodes.length === 0) return [];
  return [sheet.colors.bold(movedHeading(nodes)), "", ...showNodes(groupAlike(nodes), sheet)];
}

function lastLine(plan: Plan, options: ShowOptions, sheet: Sheet): readonly string[] {
  if (plan.refused.length > 0) return [sheet.colors.notDone("Nothing can be applied (exit 4).")];
  const writes = plan.nodes.some((node) => node.records !== undefined);
  if (plan.summary.steps === 0 && !writes) return [nothingToDo(plan, options)];
  const what = sumInWords(plan);
  if (options.applying === true) return [`${what}.`];
  const command = `ironwright apply${options.savedAs === null ? "" : ` ${options.savedAs}`}`;
  const one = `${what}.   To do exactly this:   ${command}`;
  if (one.length <= sheet.columns) return [one];
  return [`${what}.`, `To do exactly this:   ${command}`];
}

function nothingToDo({ nodes }: Plan, { applying }: ShowOptions): string {
  if (nodes.some((node) => node.unfinished === true))
    return applying === true
      ? "Nothing new to do; what a crash left open is closed now."
      : "Nothing new to do; what a crash left open is closed by:   ironwright apply";
  const isInSync = nodes.every((node) => node.inSync);
  return isInSync ? "Nothing to do." : "Nothing to apply; NOT DONE says why.";
}

/** `6 steps, no reboot, nothing erased`. */
function sumInWords({ summary: { steps, reboots, erasedNodes } }: Plan): string {
  return [
    steps === 0 ? "records are written" : steps === 1 ? "1 step" : `${steps} steps`,
    reboots === 0 ? "no reboot" : reboots === 1 ? "1 reboot" : `${reboots} reboots`,
    erasedNodes === 0
      ? "nothing erased"
      : `${erasedNodes} ${erasedNodes === 1 ? "machine" : "machines"} ERASED`,
  ].join(", ");
}
