import type { HoldScope, NodeSpec } from "../../schemas/documents.ts";
import type { Place } from "../../schemas/diagnostic.ts";
import { portSchema } from "../../schemas/parts.ts";
import { annotationsOf } from "./annotations.ts";
import { userOf } from "./bmc-login.ts";
import type { ForeignNode, Note, Offering } from "./foreign-node.ts";
import { bootNotes } from "./ironic-properties.ts";
import { landingNotes, landingOf } from "./ironic-states.ts";
import { metal3Bmc } from "./metal3-address.ts";
import { withoutLogins } from "./may-be-secret.ts";
import { metal3Hints } from "./metal3-hints.ts";
import { METAL3_LANDINGS } from "./metal3-states.ts";
import { type Fields, flagOf, isSaid, mapOf, textOf } from "./values.ts";

/** User names by `namespace/name` of the Secrets that stand in the same stream. */
export type UserNames = ReadonlyMap<string, string>;

/** One BareMetalHost in our words (peers.md, Metal3). */
export function metal3Node(
  host: Fields,
  place: Place,
  { users, offering }: { readonly users: UserNames; readonly offering: Offering },
): ForeignNode {
  const [metadata, status] = [mapOf(host["metadata"]), mapOf(host["status"])];
  const { fields: spec, notes: secrets } = withoutLogins(mapOf(host["spec"]));
  const name = textOf(metadata["name"]) ?? null;
  const namespace = textOf(metadata["namespace"]) ?? "default";
  const access = mapOf(spec["bmc"]);
  const login = loginOf(access, namespace, users);
  const stands = mapOf(status["provisioning"]);
  const declared = flagOf(spec["externallyProvisioned"]) === true;
  const state = textOf(stands["state"]) ?? (declared ? "externally provisioned" : undefined);
  const landing = landingOf(state, METAL3_LANDINGS);
  const boot = bootPort(textOf(spec["bootMACAddress"]));
  const labels = annotationsOf("metadata.labels", mapOf(metadata["labels"]), "");
  const remarks = annotationsOf("metadata.annotations", ownRemarks(metadata), "");
  return {
    called: `${namespace}/${name ?? ""}`,
    name,
    suffix: namespace,
    place,
    uuid: textOf(stands["ID"]),
    labels: labels.annotations,
    annotations: { ...remarks.annotations, ...placeOf(namespace, spec) },
    spec: {
      driver: login.driver,
      identity: identityOf(mapOf(status["hardware"])),
      bmc: Object.keys(login.bmc).length === 0 ? undefined : login.bmc,
      provision: { state: landing.state, rootDevice: metal3Hints(mapOf(spec["rootDeviceHints"])) },
      clean:
        textOf(spec["automatedCleaningMode"]) === "disabled" ? { automated: "none" } : undefined,
      description: textOf(spec["description"]),
      properties: isSaid(spec["architecture"])
        ? { cpu_arch: textOf(spec["architecture"]) }
        : undefined,
      holds: holdsOf(mapOf(metadata["annotations"]), spec),
      ports: boot.ports,
    },
    origins: {},
    notes: [
      ...landingNotes(`status.provisioning.state ${state ?? ""}`.trim(), landing),
      ...driverNotes(login.driver, offering),
      ...login.notes,
      ...bootNotes(capabilities(textOf(spec["bootMode"]))),
      ...boot.notes,
      ...labels.notes,
      ...remarks.notes,
      ...secrets.map((note) => ({ ...note, field: `spec.${note.field}` })),
      ...leftOut(spec),
    ],
  };
}

function loginOf(
  access: Fields,
  namespace: string,
  users: UserNames,
): Pick<ReturnType<typeof metal3Bmc>, "driver" | "bmc" | "notes"> {
  const found = metal3Bmc(
    textOf(access["address"]) ?? "",
    flagOf(access["disableCertificateVerification"]) === true,
  );
  const secret = `${namespace}/${textOf(access["credentialsName"]) ?? ""}`;
  // As a Secret that is mounted lies there: a directory, a file for each key.
  const user = userOf(users.get(secret), `${secret}/password`);
  const notes = users.has(secret)
    ? user.notes
    : user.notes.map((note) => ({ ...note, why: `the Secret ${secret} is not in the export` }));
  return {
    driver: found.driver,
    bmc: { ...found.bmc, ...user.bmc },
    notes: [...found.notes, ...notes],
  };
}

