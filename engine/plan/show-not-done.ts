import type { Blocked, NodePlan, Plan } from "../../schemas/plan.ts";
import { BUILT_IN, withoutRack } from "./budget.ts";
import { type Row, showAllocations } from "./show-allocations.ts";
import { isLeftOut, isReported, isReportedChange, LEFT_OUT } from "./reported.ts";
import { at, type Sheet, wrapped } from "./sheet.ts";
import { isAskedFor } from "./show-nodes.ts";

const NAME_AT = 2;
const TEXT_AT = 16;
/** Room that a code takes at the right edge. */
const CODE_ROOM = 15;
/** More rows of one kind than this are counted; `plan --json` has them all. */
const MOST_ROWS = 40;

/** What is not done and why, one row each; notes and who is in sync come last. */
export function showNotDone(plan: Plan, sheet: Sheet): readonly string[] {
  const rows = [
    ...reported(plan.nodes),
    ...staged(plan.nodes),
    ...leftOut(plan.nodes),
    ...blocked(plan.nodes, sheet),
    ...showAllocations(plan.allocations),
    ...orphaned(plan.orphans),
  ];
  const notes = [...insecure(plan), ...rackless(plan.nodes)];
  const busy = plan.nodes.filter((node) => !node.inSync).length;
  const quiet = plan.nodes.length - busy;
  const done = plan.refused.length === 0 && rows.length === 0 && busy === 0;
  const title = done ? (notes.length > 0 ? "NOTES" : null) : "NOT DONE";
  const all = [...(plan.refused.length > 0 ? [REFUSED] : []), ...rows, ...notes];
  if (all.length === 0 && quiet === 0) return [];
  const more = all.length - MOST_ROWS;
  return [
    ...(title === null ? [] : [sheet.colors.bold(title)]),
    ...all.slice(0, MOST_ROWS).flatMap((row) => print(row, sheet)),
    ...(more > 0 ? [`  and ${more} more rows; all of them: ironwright plan --json`] : []),
    ...inSync(quiet, done, sheet),
    "",
  ];
}

const REFUSED: Row = {
  name: "everything",
  text: "the plan is refused as a whole: no step of it can be applied.",
  code: "",
};

function inSync(quiet: number, isAll: boolean, sheet: Sheet): readonly string[] {
  if (quiet === 0) return [];
  const nodes = quiet === 1 ? "1 node is" : `${quiet} nodes are`;
  const text = isAll && quiet > 1 ? `All ${nodes} in sync.` : `${nodes} in sync.`;
  return [sheet.colors.dim(isAll ? text : `  ${text}`)];
}

/** What was not asked for this time is not done either. */
function leftOut(nodes: readonly NodePlan[]): readonly Row[] {
  const names = nodes.filter(isLeftOut).map(({ node }) => node);
  return names.length === 0 ? [] : [rowOf(names, LEFT_OUT, "")];
}

/** One row for one reason, however many nodes share it. */
function rowOf(names: readonly string[], text: string, code: string): Row {
  const [name = ""] = names;
  if (names.length === 1) return { name, text, code };
  return { name: `${names.length} nodes`, text: `${text} (${listed(names)})`, code };
}

function reported(nodes: readonly NodePlan[]): readonly Row[] {
  return nodes.filter(isReported).map((node) => {
    const facets = [
      ...new Set(node.changes.filter(isReportedChange).map((change) => change.facet)),
    ];
    return {
      name: node.node,
      text: `${facets.join(", ")} ${facets.length === 1 ? "differs" : "differ"}, only reported`,
      code: "",
    };
  });
}

/** What git wants and nobody has asked for yet. */
function staged(nodes: readonly NodePlan[]): readonly Row[] {
  return nodes.flatMap((node) =>
    node.staged
      .filter(({ until }) => isAskedFor(until))
      .map(({ path, until }) => ({
        name: node.node,
        text: `${path.slice(1).replaceAll("/", ".")} is staged until ${until}`,
        code: "IW-P07",
      })),
  );
}

function blocked(nodes: readonly NodePlan[], sheet: Sheet): readonly Row[] {
  const same = new Map<string, Row & { readonly names: string[] }>();
  for (const node of nodes)
    for (const reason of node.blockedBy) {
      const row = { name: node.node, text: reasonText(reason, sheet), code: reason.code };
      const key = `${row.code} ${row.text}`;
      const known = same.get(key);
      if (known === undefined) same.set(key, { ...row, names: [node.node] });
      else known.names.push(node.node);
    }
  return [...same.values()].map(({ names, text, code }) => rowOf(names, text, code));
}

function listed(names: readonly string[]): string {
  const most = 8;
  return names.length <= most
    ? names.join(", ")
    : `${names.slice(0, most).join(", ")}, and ${names.length - most} more`;
}

/** Why one node is not acted on, in one line. */
export function reasonText(
  { kind, message, since, nextTry }: Blocked,
  sheet: Pick<Sheet, "times">,
): string {
  const { times } = sheet;
  const gone =
    since === undefined || times.isNow(since) ? "unreachable" : `unreachable ${times.since(since)}`;
  const start = kind === "unreachable" || kind === "unauthorised" ? `${gone}: ` : "";
  const next = nextTry === undefined ? "" : `, next try ${times.when(nextTry)}`;
  return `${start}${message}${next}`;
}

function orphaned(orphans: readonly string[]): readonly Row[] {
  return orphans.map((name) => ({
    name,
    text: "orphan: no longer declared; the machine is left as it is",
    code: "",
  }));
}

/** Every node whose wire is not what it should be, in one row a reason. */
function insecure({ nodes }: Plan): readonly Row[] {
  const byNote = new Map<string, string[]>();
  for (const node of nodes)
    for (const note of node.notes) byNote.set(note, [...(byNote.get(note) ?? []), node.node]);
  return [...byNote].map(([note, names]) => ({
    name: "note",
    text: `${note}: ${listed(names)}`,
    code: "",
  }));
}

/** A limit that can't be kept is said before it is relied on. */
function rackless(nodes: readonly NodePlan[]): readonly Row[] {
  const names = withoutRack(nodes).map(({ node }) => node);
  if (names.length === 0) return [];
  const who = names.length === 1 ? "1 node has" : `${names.length} nodes have`;
  const text = `budget: ${who} no label rack, so that ${BUILT_IN.perRack} of a rack at once can't be kept there: ${listed(names)}`;
  return [{ name: "note", text, code: "" }];
}

function print({ name, text, code }: Row, sheet: Sheet): readonly string[] {
  const codeAt = sheet.columns - CODE_ROOM;
  const start = `${" ".repeat(NAME_AT)}${name}`;
  const column = Math.max(TEXT_AT, start.length + 2);
  const lines = wrapped(text, codeAt - column - 4).map((line, index) =>
    at(column, index === 0 ? start : "", line),
  );
  const last = lines.pop() ?? start;
  return [...lines, code === "" ? last : at(codeAt, last, code)].map((line) =>
    name === "note" ? line : sheet.colors.notDone(line),
  );
}
