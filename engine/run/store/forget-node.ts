import { type Failure, fail, failure, ok, type Result } from "../../../schemas/failure.ts";
import { keysOf } from "../../plan/match-records.ts";
import type { FileGrant } from "./file-grant.ts";
import { keepForgotten, type KeepSite } from "./keep-forgotten.ts";
import { fencesIn } from "./layout.ts";

/** What forgetting a node needs of its store. */
interface Site extends KeepSite {
  readonly now: number;
  /** Allocation -> uuid of its node. */
  readonly allocated: () => Promise<ReadonlyMap<string, string>>;
  /** Gives back the budgets' slots of this node. */
  readonly freeSlots: () => Promise<number>;
}

/** Drops a node's record, holds and history under its lease, and keeps what must outlive them. */
export async function forgetNode(site: Site, grant: FileGrant): Promise<Result<null>> {
  const { layout, files } = site;
  const { uuid } = grant;
  const { identity, bmc, name: ofNode } = grant.record;
  // What may still be sent is known by its intent alone, and that stands in the record.
  if (grant.openIntents.length > 0 && grant.predecessor?.provenDead !== true) {
    await grant.release();
    return fail(mayStillAct(ofNode));
  }
  const keys = keysOf(identity, bmc?.address, bmc?.system);
  // First of all: cut off here, the machine is known twice and never not at all.
  await keepForgotten(site, grant.record, [ofNode, ...keys], { uuid, now: site.now });
  for (const [allocation, node] of await site.allocated())
    if (node === uuid) await files.remove(layout.allocation(allocation));
  await site.freeSlots();
  const dir = layout.node(uuid);
  const names = await files.list(dir);
  if (fencesIn(names, "claim").at(-1) !== grant.fence) {
    await grant.release();
    return fail(failure("conflict", "IW-L02", `${ofNode} was taken by another engine meanwhile`));
  }
  // The highest claim stays: fences that began anew would let a paused holder of long ago act.
  const kept = layout.claim(uuid, grant.fence);
  for (const name of names) if (`${dir}/${name}` !== kept) await files.remove(`${dir}/${name}`);
  // Kept on this host where the rest is elsewhere.
  await files.remove(layout.history(uuid));
  await files.removeAll(layout.holds(uuid));
  // Last: until then nobody reads what is being removed. What a dead engine left open stays with the claim.
  if (grant.openIntents.length === 0) await grant.release();
  return ok(null);
}

function mayStillAct(node: string): Failure {
  const message = `the last holder of ${node} may only be paused, and what it was about to do is not known to have ended; when it is dead for certain: ironwright lease break ${node} --holder-is-dead`;
  return failure("waiting", "IW-L03", message);
}
