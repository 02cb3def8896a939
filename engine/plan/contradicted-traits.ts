import type { FleetNode } from "../../schemas/fleet.ts";
import { isMap } from "../../schemas/is-map.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import { STANDARD_TRAITS } from "../../schemas/standard-traits.ts";
import { type Disk, disksOf } from "./disks-of.ts";

/** A declared trait that the inspected hardware does not have. */
export interface Contradicted {
  readonly trait: string;
  /** Where it stands in the node's traits. */
  readonly index: number;
  /** What the hardware is instead, in one clause. */
  readonly why: string;
}

type Inventory = NonNullable<NodeRecord["inventory"]>;

/** What the hardware says against a trait; null where it says nothing, which is no contradiction. */
type Judge = (inventory: Inventory, trait: string) => string | null;

/** What programs of an architecture run on, besides their own. */
const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  x86_64: ["HW_ARCH_X86_64", "HW_ARCH_I686"],
  aarch64: ["HW_ARCH_AARCH64", "HW_ARCH_ARMV7", "HW_ARCH_ARMV7B", "HW_ARCH_ARMV6"],
};

/**
 * Every trait that an inventory can speak against, and how. It holds no flags of processors, no GPUs and no offloads,
 * so the traits of those are taken as they are declared; COMPUTE_* say what a hypervisor can do.
 */
const JUDGES: readonly (readonly [RegExp, Judge])[] = [
  [/^HW_ARCH_/, otherArchitecture],
  [/^HW_CPU_(X86_|AMD_SEV$)/, (inventory) => notOn(inventory, "x86_64")],
  [/^HW_CPU_AARCH64_/, (inventory) => notOn(inventory, "aarch64")],
  [/^HW_CPU_PPC64LE_/, (inventory) => notOn(inventory, "ppc64le")],
  [/^HW_CPU_HYPERTHREADING$/, oneThreadPerCore],
  [/^STORAGE_DISK_SSD$/, (inventory) => noDiskOf(inventory, isSolid)],
  [/^STORAGE_DISK_HDD$/, (inventory) => noDiskOf(inventory, isSpinning)],
];

/** The same by trait, for every node of a fleet is asked. */
const JUDGE_OF: ReadonlyMap<string, Judge> = new Map(
  [...STANDARD_TRAITS].flatMap((trait) => {
    const judge = JUDGES.find(([names]) => names.test(trait))?.[1];
    return judge === undefined ? [] : [[trait, judge] as const];
  }),
);

/** The node without the traits that its hardware, as last inspected, contradicts: nothing may match on those. */
export function withoutContradicted(
  node: FleetNode,
  record: Pick<NodeRecord, "inventory"> | null,
): { readonly node: FleetNode; readonly contradicted: readonly Contradicted[] } {
  const contradicted = contradictedTraits(node.spec.traits ?? [], record);
  if (contradicted.length === 0) return { node, contradicted };
  const gone = new Set(contradicted.map(({ trait }) => trait));
  const traits = node.spec.traits?.filter((trait) => !gone.has(trait));
  return { node: { ...node, spec: { ...node.spec, traits } }, contradicted };
}

/** Those of the traits that the inspected hardware does not have. */
export function contradictedTraits(
  traits: readonly string[],
  record: Pick<NodeRecord, "inventory"> | null,
): readonly Contradicted[] {
  const inventory = record?.inventory ?? null;
  if (inventory === null) return [];
  return traits.flatMap((trait, index) => {
    const why = JUDGE_OF.get(trait)?.(inventory, trait) ?? null;
    return why === null ? [] : [{ trait, index, why }];
  });
}

function otherArchitecture(inventory: Inventory, trait: string): string | null {
  const architecture = architectureOf(inventory);
  const has = ARCHITECTURES[architecture];
  return has === undefined || has.includes(trait) ? null : processorsAre(architecture);
}

function notOn(inventory: Inventory, wanted: string): string | null {
  const architecture = architectureOf(inventory);
  const isKnown = ARCHITECTURES[architecture] !== undefined;
  return !isKnown || architecture === wanted ? null : processorsAre(architecture);
}

/** Blank where the BMC does not say. */
function architectureOf(inventory: Inventory): string {
  const { architecture } = cpuOf(inventory);
  return typeof architecture === "string" ? architecture : "";
}

function cpuOf({ cpu }: Inventory): Readonly<Record<string, unknown>> {
  return isMap(cpu) ? cpu : {};
}

function processorsAre(architecture: string): string {
  return `its processors are ${architecture}`;
}

function oneThreadPerCore(inventory: Inventory): string | null {
  const { coreCount, threadCount } = cpuOf(inventory);
  if (typeof coreCount !== "number" || threadCount !== coreCount) return null;
  return `its ${coreCount} cores run ${threadCount} threads`;
}

function isSolid({ media, rotational }: Disk): boolean | null {
  if (media !== null) return media !== "HDD";
  return rotational === null ? null : !rotational;
}

function isSpinning(disk: Disk): boolean | null {
  const solid = isSolid(disk);
  return solid === null ? null : !solid;
}

/** A machine without a disk may have some that its BMC does not see, and a note says what could not be read. */
function noDiskOf(inventory: Inventory, is: (disk: Disk) => boolean | null): string | null {
  const { notes } = inventory;
  const disks = Array.isArray(notes) && notes.length > 0 ? [] : (disksOf(inventory) ?? []);
  if (disks.length === 0 || !disks.every((disk) => is(disk) === false)) return null;
  const are = disks.length === 1 ? "disk is" : `${disks.length} disks are`;
  return `its ${are} ${is === isSolid ? "HDD" : "SSD"}`;
}
