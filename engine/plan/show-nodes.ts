import { actorOf, isActId } from "../../schemas/person-act.ts";
import { parseInstant } from "../../schemas/instant.ts";
import type { Change, Gate, NodePlan, Step } from "../../schemas/plan.ts";
import { atMost } from "./durations.ts";
import type { Alike } from "./group-alike.ts";
import { at, type Sheet, wrapped } from "./sheet.ts";
import { showErases } from "./show-erases.ts";
import { valueText } from "./verdict.ts";
import { isReportedChange } from "./reported.ts";

/** Columns of the 100-column sheet; what does not fit moves to the next stop or line. */
const LABEL_AT = 4;
const VALUE_AT = 21;
const FAR_VALUE_AT = 34;
const PLACE_AT = 52;
const SINCE_AT = 52;
/** More names than this are counted, not listed; `plan --json` has them all. */
const MOST_NAMES = 60;
/** Narrower sheets print the place of a declaration on a line of its own. */
const WIDE = 92;
/** Observed values are padded to this, so that the arrows of a node stand in one column. */
const OBSERVED_WIDTH = 10;

/** Blocks of nodes: who, what differs, which steps. */
export function showNodes(groups: readonly Alike[], sheet: Sheet): readonly string[] {
  return groups.flatMap((group) => [
    ...header(group, sheet),
    ...changes(group, sheet),
    ...askedFor(group, sheet),
    ...earlier(group.first, sheet),
    ...steps(group.first, sheet),
    ...showErases(group, sheet),
    ...afterword(group, sheet),
    "",
  ]);
}

function header({ nodes, first }: Alike, sheet: Sheet): readonly string[] {
  const names = nodes
    .slice(0, MOST_NAMES)
    .map((node) => node.node)
    .join("\u00a0 ");
  const rest =
    nodes.length > MOST_NAMES ? `  and ${nodes.length - MOST_NAMES} more like these` : "";
  const state = stateText(first);
  const [since] = nodes.length === 1 ? [first.inSyncUntil] : [];
  const lines = wrapped(names, sheet.columns - 24).map(
    (line) => `  ${line.replaceAll("\u00a0", " ")}`,
  );
  const last = `${lines.pop() ?? ""}${rest}   ${state}`;
  const drifted = first.changes.some((change) => change.cause === "drift");
  if (since === undefined || !drifted) return [...lines, last].map(sheet.colors.bold);
  const text = `in sync until ${sheet.times.whenAgo(since)}`;
  const one = at(SINCE_AT, last, text);
  if (one.length <= sheet.columns) return [...lines, one];
  return [...lines, last, `    ${text}`];
}

function stateText({ provisionState, targetProvisionState }: NodePlan): string {
  if (provisionState === targetProvisionState) return provisionState;
  return `${provisionState} -> ${targetProvisionState}`;
}

/** The names that people write: `boot.mode`, `bios.ProcVirtualization`. */
function label(change: Change): string {
  if (change.facet === "provision") return "provision";
  return change.path.slice(1).replaceAll("/", ".");
}

function changes(group: Alike, sheet: Sheet): readonly string[] {
  const { first } = group;
  const lines = first.changes.map((change) => {
    const name = `${" ".repeat(LABEL_AT)}${label(change)}`;
    const column = name.length + 2 <= VALUE_AT ? VALUE_AT : FAR_VALUE_AT;
    return { change, text: at(column, name, difference(change, first)) };
  });
  const end = Math.max(...lines.map(({ text }) => text.length), 0);
  const column = Math.max(PLACE_AT, end + 4);
  return lines.flatMap(({ change, text }) => [
    ...withPlace(text, column, placeOf(change, group, sheet), sheet),
    ...evidence(change, group, sheet),
  ]);
}

function difference({ cause, desired, observed }: Change, node: NodePlan): string {
  const none = cause === "intent" ? valueText(observed) : undefined;
  if (none === undefined) return `declared ${valueText(desired)}, is ${valueText(observed)}`;
  const widest = node.changes
    .filter((change) => change.cause === "intent")
    .map((change) => valueText(change.observed).length);
  const width = Math.max(OBSERVED_WIDTH, ...widest.filter((length) => length <= 20));
  return `${none.padEnd(width)} -> ${valueText(desired)}`;
}

