import { instantText } from "../../../schemas/instant.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import type { Observation } from "../../../schemas/observation.ts";
import type { ActingStore } from "../ports.ts";

/** The kind of fault that a silent BMC is given, and that its answer ends: Ironic's `power failure`. */
export const SILENT = "power";

/** Codes of a BMC that cannot be reached: no answer, no name. */
const SILENCES: ReadonlySet<string> = new Set(["IW-B01", "IW-B02"]);

/** What came of one look at a node, where it changes anything, and under which fence its record says so. */
export type Heard = { readonly what: "silent" | "answers"; readonly fence: number } | null;

/**
 * Counts looks that no BMC answered. After the limit the node has a fault: its power is unknown, never off, and nothing is
 * done to it; the first answer ends that.
 */
export class Silence {
  readonly #looks = new Map<string, number>();

  /** Looks of a node that are still to come before it has a fault are counted by name; `limit` is 1 or more. */
  async look(
    store: ActingStore,
    {
      node,
      record,
      observation,
    }: {
      readonly node: FleetNode;
      readonly record: NodeRecord | null;
      readonly observation: Observation;
    },
    limit: number,
  ): Promise<Heard> {
    const isFaulty = record?.fault?.kind === SILENT;
    if (observation.unreachable === null) {
      this.#looks.delete(node.name);
      if (record === null || !isFaulty) return null;
      return heard("answers", await write(store, record, null));
    }
    // A login that was refused, or no driver: somebody answered, or nobody was asked.
    if (!SILENCES.has(observation.unreachable.code)) return null;
    const looks = (this.#looks.get(node.name) ?? 0) + 1;
    this.#looks.set(node.name, looks);
    if (looks < limit || record === null || record.fault !== null) return null;
    if (record.activity !== null) return null;
    const since = instantText(observation.unreachableSince ?? observation.at);
    const message = `its BMC has not answered since ${since} (${observation.unreachable.message})`;
    const fault = { kind: SILENT, message, at: observation.at, specHash: node.specHash };
    return heard("silent", await write(store, record, fault));
  }

  /** Names that are not followed any more. */
  forget(names: ReadonlySet<string>): void {
    for (const name of this.#looks.keys()) if (!names.has(name)) this.#looks.delete(name);
  }
}

function heard(what: "silent" | "answers", fence: number | null): Heard {
  return fence === null ? null : { what, fence };
}

/** Under the node's lease, whose fence is answered; null where nothing was written. A node that somebody works on is left alone until the next look. */
async function write(
  store: ActingStore,
  { uuid, name }: NodeRecord,
  fault: NodeRecord["fault"],
): Promise<number | null> {
  const claimed = await store.claim(uuid, name);
  if (!claimed.ok) return null;
  try {
    // Under the lease: a fault that waits for a person is neither replaced nor cleared.
    const now = claimed.value.record.fault;
    if (fault === null ? now?.kind !== SILENT : now !== null) return null;
    await claimed.value.patchRecord({ fault });
    return claimed.value.fence;
  } finally {
    await claimed.value.release();
  }
}
