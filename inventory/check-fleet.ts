import type { Diagnostic } from "../schemas/diagnostic.ts";
import { unitOf } from "../schemas/bmc-unit.ts";
import { type FleetAllocation, type FleetNode, originOf } from "../schemas/fleet.ts";
import { boundsErasing, type PolicyDocument } from "../schemas/kinds.ts";
import { meets, termsOf } from "../schemas/selector.ts";
import { checkAllocations } from "./check-allocations.ts";
import { checkClasses } from "./check-classes.ts";
import { checkParts } from "./check-parts.ts";
import { checkTree } from "./check-tree.ts";
import { didYouMean } from "../schemas/nearest.ts";

/** Hardware types that need no BMC. */
const WITHOUT_BMC = new Set(["fake"]);

/** What nodes refer to, and what refers to them. */
export interface Declared {
  readonly runbooks: readonly string[];
  readonly chassis: readonly string[];
  readonly policies: readonly PolicyDocument[];
  readonly allocations: readonly FleetAllocation[];
}

/** Rules that hold between nodes, and of a node once its profiles are folded in. */
export function checkFleet(
  nodes: readonly FleetNode[],
  { runbooks, chassis, policies, allocations }: Declared,
): readonly Diagnostic[] {
  return [
    ...nodes.flatMap(required),
    ...sameUuid(nodes),
    ...sameBmc(nodes),
    ...nodes.flatMap((node) => strangeRunbooks(node, runbooks)),
    ...nodes.flatMap((node) => strangeChassis(node, chassis)),
    ...unboundedRebuilds(nodes, policies),
    ...checkParts(nodes),
    ...checkTree(nodes),
    ...checkAllocations(allocations, nodes),
    ...checkClasses(nodes, allocations),
  ];
}

/** What a node may lose by an edit, others must be kept from losing at the same time; said once where it stands. */
function unboundedRebuilds(
  nodes: readonly FleetNode[],
  policies: readonly PolicyDocument[],
): readonly Diagnostic[] {
  const bounds = policies.filter(boundsErasing).map(({ spec }) => termsOf(spec));
  const byPlace = new Map<string, FleetNode[]>();
  for (const node of nodes) {
    if ((node.spec.provision?.rebuildOn ?? []).length === 0) continue;
    if (bounds.some((terms) => meets(node.labels, terms))) continue;
    const { file, line } = originOf(node, "/provision/rebuildOn");
    const there = byPlace.get(`${file}:${line}`) ?? [];
    byPlace.set(`${file}:${line}`, [...there, node]);
  }
  return [...byPlace.values()].flatMap((its) => {
    const [first] = its;
    if (first === undefined) return [];
    const more = its.length === 1 ? "" : ` and ${its.length - 1} more`;
    const message = `rebuildOn needs a Policy with budget.destructive, and none selects ${first.name}${more}; declare one, or take it out and ask by a request rebuild`;
    return [error("IW-I20", originOf(first, "/provision/rebuildOn"), message)];
  });
}

function strangeChassis(node: FleetNode, declared: readonly string[]): readonly Diagnostic[] {
  const { chassis } = node.spec;
  if (chassis === undefined || declared.includes(chassis)) return [];
  const hint = didYouMean(chassis, declared, "declare a Chassis of that name");
  return [
    error("IW-I06", originOf(node, "/chassis"), `chassis ${chassis} is not declared; ${hint}`),
  ];
}

function strangeRunbooks(node: FleetNode, runbooks: readonly string[]): readonly Diagnostic[] {
  return (node.spec.requests ?? []).flatMap(({ runbook }, index) => {
    if (runbook === undefined || runbooks.includes(runbook)) return [];
    const hint = didYouMean(runbook, runbooks, "declare a Runbook of that name");
    const place = originOf(node, `/requests/${index}/runbook`);
    return [error("IW-I06", place, `runbook ${runbook} is not declared; ${hint}`)];
  });
}

function error(
  code: string,
  place: Omit<Diagnostic, "code" | "severity" | "message">,
  message: string,
): Diagnostic {
  return {
    file: place.file,
    line: place.line,
    column: place.column,
    code,
    severity: "error",
    message,
  };
}