function placeOf(change: Change, { nodes }: Alike, sheet: Sheet): string {
  const place = withoutColumn(change.declaredAt ?? "");
  const file = place.slice(0, place.lastIndexOf(":"));
  const reach = sheet.reach(file);
  const places = new Set(
    nodes.flatMap((node) =>
      node.changes
        .filter(({ path }) => path === change.path)
        .map(({ declaredAt }) => withoutColumn(declaredAt ?? "")),
    ),
  );
  const more = places.size > 1 ? ` and ${places.size - 1} more` : "";
  const reached = reach === null ? "" : ` (reaches ${reach})`;
  const mark = change.noStep === "(no step)" ? "   (no step)" : "";
  return `${place}${more}${reached}${mark}`;
}

/** `file:line` of a `file:line:column`: what a person looks for. */
export function withoutColumn(place: string): string {
  return place.replace(/^(.*:\d+):\d+$/, "$1");
}

function withPlace(text: string, column: number, place: string, sheet: Sheet): readonly string[] {
  const one = at(column, text, place);
  if (sheet.columns >= WIDE && one.length <= sheet.columns) return [one];
  const short = at(0, `${text}    `, place);
  return short.length <= sheet.columns ? [short] : [text, `${" ".repeat(VALUE_AT)}${place}`];
}

function evidence(change: Change, { nodes }: Alike, sheet: Sheet): readonly string[] {
  if (change.cause !== "drift" || nodes.length > 1 || change.observedAt === undefined) return [];
  if (change.facet !== "power") return [];
  const seen = `seen ${valueText(change.observed)} ${sheet.times.since(change.observedAt)} ago`;
  const log =
    change.evidence === undefined ? "" : `; its event log says ${logText(change.evidence, sheet)}`;
  return wrapped(`${seen}${log}`, sheet.columns - VALUE_AT).map(
    (line) => `${" ".repeat(VALUE_AT)}${line}`,
  );
}

function logText(line: string, sheet: Sheet): string {
  const space = line.indexOf(" ");
  const when = parseInstant(line.slice(0, space));
  return Number.isNaN(when) ? line : `${sheet.times.exact(when)}${line.slice(space)}`;
}

/** The columns that a step has, from the left; narrow sheets leave out the ones that tell least. */
function steps({ steps: list, gates }: NodePlan, sheet: Sheet): readonly string[] {
  if (list.length === 0) return [];
  const wide = sheet.columns >= WIDE;
  const head = stepRow(
    { id: "#", action: "step", impact: "impact", most: "at most", after: "after", why: "why" },
    wide,
  );
  return [
    sheet.colors.dim(head),
    ...list.flatMap((step) => {
      const mark = step.mayNotBoot === true ? "  MAY NOT BOOT if the system on it can't" : "";
      const text = stepRow(
        {
          id: step.id,
          action: step.action,
          impact: step.impact === "destructive" ? "ERASES" : step.impact,
          most: atMost(step.timeoutSeconds),
          after: step.dependsOn.join(",") || "-",
          why: `${step.reason}${mark}`,
        },
        wide,
      );
      return [
        ...folded(text, wide ? 61 : 45, sheet).map((line) =>
          step.impact === "destructive" ? sheet.colors.lost(line) : line,
        ),
        ...listLines(step, sheet),
        ...gates.filter(({ after }) => after === step.id).flatMap((gate) => gateLines(gate, sheet)),
      ];
    }),
  ];
}

/** What git or a ramdisk added to a list of the driver's own: who added it, and with which priority it runs. */
function listLines({ flow }: Step, sheet: Sheet): readonly string[] {
  const added = (flow?.entries ?? []).filter(({ source }) =>
    /^(template|node|ramdisk)\b/.test(source),
  );
  if (added.length === 0) return [];
  const names = added.map(
    ({ interface: where, step, priority, source }) =>
      `${where}.${step} ${priority ?? ""} (${source})`,
  );
  return wrapped(`with ${names.join(", ")}`, sheet.columns - 8).map((line) => `        ${line}`);
}

const LEARNT: Readonly<Record<Gate["learns"], string>> = {
  disks: "the disks are known from here on",
  steps: "the steps of its ramdisk are known here",
};

function gateLines({ learns, allows, stops }: Gate, sheet: Sheet): readonly string[] {
  const text = `-- gate: ${LEARNT[learns]}; then ${allows}${stops === undefined ? "" : `; ${stops}`}`;
  return wrapped(text, sheet.columns - 8).map(
    (line, row) => `     ${row === 0 ? "" : "   "}${line}`,
  );
}

