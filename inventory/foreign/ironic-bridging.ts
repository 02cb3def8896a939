import type { Bmc, Login } from "./bmc-login.ts";
import type { Note } from "./foreign-node.ts";
import { type Fields, isSaid, textOf } from "./values.ts";

/** Keys of bridging in `driver_info`, without `ipmi_` (ironic-facts 9.1). */
export const BRIDGING_KEYS = [
  "bridging",
  "local_address",
  "transit_channel",
  "transit_address",
  "target_channel",
  "target_address",
] as const;
type Key = Exclude<(typeof BRIDGING_KEYS)[number], "bridging">;

type Bridging = NonNullable<Bmc["bridging"]>;

/** What each kind of bridging needs of Ironic's keys. */
const NEEDED: Readonly<Record<string, readonly Key[]>> = {
  no: [],
  single: ["target_channel", "target_address"],
  dual: ["target_channel", "target_address", "transit_channel", "transit_address"],
};

const TODO = "bmc.bridging, for what answers at bmc.address is another machine";

/** `bmc.bridging` of a node whose requests its BMC passes on; acts would reach the chassis where that were left out. */
export function bridgingOf(info: Fields): Login {
  const kind = textOf(info["ipmi_bridging"])?.toLowerCase() ?? "no";
  const needed = NEEDED[kind];
  if (needed === undefined) {
    const why = "it is none of no, single and dual";
    // Empty, so that validate refuses it.
    const notes = [{ field: "driver_info.ipmi_bridging", why, todo: TODO }];
    return { bmc: { bridging: {} }, notes };
  }
  const allowed: readonly string[] = kind === "no" ? [] : ["local_address", ...needed];
  const read = needed.map((key) => ({ key, number: numberOf(info[`ipmi_${key}`]) }));
  const missing = read
    .filter(({ number }) => number === undefined)
    .map(({ key }) => missingNote(key));
  const idle = BRIDGING_KEYS.slice(1)
    .filter((key) => !allowed.includes(key) && isSaid(info[`ipmi_${key}`]))
    .map((key) => idleNote(key, kind));
  const notes = [...missing, ...idle];
  if (kind === "no") return { bmc: {}, notes };
  const local = numberOf(info["ipmi_local_address"]);
  const wrongLocal = isSaid(info["ipmi_local_address"]) && local === undefined;
  const bridging: Bridging = {
    target: hopOf(info, "target"),
    ...(kind === "dual" ? { transit: hopOf(info, "transit") } : {}),
    ...(local === undefined ? {} : { localAddress: local }),
  };
  return {
    bmc: { bridging },
    notes: wrongLocal ? [...notes, LOCAL_NOTE] : notes,
  };
}

function hopOf(info: Fields, part: "target" | "transit"): NonNullable<Bridging["target"]> {
  const channel = numberOf(info[`ipmi_${part}_channel`]);
  const address = numberOf(info[`ipmi_${part}_address`]);
  return {
    ...(channel === undefined ? {} : { channel }),
    ...(address === undefined ? {} : { address }),
  };
}

/** Numbers as ipmitool takes them, to which Ironic hands them: decimal, 0x and hexadecimal, 0 and octal. */
function numberOf(value: unknown): number | undefined {
  const text = textOf(value)?.toLowerCase() ?? "";
  if (/^0x[0-9a-f]{1,2}$/.test(text)) return Number(text);
  if (/^0[0-7]{1,3}$/.test(text)) return Number.parseInt(text, 8);
  return /^(?:0|[1-9]\d{0,2})$/.test(text) ? Number(text) : undefined;
}

const LOCAL_NOTE: Note = {
  field: "driver_info.ipmi_local_address",
  why: "it is no number, and 0x20 is what is used where nothing is said",
  todo: "bmc.bridging.localAddress, where the chassis wants another one",
};

function missingNote(key: Key): Note {
  const why = "it is missing or no number, and validate refuses the document without it";
  return { field: `driver_info.ipmi_${key}`, why, todo: TODO };
}

function idleNote(key: string, kind: string): Note {
  const why = `Ironic does not use it, for ipmi_bridging is ${kind}`;
  return { field: `driver_info.ipmi_${key}`, why, todo: "nothing" };
}
