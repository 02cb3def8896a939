import type { Blocked, Erase } from "../../schemas/plan.ts";
import { known } from "../../schemas/observation.ts";
import { keptDisks, rootDisk } from "./disk-hints.ts";
import { type Disk, disksOf } from "./disks-of.ts";
import type { NodeView } from "./facets/facet.ts";
import type { ListedStep } from "./steps/step-list.ts";

/** What a list takes from the disks of a node. */
export interface Erased {
  readonly erases: readonly Erase[];
  /** The disks that its steps may touch; null when none of them touches any. */
  readonly serials: readonly string[] | null;
  /** True when steps erase and nobody knows the disks yet. */
  readonly needsDisks: boolean;
}

/** The disks of a node as they are known now: read with this plan, else as last inspected; null when nobody knows. */
export function knownDisks({ observation, record }: NodeView): readonly Disk[] | null {
  return disksOf(known(observation, "inventory")) ?? disksOf(record.inventory);
}

/** Names every disk that the steps of a list would erase; what is to be kept must be there to be kept. */
export function erasedBy(
  view: NodeView,
  list: readonly { readonly offer: Pick<ListedStep["offer"], "erases"> }[],
  cause: string,
): Erased | Blocked {
  const parts = list.flatMap(({ offer }) => offer.erases ?? []);
  if (parts.length === 0) return { erases: [], serials: null, needsDisks: false };
  const disks = knownDisks(view);
  if (disks === null) return { erases: [], serials: [], needsDisks: true };
  if (disks.length === 0) return blocked("its BMC and its inspection list no disk");
  const nameless = disks.filter(({ serial }) => serial === null);
  if (nameless.length > 0)
    return blocked(`${nameless.length} of its ${disks.length} disks have no serial number`);
  const { provision, clean } = view.node.spec;
  if (parts.includes("root")) {
    const root = rootDisk(provision?.rootDevice, disks);
    return root.ok ? named([{ disk: root.value, part: "root" }], cause) : blocked(root.why);
  }
  const kept = keptDisks(clean?.keep ?? [], disks);
  if (!kept.ok) return blocked(kept.why);
  const part = parts.includes("full") ? "full" : "metadata";
  const lost = disks.filter((disk) => !kept.value.includes(disk));
  return named(
    lost.map((disk) => ({ disk, part })),
    cause,
  );
}

function blocked(fact: string): Blocked {
  return {
    kind: "gate",
    code: "IW-P18",
    message: `${fact}; nothing is erased that can't be named. Mend that, or learn its disks anew: requests: [ { id: ..., action: inspect, expires: ... } ]`,
  };
}

function named(
  lost: readonly { readonly disk: Disk; readonly part: Erase["part"] }[],
  cause: string,
): Erased {
  const erases = lost.map(({ disk, part }) => ({
    disk: disk.name ?? disk.model ?? "disk",
    serial: disk.serial,
    sizeBytes: disk.sizeBytes,
    cause,
    part,
  }));
  return { erases, serials: lost.flatMap(({ disk }) => disk.serial ?? []), needsDisks: false };
}
