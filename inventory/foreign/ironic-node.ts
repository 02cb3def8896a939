import type { NodeSpec } from "../../schemas/documents.ts";
import { INTERFACES } from "../../schemas/steps.ts";
import type { Place } from "../../schemas/diagnostic.ts";
import { annotationsOf } from "./annotations.ts";
import type { ForeignNode, Note, Offering } from "./foreign-node.ts";
import { DEDICATED_SUPPLY, driverOf, loginOf } from "./ironic-driver-info.ts";
import type { Bmc } from "./bmc-login.ts";
import { withoutLogins } from "./may-be-secret.ts";
import { leftOut } from "./ironic-left-out.ts";
import { propertiesOf } from "./ironic-properties.ts";
import { IRONIC_LANDINGS, landingNotes, landingOf } from "./ironic-states.ts";
import { traitsOf } from "./traits.ts";
import { type Fields, flagOf, isSaid, listOf, mapOf, textOf } from "./values.ts";

/** Fields that people may look for, and that our engine has no use for: annotations under `ironic/`. */
const ANNOTATED = ["owner", "lessee", "instance_uuid", "shard"];

/** What other lists say of nodes: names of chassis by their uuid, of allocations by their node's. */
export interface IronicSurroundings {
  readonly offering: Offering;
  readonly chassis: ReadonlyMap<string, string>;
  readonly allocations: ReadonlyMap<string, string>;
}

/** One node of Ironic's in our words (ironic-facts 13.3). */
export function ironicNode(
  row: Fields,
  place: Place,
  { offering, chassis, allocations }: IronicSurroundings,
): ForeignNode {
  const { fields, notes: secrets } = withoutLogins(row);
  const uuid = textOf(fields["uuid"]);
  const name = textOf(fields["name"]) ?? null;
  const info = mapOf(fields["driver_info"]);
  const declared = textOf(fields["driver"]) ?? "";
  const driver = driverOf(declared, info);
  const landing = landingOf(textOf(fields["provision_state"]), IRONIC_LANDINGS);
  const login = loginOf(driver, info);
  const properties = propertiesOf(mapOf(fields["properties"]));
  const traits = traitsOf(listOf(fields["traits"]));
  const extra = annotationsOf("extra", mapOf(fields["extra"]), "");
  const interfaces = interfacesOf(fields, driver, offering);
  const seat = textOf(fields["chassis_uuid"])?.toLowerCase();
  const enclosure = chassis.get(seat ?? "");
  const own = {
    ...Object.fromEntries(ANNOTATED.map((key) => [key, fields[key]])),
    chassis_uuid: enclosure === undefined ? seat : undefined,
    allocation: allocations.get(uuid?.toLowerCase() ?? ""),
  };
  return {
    called: name ?? uuid ?? "",
    name,
    suffix: (uuid ?? "").slice(0, 8),
    place,
    uuid,
    parent: parentOf(fields, info),
    labels: {},
    annotations: { ...extra.annotations, ...annotationsOf("node", own, "ironic/").annotations },
    spec: {
      driver,
      interfaces: interfaces.chosen,
      conductorGroup: textOf(fields["conductor_group"]),
      bmc: Object.keys(login.bmc).length === 0 ? undefined : login.bmc,
      provision: { state: landing.state, rootDevice: properties.rootDevice },
      clean: flagOf(fields["automated_clean"]) === false ? { automated: "none" } : undefined,
      traits: traits.traits,
      resourceClass: textOf(fields["resource_class"]),
      description: textOf(fields["description"]),
      properties: properties.kept,
      ...guards(fields),
      chassis: enclosure,
    },
    origins: {},
    notes: [
      ...landingNotes(`provision_state ${textOf(fields["provision_state"]) ?? ""}`.trim(), landing),
      ...driverNotes(declared, driver, offering),
      ...interfaces.notes,
      ...login.notes,
      ...(login.bmc.address === undefined ? [] : [noIdentity(login.bmc)]),
      ...properties.notes,
      ...traits.notes,
      ...extra.notes,
      ...secrets,
      ...leftOut(fields),
      ...idleSupply(fields, info),
    ],
  };
}

