import { bmcText } from "../../schemas/bmc-unit.ts";
import { placeText } from "../../schemas/diagnostic.ts";
import { type FleetNode, originOf } from "../../schemas/fleet.ts";
import { known, type Observation } from "../../schemas/observation.ts";
import type { NodePlan } from "../../schemas/plan.ts";
import type { HoldRecord, NodeRecord } from "../../schemas/record.ts";
import { inWords } from "./durations.ts";
import { groupAlike } from "./group-alike.ts";
import { at, type Sheet, wrapped } from "./sheet.ts";
import { showNodes } from "./show-nodes.ts";
import { valueText } from "./verdict.ts";

/** What is known of the node that a person is about to act on. */
export interface ActSight {
  readonly node: FleetNode;
  readonly plan: NodePlan;
  readonly record: NodeRecord | null;
  readonly observation: Observation | undefined;
  readonly holds: readonly HoldRecord[];
  /** Which commit is in force, where it is not the one that is read here; else null. */
  readonly otherTree: string | null;
  /** What follows from the act; null where nothing does. */
  readonly follows: string | null;
}

const WORD_AT = 4;
const TEXT_AT = 21;

/** Which machine it is, what runs there, what git and people say of it, and what is about to be done. */
export function showAct(sight: ActSight, sheet: Sheet): string {
  const { plan } = sight;
  const rows = [
    ["machine", machineText(sight)],
    ["runs", workloadText(sight, sheet)],
    ["git says", gitText(sight)],
    ...(sight.otherTree === null ? [] : [["note", sight.otherTree]]),
    ...plan.notes.map((note) => ["note", note]),
    ...sight.holds.map((hold) => ["held", holdText(hold, sheet)]),
    ...(sight.follows === null ? [] : [["then", sight.follows]]),
  ];
  const facts = rows.flatMap(([word = "", text = ""]) => row(word, text, sheet));
  const block = showNodes(groupAlike([plan]), sheet);
  const [head = "", ...steps] = block;
  const lines = [head, ...facts, ...steps];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function row(word: string, text: string, sheet: Sheet): readonly string[] {
  const label = `${" ".repeat(WORD_AT)}${word}`;
  return wrapped(text, Math.max(20, sheet.columns - TEXT_AT)).map((line, index) =>
    at(TEXT_AT, index === 0 ? label : "", line),
  );
}

function machineText({ plan, node, observation }: ActSight): string {
  const serial = plan.identity.serial ?? "unknown";
  const power = known(observation, "power") ?? "unknown";
  const bmc = bmcText(node.spec.bmc);
  return `serial ${serial}, power ${power}${bmc === null ? "" : `, BMC ${bmc}`}`;
}

/** The workload, and who brought it: what is lost or interrupted is somebody's. */
function workloadText({ record, node, plan }: ActSight, { now }: Sheet): string {
  const instance = record?.instance ?? null;
  const owner = node.allocation === undefined ? "" : `, for the Allocation ${node.allocation}`;
  if (instance === null)
    return plan.provisionState === "active"
      ? `something that was there before us${owner}`
      : `no workload of ours${owner}`;
  const name = instance.image?.["name"];
  const what = typeof name === "string" ? name : "something that we did not install";
  const since = instance.since === null ? "" : ` for ${inWords((now - instance.since) / 1000)}`;
  return `${what}${since} (${instance.origin} by ${instance.by})${owner}`;
}

function gitText({ node }: ActSight): string {
  const { power, boot } = node.spec;
  const said = [
    ["power", power, "/power"],
    ["boot.device", boot?.device, "/boot/device"],
  ] as const;
  const words = said.flatMap(([word, value, path]) =>
    value === undefined
      ? []
      : [`${word}: ${valueText(value)} (${placeText(originOf(node, path), false)})`],
  );
  return words.length === 0 ? "nothing of power and boot device" : words.join(", ");
}

function holdText({ id, scope, reason, owner, since }: HoldRecord, { now }: Sheet): string {
  return `${scope}, by ${owner} for ${inWords((now - since) / 1000)}: "${reason}" (id ${id})`;
}
