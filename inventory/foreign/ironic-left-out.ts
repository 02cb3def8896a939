import type { Note } from "./foreign-node.ts";
import { type Fields, isSaid, mapOf, textOf } from "./values.ts";

/** What is said of a field that holds something and becomes nothing; `keys` names what is in it. */
interface LeftOut {
  readonly why: string;
  readonly todo: string;
  readonly keys?: true;
}

/** Wishes of Ironic's that an import alone must not make ours. */
const LEFT_OUT: Readonly<Record<string, LeftOut>> = {
  instance_info: {
    why: "what runs there stays as it is, and how it came there may hold secrets",
    todo: "provision.image, when it is to be rebuilt one day",
    keys: true,
  },
  target_raid_config: {
    why: "arrays are made by a request only",
    todo: "spec.raid, when they are to be made anew",
  },
  network_data: {
    why: "it is not obeyed here",
    todo: "provision.configDrive.networkData, before a deploy",
  },
  console_enabled: { why: "consoles are not built", todo: "nothing" },
  reservation: {
    why: "a conductor holds the node's lock at this moment",
    todo: "let it end, and export again",
  },
};

/** Fields without a word of ours, and the one that every node has: what its power was. */
export function leftOut(fields: Fields): readonly Note[] {
  const said = Object.entries(LEFT_OUT).filter(([field]) => isSaid(fields[field]));
  const power = textOf(fields["power_state"]);
  return [
    ...said.map(([field, { why, todo, keys }]) => ({
      field,
      why: keys === true ? `${why} (${keysOf(fields[field])})` : why,
      todo,
    })),
    ...(power === undefined ? [] : [powerNote(power)]),
  ];
}

function powerNote(power: string): Note {
  const word = power === "power off" ? "off" : "on";
  return {
    field: `power_state ${power}`,
    why: "an import switches nothing: power is left as it is found",
    todo: `power: ${word}, to have it kept`,
  };
}

/** Names alone: what stands there may be a user's password. */
function keysOf(value: unknown): string {
  const keys = Object.keys(mapOf(value)).map((key) => textOf(key) ?? "");
  return keys.length === 0 ? "text" : keys.sort().join(", ");
}
