import type { Plan, RackTotals } from "../../schemas/plan.ts";
import { isReported } from "./reported.ts";
import type { Sheet } from "./sheet.ts";

type Column = { readonly head: string; readonly of: (totals: RackTotals) => number };

const ALWAYS: readonly Column[] = [
  { head: "nodes", of: (t) => t.nodes },
  { head: "steps", of: (t) => t.steps },
  { head: "reboots", of: (t) => t.reboots },
  { head: "erased", of: (t) => t.erased },
];
const BLOCKED: Column = { head: "blocked", of: (t) => t.blocked };
const WHEN_ANY: readonly Column[] = [
  { head: "reported", of: (t) => t.reported },
  { head: "unreachable", of: (t) => t.unreachable },
];
/** Width of the first column with its heading: `TOTAL     nodes`. */
const FIRST_WIDTH = 15;

/** Sums of the nodes that are not in sync, by rack and in all; nothing when all are. */
export function showTotals(plan: Plan, intent: boolean, sheet: Sheet): readonly string[] {
  const busy = plan.nodes.filter((node) => !node.inSync);
  if (busy.length === 0) return [];
  const racks = [...new Set(busy.flatMap((node) => node.rack ?? []))].sort();
  const rows = racks.map((rack) => ({
    label: `  ${rack.startsWith("rack") ? rack : `rack ${rack}`}`,
    totals: {
      ...(plan.summary.byRack[rack] ?? NONE),
      nodes: busy.filter((node) => node.rack === rack).length,
    },
  }));
  const all = { label: "  all", totals: { ...sum(plan), nodes: busy.length } };
  const table = [...rows, all];
  const columns = [
    ...ALWAYS,
    ...(intent || all.totals.blocked > 0 ? [BLOCKED] : []),
    ...WHEN_ANY.filter((column) => column.of(all.totals) > 0),
  ];
  const width = Math.max(
    FIRST_WIDTH - "nodes".length,
    ...table.map(({ label }) => label.length + 1),
  );
  return [
    sheet.colors.bold(
      line(
        "TOTAL",
        columns.map(({ head }) => head),
        columns,
        width,
      ),
    ),
    ...table.map(({ label, totals }) =>
      line(
        label,
        columns.map((c) => String(c.of(totals))),
        columns,
        width,
      ),
    ),
    "",
  ];
}

function line(
  label: string,
  cells: readonly string[],
  columns: readonly Column[],
  width: number,
): string {
  const padded = cells.map((cell, index) => {
    const head = columns[index]?.head ?? "";
    return index === 0 ? cell.padStart(head.length) : `  ${cell.padStart(head.length)}`;
  });
  return `${label.padEnd(width)}${padded.join("")}`;
}

const NONE: RackTotals = {
  nodes: 0,
  steps: 0,
  reboots: 0,
  erased: 0,
  blocked: 0,
  reported: 0,
  unreachable: 0,
};

function sum({ summary, nodes }: Plan): RackTotals {
  return {
    nodes: summary.nodes,
    steps: summary.steps,
    reboots: summary.reboots,
    erased: summary.erasedNodes,
    blocked: summary.blockedNodes,
    unreachable: summary.unreachableNodes,
    reported: nodes.filter(isReported).length,
  };
}
