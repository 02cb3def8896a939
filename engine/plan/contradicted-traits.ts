import type { FleetNode } from "../../schemas/fleet.ts";
import { isMap } from "../../schemas/is-map.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import { type Disk, disksOf } from "./disks-of.ts";

/** A declared trait that the inspected hardware does not have. */
export interface Contradicted {
  readonly trait: string;
  /** Where it stands in the node's traits. */
  readonly index: number;
  /** What the hardware is instead, in one clause. */
  readonly why: string;
}

/** What an inspection learnt that a trait can be held to; null for what it did not say. */
interface Machine {
  readonly architecture: string | null;
  readonly coreCount: number | null;
  readonly threadCount: number | null;
  /** Null also where some of them may be missing. */
  readonly disks: readonly Disk[] | null;
}

/** What the hardware says against a trait; null where it says nothing, which is no contradiction. */
type Judge = (machine: Machine, trait: string) => string | null;

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
  [/^HW_CPU_(X86_|AMD_SEV$)/, (machine) => notOn(machine, "x86_64")],
  [/^HW_CPU_AARCH64_/, (machine) => notOn(machine, "aarch64")],
  [/^HW_CPU_PPC64LE_/, (machine) => notOn(machine, "ppc64le")],
  [/^HW_CPU_HYPERTHREADING$/, oneThreadPerCore],
  [/^STORAGE_DISK_SSD$/, ({ disks }) => noDiskOf(disks, isSolid)],
  [/^STORAGE_DISK_HDD$/, ({ disks }) => noDiskOf(disks, isSpinning)],
];

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
  let machine: Machine | null = null;
  return traits.flatMap((trait, index) => {
    const judge = JUDGES.find(([names]) => names.test(trait))?.[1];
    if (judge === undefined) return [];
    machine ??= machineOf(inventory);
    const why = judge(machine, trait);
    return why === null ? [] : [{ trait, index, why }];
  });
}

function otherArchitecture({ architecture }: Machine, trait: string): string | null {
  const has = ARCHITECTURES[architecture ?? ""];
  return has === undefined || has.includes(trait) ? null : processorsAre(architecture);
}

function notOn({ architecture }: Machine, wanted: string): string | null {
  const isKnown = ARCHITECTURES[architecture ?? ""] !== undefined;
  return !isKnown || architecture === wanted ? null : processorsAre(architecture);
}

function processorsAre(architecture: string | null): string {
  return `its processors are ${architecture ?? ""}`;
}

function oneThreadPerCore({ coreCount, threadCount }: Machine): string | null {
  if (coreCount === null || threadCount !== coreCount) return null;
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

/** A machine without a disk may have some that its BMC does not see. */
function noDiskOf(
  disks: readonly Disk[] | null,
  is: (disk: Disk) => boolean | null,
): string | null {
  if (disks === null || disks.length === 0 || !disks.every((disk) => is(disk) === false))
    return null;
  const media = [...new Set(disks.map((disk) => (isSolid(disk) === true ? "SSD" : "HDD")))];
  const are = disks.length === 1 ? "disk is" : `${disks.length} disks are`;
  return `its ${are} ${media.join(" and ")}`;
}

function machineOf(inventory: NonNullable<NodeRecord["inventory"]>): Machine {
  const cpu = isMap(inventory["cpu"]) ? inventory["cpu"] : {};
  const { notes } = inventory;
  const count = (value: unknown): number | null => (typeof value === "number" ? value : null);
  const { architecture } = cpu;
  return {
    architecture: typeof architecture === "string" ? architecture : null,
    coreCount: count(cpu["coreCount"]),
    threadCount: count(cpu["threadCount"]),
    // A note says what could not be read, and a disk may be in that.
    disks: Array.isArray(notes) && notes.length > 0 ? null : disksOf(inventory),
  };
}
