import type { Place } from "../../schemas/diagnostic.ts";
import type { Fields } from "./values.ts";

/** A list of Ironic's that is read. */
interface List {
  readonly noun: string;
  /** The command that prints it, between `openstack baremetal` and `list`. */
  readonly command: string;
  /** Under what the API's answer holds it. */
  readonly key: string;
  /** A row of it has one of these fields; the first list of the table that it fits is its own. */
  readonly marks: readonly string[];
  /** Fields without which nothing can be made of a row: the short list lacks them. */
  readonly needs: readonly string[];
}

/**
 * The long lists of python-ironicclient, told apart by their columns (ironicclient/v1/resource_fields.py:
 * NODE_, VOLUME_TARGET_, VOLUME_CONNECTOR_, ALLOCATION_, PORTGROUP_, PORT_ and CHASSIS_DETAILED_RESOURCE).
 */
export const IRONIC_LISTS = {
  node: {
    noun: "node",
    command: "node",
    key: "nodes",
    marks: ["provision_state", "driver", "driver_info"],
    needs: ["driver"],
  },
  target: {
    noun: "volume target",
    command: "volume target",
    key: "targets",
    marks: ["volume_id", "volume_type"],
    needs: ["node_uuid", "properties"],
  },
  connector: {
    noun: "volume connector",
    command: "volume connector",
    key: "connectors",
    marks: ["connector_id"],
    needs: ["node_uuid", "type"],
  },
  allocation: {
    noun: "allocation",
    command: "allocation",
    key: "allocations",
    marks: ["candidate_nodes", "state"],
    needs: ["node_uuid", "candidate_nodes"],
  },
  portGroup: {
    noun: "port group",
    command: "port group",
    key: "portgroups",
    marks: ["standalone_ports_supported", "mode"],
    needs: ["node_uuid", "mode"],
  },
  port: {
    noun: "port",
    command: "port",
    key: "ports",
    marks: ["address"],
    needs: ["node_uuid", "pxe_enabled"],
  },
  chassis: {
    noun: "chassis",
    command: "chassis",
    key: "chassis",
    marks: ["description"],
    needs: ["extra"],
  },
} as const satisfies Record<string, List>;
export type IronicKind = keyof typeof IRONIC_LISTS;

const KINDS = Object.keys(IRONIC_LISTS).filter((key): key is IronicKind =>
  Object.hasOwn(IRONIC_LISTS, key),
);
/** A chassis has no field of its own: what has another field than these is something else that is described. */
const CHASSIS_FIELDS = [
  "uuid",
  "description",
  "extra",
  "created_at",
  "updated_at",
  "links",
  "nodes",
];

/** One row of an export by Ironic's field names. */
export interface IronicRow {
  readonly kind: IronicKind;
  readonly fields: Fields;
  readonly place: Place;
}

/** Which list a row, by Ironic's field names, is of; null for one that is of none. */
export function ironicKindOf(fields: Fields): IronicKind | null {
  const has = (field: string): boolean => Object.hasOwn(fields, field);
  const kind = KINDS.find((one) => IRONIC_LISTS[one].marks.some(has));
  if (kind !== "chassis") return kind ?? null;
  return Object.keys(fields).every((field) => CHASSIS_FIELDS.includes(field)) ? kind : null;
}

/** Under which key an answer of the API holds its rows. */
export function listKeyOf(answer: Fields): string | undefined {
  return KINDS.map((kind) => IRONIC_LISTS[kind].key).find((key) => Array.isArray(answer[key]));
}

/** What is said of a row that is of none of the lists. */
export function noListText(): string {
  const nouns = KINDS.map((kind) => IRONIC_LISTS[kind].noun);
  const all = `${nouns.slice(0, -1).join(", ")} and ${nouns.at(-1) ?? ""}`;
  return `this row is of no list that is read; those are ${all}: openstack baremetal LIST list --long -f json. Leave the others out`;
}

/** What to hand in, so that there are rows of this kind with all that is read of them. */
export function commandOf(kind: IronicKind): string {
  return `openstack baremetal ${IRONIC_LISTS[kind].command} list --long -f json`;
}