/** Who asked for what no difference asks for. */
function askedFor({ nodes, first }: Alike, sheet: Sheet): readonly string[] {
  return (first.asked ?? []).flatMap(({ id, action, expires, declaredAt }) => {
    const until = expires === null ? "" : `, expires ${expires}`;
    const who = isActId(id) ? `${actorOf(id)} (${action})` : `request ${id} (${action})${until}`;
    const text = at(VALUE_AT, "    asked for by", who);
    const more = nodes.length === 1 ? "" : ` and on ${nodes.length - 1} more`;
    return withPlace(text, PLACE_AT, `${declaredAt}${more}`, sheet);
  });
}

/** Nodes whose steps all come before the first of these. */
function earlier({ tree }: NodePlan, sheet: Sheet): readonly string[] {
  return (tree?.after ?? []).flatMap(({ node, why }) =>
    wrapped(`${node} is done: ${why}`, sheet.columns - VALUE_AT).map((line, row) =>
      at(VALUE_AT, row === 0 ? "    after" : "", line),
    ),
  );
}

interface StepRow {
  readonly id: string;
  readonly action: string;
  readonly impact: string;
  readonly most: string;
  readonly after: string;
  readonly why: string;
}

function stepRow({ id, action, impact, most, after, why }: StepRow, wide: boolean): string {
  const start = `${id.padStart(6)}  ${action.padEnd(wide ? 26 : 25)}`;
  if (!wide) return `${start}${impact.padEnd(12)}${why}`;
  return `${start}${impact.padEnd(11)}${most.padStart(7)}  ${after.padEnd(7)}${why}`;
}

function folded(text: string, column: number, sheet: Sheet): readonly string[] {
  if (text.length <= sheet.columns) return [text];
  const [first = "", ...rest] = wrapped(text.slice(column), sheet.columns - column);
  return [text.slice(0, column) + first, ...rest.map((line) => " ".repeat(column) + line)];
}

/** What to type when somebody works on it, or to keep or mend what is only reported; what waits for a power-on. */
function afterword({ nodes, first }: Alike, sheet: Sheet): readonly string[] {
  const lines: string[] = [];
  const name = nodes.length === 1 ? first.node : "NODE";
  const drifts = first.changes.filter((change) => change.cause === "drift");
  if (first.steps.length > 0 && drifts.length > 0)
    lines.push(at(34, "    If somebody works on it:", `ironwright hold ${name} --reason "..."`));
  const reported = new Set(drifts.filter(isReportedChange).map((change) => change.facet));
  for (const facet of reported) lines.push(...onlyReported(facet, name, sheet));
  for (const note of withoutStep(first))
    lines.push(...wrapped(note, sheet.columns - 4).map((l) => `    ${l}`));
  for (const { path, until } of first.staged.filter(({ until: when }) => !isAskedFor(when)))
    lines.push(
      `    ${path.slice(1).replaceAll("/", ".")} is taken over at ${until}; no reboot is planned for it`,
    );
  return lines;
}

/** Why no step follows from a difference; where others have steps, from which. */
function withoutStep({ changes: all, steps: list }: NodePlan): readonly string[] {
  const said = new Map<string, string[]>();
  for (const change of all) {
    const { noStep } = change;
    if (noStep === undefined || NO_NOTE.some((start) => noStep.startsWith(start))) continue;
    said.set(noStep, [...(said.get(noStep) ?? []), label(change)]);
  }
  return [...said].map(
    ([why, labels]) => `no step${list.length === 0 ? "" : ` for ${labels.join(", ")}`}: ${why}`,
  );
}

/** What waits for a person and not for a power-on; NOT DONE names it. */
export function isAskedFor(until: string): boolean {
  return until.endsWith(" request");
}

/** What is said elsewhere: beside the place, below, or by the steps themselves. */
const NO_NOTE = ["(no step)", "drift.", "brought by "];

const REBOOTS: ReadonlySet<string> = new Set(["bios"]);

function onlyReported(facet: string, name: string, sheet: Sheet): readonly string[] {
  const enforce = `To enforce it${REBOOTS.has(facet) ? " (1 reboot)" : ""}:`;
  const first = `    no step: drift.${facet} is report.`;
  const rows = [
    [enforce, `drift: { ${facet}: enforce }`],
    ["To keep what is there:", `ironwright drift accept ${name}`],
  ] as const;
  if (sheet.columns >= WIDE)
    return rows.map(([what, how], index) => at(67, at(40, index === 0 ? first : "", what), how));
  return [first, ...rows.map(([what, how]) => at(34, `    ${what}`, how))];
}