/** Where it draws its power from (ironic-facts 2.4, rule 4). */
function parentOf(fields: Fields, info: Fields): ForeignNode["parent"] {
  const called = textOf(fields["parent_node"]);
  if (called === undefined) return undefined;
  return { called, dedicatedPower: flagOf(info[DEDICATED_SUPPLY]) === true };
}

/** Ironic reads it of children only. */
function idleSupply(fields: Fields, info: Fields): readonly Note[] {
  if (textOf(fields["parent_node"]) !== undefined || flagOf(info[DEDICATED_SUPPLY]) !== true)
    return [];
  const why = "it has no parent_node whose power it could do without";
  return [{ field: `driver_info.${DEDICATED_SUPPLY}`, why, todo: "nothing" }];
}

/** At the address of a chassis `discover` finds the chassis. */
function noIdentity({ bridging }: Bmc): Note {
  return {
    field: "identity",
    why: "the export names no serial, so the machine that answers first is taken for the node",
    todo:
      bridging === undefined
        ? "spec.identity, as ironwright discover ADDRESS prints it; of an IPMI node: ipmi://ADDRESS"
        : "spec.identity, as ironwright observe NODE prints it",
  };
}

/** What keeps people and engines off a node is carried over whole. */
function guards(fields: Fields): Pick<NodeSpec, "maintenance" | "holds" | "protected" | "retired"> {
  const reasonOf = (key: string): { reason?: string } => {
    const reason = textOf(fields[key]);
    return reason === undefined ? {} : { reason };
  };
  const fault = textOf(fields["fault"]);
  const said = textOf(fields["maintenance_reason"]) ?? (fault && `fault in Ironic: ${fault}`);
  const why = reasonOf("protected_reason").reason;
  const kept: ReturnType<typeof guards> = {};
  if (flagOf(fields["maintenance"]) === true || fault !== undefined)
    kept.maintenance = { enabled: true, ...(said === undefined ? {} : { reason: said }) };
  if (flagOf(fields["disable_power_off"]) === true)
    kept.holds = [{ scope: "power", reason: "disable_power_off in Ironic" }];
  if (flagOf(fields["protected"]) === true)
    kept.protected = why === undefined ? true : { reason: why };
  if (flagOf(fields["retired"]) === true) kept.retired = reasonOf("retired_reason");
  return kept;
}

function driverNotes(declared: string, driver: string, offering: Offering): readonly Note[] {
  if (driver !== declared)
    return [
      {
        field: `driver ${declared}`,
        why: `it is ${driver} here`,
        todo: "nothing",
      },
    ];
  if (offering.knows(driver)) return [];
  return [
    {
      field: `driver ${driver}`,
      why: "no such hardware type is built; it is kept as it is",
      todo: "load a driver of that name, or write driver: redfish and its bmc; validate refuses it until then",
    },
  ];
}

/** Ironic prints every interface; only those that are not our default are written. */
function interfacesOf(
  fields: Fields,
  driver: string,
  offering: Offering,
): { readonly chosen: Record<string, string> | undefined; readonly notes: readonly Note[] } {
  const chosen: Record<string, string> = {};
  const notes: Note[] = [];
  for (const name of INTERFACES) {
    const implementation = textOf(fields[`${name}_interface`]);
    if (implementation === undefined) continue;
    const offered = offering.knows(driver) ? offering.find(driver, name, implementation) : "other";
    if (offered === "other") chosen[name] = implementation;
    if (offered === "none")
      notes.push({
        field: `${name}_interface ${implementation}`,
        why: `${driver} has no such ${name} interface here, and takes its default`,
        todo: "nothing",
      });
  }
  return { chosen: isSaid(chosen) ? chosen : undefined, notes };
}
