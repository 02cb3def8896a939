import { STORE_FORMAT } from "../../../schemas/store-format.ts";
import type { IntentLine, JournalLine } from "../../../schemas/store.ts";
import { isMap } from "../../../schemas/is-map.ts";
import { UnreadableFile } from "./store-files.ts";

type Shape = Readonly<Record<string, unknown>>;

/** The way from one format to the next, for each shape that names the one it was written in. */
interface Upgrade {
  readonly record: (record: Shape) => Shape;
  readonly line: (line: Shape) => Shape;
}

/**
 * By the format that it leads away from. A row is kept for ever: a record is written anew only when somebody acts on its
 * node, and may be of any format that a store ever had.
 */
const UPGRADES: Readonly<Record<number, Upgrade>> = {
  1: { record: recordOf1, line: lineOf1 },
};

/** A record file as the newest format has it, whichever it was written in. Throws UnreadableFile. */
export function upgradeRecord(value: Shape, path: string): Shape {
  return upgrade(value, path, ({ record }) => record);
}

/** The same of a journal's line. Throws UnreadableFile. */
export function upgradeLine(value: Shape, path: string): Shape {
  return upgrade(value, path, ({ line }) => line);
}

function upgrade(
  value: Shape,
  path: string,
  wayOf: (step: Upgrade) => Upgrade[keyof Upgrade],
): Shape {
  const { version } = value;
  // Whatever else calls itself a version is damage, and the schema says so.
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1) return value;
  if (version > STORE_FORMAT)
    throw new UnreadableFile(
      "IW-S05",
      `${path} was written in format ${version}, this engine knows ${STORE_FORMAT}; use a newer ironwright`,
    );
  let now = value;
  for (let at = version; at < STORE_FORMAT; at += 1) {
    const step = UPGRADES[at];
    if (step !== undefined) now = { ...wayOf(step)(now), version: at + 1 };
  }
  return now;
}

/** A record as engines of that format read it. */
export function recordIn(
  format: number,
  record: Shape & {
    readonly open: readonly { readonly line: IntentLine; readonly task: unknown }[];
  },
): Shape {
  const open = record.open.map(({ line, task }) => ({ line: lineIn(format, line), task }));
  return { ...record, open, version: format };
}

/** A line as engines of that format read it. */
export function lineIn(format: number, line: JournalLine): Shape {
  return { ...line, version: format };
}

/** What came in while format 1 was the newest, so that its records may lack it. */
const LATE_IN_1 = {
  instance: null,
  claim: null,
  allocation: null,
  usedRequests: {},
  inventory: null,
  inspectedAt: null,
  ramdisk: null,
  deployTries: null,
  stateSince: null,
  ports: {},
  portGroups: {},
  vifs: {},
  volumes: { connectors: {}, targets: {} },
  unprotectedSeq: null,
  open: [],
} as const;
const LATE_IN_ACTIVITIES_OF_1 = {
  request: null,
  authority: null,
  step: null,
  entry: 0,
  act: 0,
  abortAfter: false,
  enteredAt: 0,
  ending: null,
  gate: null,
} as const;

function recordOf1(record: Shape): Shape {
  const { activity, fault, open } = record;
  return {
    ...LATE_IN_1,
    ...record,
    ...(isMap(activity) ? { activity: { ...LATE_IN_ACTIVITIES_OF_1, ...activity } } : {}),
    ...(isMap(fault) ? { fault: { specHash: null, ...fault } } : {}),
    ...(Array.isArray(open) ? { open: open.map(openOf1) } : {}),
  };
}

function openOf1(entry: unknown): unknown {
  if (!isMap(entry) || !isMap(entry["line"])) return entry;
  return { ...entry, line: { ...lineOf1(entry["line"]), version: 2 } };
}

/** Its first line of a node held the record whole, with the version of that. */
function lineOf1(line: Shape): Shape {
  const { patch } = line;
  const author = line["kind"] === "intent" ? { author: null } : {};
  if (!isMap(patch)) return { ...author, ...line };
  const { version: _of1, ...rest } = patch;
  return { ...author, ...line, patch: rest };
}
