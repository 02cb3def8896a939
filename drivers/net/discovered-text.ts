import type { Identity, NodeSpec, SecretRef } from "../../schemas/documents.ts";
import { type FleetNode, UNDECLARED } from "../../schemas/fleet.ts";
import { oneLine } from "./plain-words.ts";

/** Longest label by RFC 1123, with room for `-4096`. */
const NAME_MAX = 58;

/** A name by maker and serial, because a BMC's host names move and repeat; `otherwise` where it says neither serial nor UUID. */
export function labelOf(identity: Identity, otherwise: string): string {
  const { manufacturer = "", serial, systemUuid } = identity;
  const maker = manufacturer.split(/[^A-Za-z0-9]/)[0] ?? "";
  const words = `${maker === "" ? "node" : maker}-${serial ?? systemUuid ?? otherwise}`;
  const label = words.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return label.slice(0, NAME_MAX).replace(/^-+|-+$/g, "") || "node";
}

/** Labels that are each there once: the second `a` is `a-2`. */
export function uniqueLabels(labels: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return labels.map((stem) => {
    let name = stem;
    for (let count = 2; taken.has(name); count += 1) name = `${stem}-${count}`;
    taken.add(name);
    return name;
  });
}

/** A JSON string is a YAML string, whatever the BMC wrote into it. */
export function yamlText(value: string): string {
  return JSON.stringify(value);
}

/** A node of a BMC that nobody has declared. */
export function strangerNode(
  address: string,
  spec: Required<Pick<NodeSpec, "driver" | "bmc">>,
): FleetNode {
  return {
    name: `discover ${address}`,
    uuid: null,
    uuidDeclared: false,
    labels: {},
    annotations: {},
    spec,
    place: { file: UNDECLARED, line: 1, column: 1 },
    origins: {},
    specHash: "",
  };
}

/** What a document says of one machine. */
export interface FoundMachine {
  readonly name: string;
  readonly driver: string;
  /** Model, or for want of it the BMC's maker. */
  readonly make: string | undefined;
  readonly bmcFirmware: string | undefined;
  readonly identity: Identity;
  /** Lines of `spec.bmc`. */
  readonly bmc: readonly string[];
}

/** The Node document of a machine, ready for a file below `inventory/`. */
export function documentOf(found: FoundMachine): string {
  const { name, driver, make, bmcFirmware, identity, bmc } = found;
  const firmware = bmcFirmware === undefined ? [] : [`BMC firmware ${bmcFirmware}`];
  const comment = oneLine([make ?? [], ...firmware].flat().join(", "));
  const lines = [
    ...(comment === "" ? [] : [`# ${comment}`]),
    "apiVersion: ironwright/v1",
    "kind: Node",
    "metadata:",
    `  name: ${yamlText(name)}`,
    "spec:",
    `  driver: ${driver}`,
    ...identityLines(identity),
    "  bmc:",
    ...bmc,
    "  provision: { state: adopted }",
  ];
  return `${lines.join("\n")}\n`;
}

/** The lines of `spec.identity`; none where nothing is known. */
function identityLines(identity: Identity): readonly string[] {
  const lines = Object.entries(identity).flatMap(([key, value]) =>
    typeof value === "string" ? [`    ${key}: ${yamlText(value)}`] : [],
  );
  return lines.length === 0 ? [] : ["  identity:", ...lines];
}

/** A reference to a secret, on one line. */
export function refText(ref: SecretRef): string {
  const pairs = Object.entries(ref).map(([key, value]) => `${key}: ${yamlText(value)}`);
  return `{ ${pairs.join(", ")} }`;
}
