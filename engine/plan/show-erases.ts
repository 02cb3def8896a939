import type { Erase, NodePlan } from "../../schemas/plan.ts";
import { losesSomething } from "./budget.ts";
import type { Alike } from "./group-alike.ts";
import { type Sheet, wrapped } from "./sheet.ts";

/** More disks of one node than this are counted in the line; `plan --json` names them all. */
const MOST_DISKS = 6;
const GAP = "  ";
/** The column of the root disk. */
const ROOT = 3;

/** What is lost, machine by machine and disk by disk; nothing where nothing is. */
export function showErases({ nodes }: Alike, sheet: Sheet): readonly string[] {
  const losing = nodes.filter(({ steps }) => losesSomething(steps));
  if (losing.length === 0) return [];
  const lines = laid(losing.map(row), sheet);
  return ["", "  ERASES, and no revert brings it back", ...lines].map((line) =>
    line === "" ? line : sheet.colors.lost(line),
  );
}

function row(node: NodePlan): readonly string[] {
  const root = node.erases.filter(({ part }) => part === "root");
  const others = node.erases.filter(({ part, serial }) => {
    const overwritten = root.some((disk) => disk.serial === serial);
    return part !== "root" && !overwritten;
  });
  return [
    node.node,
    node.identity.serial ?? "?",
    hostOf(node.basis.bmcAddress),
    root.map((disk) => `${disk.serial ?? "?"}  ${size(disk)}`).join(", "),
    disksText(others),
    node.lost ?? "",
  ];
}

function headsOf(rows: readonly (readonly string[])[]): readonly string[] {
  const heads = [
    "node",
    "serial",
    "BMC",
    "root disk (overwritten)",
    rows.some((cells) => cells[ROOT] !== "") ? "other disks erased" : "disks erased",
    "workload lost",
  ];
  return heads.map((head, index) => (rows.some((cells) => cells[index] !== "") ? head : ""));
}

function hostOf(address: string | null): string {
  return (address ?? "").replace(/^[a-z]+:\/\//, "").replace(/\/+$/, "");
}

function disksText(disks: readonly Erase[]): string {
  if (disks.length === 0) return "";
  const alike = new Set(disks.map(size)).size === 1;
  const named = disks
    .slice(0, MOST_DISKS)
    .map((disk) => `${disk.serial ?? "?"}${alike ? "" : `  ${size(disk)}`}`);
  const more = disks.length > MOST_DISKS ? `${GAP}and ${disks.length - MOST_DISKS} more` : "";
  const one = disks[0] === undefined ? "" : size(disks[0]);
  const each = alike && one !== "" ? `  ${one}${disks.length > 1 ? " each" : ""}` : "";
  const whole = disks.some(({ part }) => part === "full") ? ", whole" : ", metadata";
  return `${named.join(alike ? GAP : ", ")}${more}${each}${whole}`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** As it is printed on the disk: powers of ten, two digits of it. */
function size({ sizeBytes }: Erase): string {
  if (sizeBytes === null) return "";
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const text =
    value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
  return `${text} ${UNITS[unit] ?? ""}`;
}

/** Cells in columns; where they don't fit, each machine and its disks in words, and nothing is left out. */
function laid(rows: readonly (readonly string[])[], sheet: Sheet): readonly string[] {
  const heads = headsOf(rows);
  const widths = heads.map((head, index) =>
    Math.max(head.length, ...rows.map((cells) => (cells[index] ?? "").length)),
  );
  const lines = [heads, ...rows].map((cells) => {
    const padded = cells.map((cell, index) => cell.padEnd(widths[index] ?? 0));
    return `    ${padded.filter((_, index) => (widths[index] ?? 0) > 0).join(GAP)}`.trimEnd();
  });
  if (lines.every((line) => line.length <= sheet.columns)) return lines;
  return rows.flatMap((cells) => inLines(cells, sheet));
}

const WORDS = [
  "",
  "serial ",
  "BMC ",
  "root disk overwritten: ",
  "other disks: ",
  "workload lost: ",
];

function inLines(cells: readonly string[], sheet: Sheet): readonly string[] {
  const said = cells.map((cell, index) => (cell === "" ? "" : `${WORDS[index] ?? ""}${cell}`));
  const [name = "", serial = "", host = "", ...losses] = said;
  return [
    `    ${[name, serial, host].filter((text) => text !== "").join(GAP)}`,
    ...losses
      .filter((text) => text !== "")
      .flatMap((text) => wrapped(text, sheet.columns - 8))
      .map((line) => `      ${line}`),
  ];
}