function driverNotes(driver: string, offering: Offering): readonly Note[] {
  if (offering.knows(driver)) return [];
  return [
    {
      field: `bmc.address ${driver}`,
      why: "no such hardware type is built; it is kept as it is",
      todo: "load a driver of that name, or write driver: redfish and its bmc; validate refuses it until then",
    },
  ];
}

/** Annotations by which Metal3 and kubectl are driven are no remarks of people. */
function ownRemarks(metadata: Fields): Fields {
  const all = Object.entries(mapOf(metadata["annotations"]));
  return Object.fromEntries(
    all.filter(([key]) => !/(?:^|\.)metal3\.io|(?:^|\.)kubernetes\.io\//.test(key)),
  );
}

function placeOf(namespace: string, spec: Fields): Readonly<Record<string, string>> {
  const consumer = mapOf(spec["consumerRef"]);
  const user = [consumer["kind"], consumer["namespace"], consumer["name"]].flatMap(
    (part) => textOf(part) ?? [],
  );
  return {
    "metal3/namespace": namespace,
    ...(user.length === 0 ? {} : { "metal3/consumer": user.join("/") }),
  };
}

/** The one NIC that a host declares: the machine boots from the network by it. */
function bootPort(text: string | undefined): {
  readonly ports: NodeSpec["ports"];
  readonly notes: readonly Note[];
} {
  if (text === undefined) return { ports: undefined, notes: [] };
  const port = portSchema.safeParse({ mac: text.toLowerCase(), pxeEnabled: true });
  if (port.success) return { ports: { boot: port.data }, notes: [] };
  const why = "it is no MAC address of six octets";
  const todo = "ports: { boot: { mac: MAC, pxeEnabled: true } }";
  return { ports: undefined, notes: [{ field: "spec.bootMACAddress", why, todo }] };
}

/** What a ramdisk read of the machine: its serial tells it apart. Its maker may be written otherwise by its BMC. */
function identityOf(hardware: Fields): NodeSpec["identity"] {
  const serial = textOf(mapOf(hardware["systemVendor"])["serialNumber"]);
  return serial === undefined ? undefined : { serial };
}

/** What keeps Metal3 off a machine keeps us off it. */
function holdsOf(annotations: Fields, spec: Fields): NodeSpec["holds"] {
  const holds: { scope: HoldScope; reason: string }[] = [];
  for (const word of ["paused", "detached"])
    if (`baremetalhost.metal3.io/${word}` in annotations)
      holds.push({ scope: "all", reason: `${word} in Metal3` });
  if (flagOf(spec["disablePowerOff"]) === true)
    holds.push({ scope: "power", reason: "disablePowerOff in Metal3" });
  return holds.length === 0 ? undefined : holds;
}

function capabilities(mode: string | undefined): Readonly<Record<string, string>> {
  if (mode === "UEFISecureBoot") return { boot_mode: "uefi", secure_boot: "true" };
  return mode === undefined ? {} : { boot_mode: mode === "legacy" ? "bios" : "uefi" };
}

const KEPT = "what runs there stays as it is";
const REBUILD = "provision, when it is to be rebuilt one day";

/** Fields of `spec` that become nothing, and what is said of each that holds something. */
const LEFT_OUT: Readonly<Record<string, Omit<Note, "field">>> = {
  image: { why: KEPT, todo: REBUILD },
  customDeploy: { why: KEPT, todo: REBUILD },
  userData: { why: KEPT, todo: REBUILD },
  networkData: { why: KEPT, todo: REBUILD },
  metaData: { why: KEPT, todo: REBUILD },
  preprovisioningNetworkDataName: { why: "no ramdisk is booted by an import", todo: "nothing" },
  raid: {
    why: "arrays are made by a request only",
    todo: "spec.raid, when they are to be made anew",
  },
  firmware: { why: "Metal3 ignores it too", todo: "nothing" },
  taints: { why: "Metal3 never obeyed them", todo: "nothing" },
  networkInterfaces: { why: "switches are not driven here", todo: "keep what drives them" },
};

function leftOut(spec: Fields): readonly Note[] {
  const said = Object.entries(LEFT_OUT).filter(([key]) => isSaid(spec[key]));
  const online = flagOf(spec["online"]);
  const power: readonly Note[] =
    online === undefined
      ? []
      : [
          {
            field: `spec.online ${String(online)}`,
            why: "an import switches nothing: power is left as it is found",
            todo: `power: ${online ? "on" : "off"}, to have it kept`,
          },
        ];
  return [...said.map(([key, note]) => ({ field: `spec.${key}`, ...note })), ...power];
}