function required(node: FleetNode): readonly Diagnostic[] {
  const { driver, bmc, boot } = node.spec;
  if (driver === undefined)
    return [
      error(
        "IW-I10",
        node.place,
        `${node.name} has no spec.driver, itself or by a profile; write driver: redfish`,
      ),
    ];
  if (!WITHOUT_BMC.has(driver) && bmc?.address === undefined)
    return [
      error(
        "IW-I10",
        node.place,
        `${node.name} has no spec.bmc.address; write bmc: { address: https://... }`,
      ),
    ];
  if (boot?.secureBoot === true && boot.mode === "bios")
    return [
      error(
        "IW-I04",
        originOf(node, "/boot/secureBoot"),
        `${node.name}: secure boot needs boot.mode uefi`,
      ),
    ];
  return [];
}

function sameUuid(nodes: readonly FleetNode[]): readonly Diagnostic[] {
  const seen = new Map<string, FleetNode>();
  return nodes.flatMap((node) => {
    if (node.uuid === null) return [];
    const other = seen.get(node.uuid);
    seen.set(node.uuid, node);
    if (other === undefined) return [];
    return [
      error(
        "IW-I05",
        node.place,
        `${node.name} and ${other.name} (${where(other)}) have one uuid, ${node.uuid}`,
      ),
    ];
  });
}

/** Two nodes at one address that are one system, or bridged to one controller, would undo each other's work without knowing. */
function sameBmc(nodes: readonly FleetNode[]): readonly Diagnostic[] {
  const byAddress = new Map<string, FleetNode[]>();
  // An enclosure has one address for many nodes.
  const normalOf = new Map<string, string>();
  for (const node of nodes) {
    const written = node.spec.bmc?.address;
    if (written === undefined) continue;
    const address = normalOf.get(written) ?? bmcHost(written);
    normalOf.set(written, address);
    const there = byAddress.get(address);
    if (there === undefined) byAddress.set(address, [node]);
    else there.push(node);
  }
  return [...byAddress.values()].flatMap((sharing) =>
    sharing.length < 2 ? [] : conflicts(sharing),
  );
}

function conflicts(sharing: readonly FleetNode[]): readonly Diagnostic[] {
  const byUnit = new Map<string, FleetNode>();
  // A chassis's own BMC may be a node beside those that are bridged by it.
  const isBeside = (node: FleetNode): boolean =>
    sharing.every((one) => one === node || one.spec.bmc?.bridging !== undefined);
  return sharing.flatMap((node) => {
    const place = originOf(node, "/bmc/address");
    const address = node.spec.bmc?.address ?? "";
    const unit = unitKey(node);
    const other = sharing.find((one) => one !== node);
    if (unit === undefined)
      return isBeside(node)
        ? []
        : [
            error(
              "IW-I08",
              place,
              `${node.name} shares ${address} with ${other?.name ?? ""} and names no ${unitWord(node)}`,
            ),
          ];
    const twin = byUnit.get(unit);
    byUnit.set(unit, node);
    if (twin === undefined) return [];
    return [
      error(
        "IW-I08",
        place,
        `${node.name} and ${twin.name} (${where(twin)}) are both ${unit} at ${address}`,
      ),
    ];
  });
}

function unitWord({ spec }: FleetNode): string {
  if (spec.driver !== "ipmi") return "bmc.system; say which system it is";
  return "bmc.bridging; say whom the BMC there passes on to for it";
}

/** What tells nodes at one address apart. A slash at the end of a path names the same resource (DSP0266 6.5). */
export function unitKey({ spec }: Pick<FleetNode, "spec">): string | undefined {
  return unitOf(spec.bmc ?? {})?.replace(/\/+$/, "");
}

/** One BMC's address, however it is written: by IPMI the scheme, the port 623 and a slash may be there or not. */
export function bmcHost(written: string): string {
  const bare = written.replace(/^ipmi:\/\//i, "").replace(/\/$/, "");
  const address = /^[a-z][a-z0-9+-]*:\/\//i.test(bare) ? written : withoutRmcpPort(bare);
  if (!address.includes("://") || !URL.canParse(address)) return address.toLowerCase();
  const { protocol, host } = new URL(address);
  return `${protocol}//${host}`;
}

/** The port of RMCP (IPMI 2.0, 13.1.2); in a bare IPv6 address the colon is no port's. */
function withoutRmcpPort(bare: string): string {
  return bare.replace(/^(\[[^\]]*\]|[^:]*):623$/, "$1").replace(/^\[(.*)\]$/, "$1");
}

function where({ place }: FleetNode): string {
  return `${place.file}:${place.line}`;
}
