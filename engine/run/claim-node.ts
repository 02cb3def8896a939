import type { Failure } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { NodePlan } from "../../schemas/plan.ts";
import { emptyRecord } from "../../schemas/record.ts";
import type { Surroundings } from "../plan/input.ts";
import { originOfNew } from "../plan/see-record.ts";
import { type ApplyContext, tell } from "./flow.ts";
import type { Grant } from "./ports.ts";

/** How a lease is waited for, and what a node without a record is made from. */
interface ClaimWait {
  readonly surroundings: Surroundings;
  /** How long a lease held by somebody else is waited for, milliseconds. */
  readonly lockTimeoutMs: number;
}

/** Between two tries to take a lease that somebody else holds. Milliseconds. */
const LEASE_RETRY_MS = 500;

/** Takes the node's lease, and waits for it as long as it may; what stands against it otherwise. */
export async function claimNode(
  context: ApplyContext,
  node: FleetNode,
  plan: NodePlan,
  options: ClaimWait,
): Promise<Grant | Failure> {
  const { store, clock, stopping } = context;
  const uuid = plan.uuid ?? "";
  const initial = emptyRecord(uuid, node.name, originOfNew(node, options.surroundings));
  const deadline = clock.monotonic() + options.lockTimeoutMs;
  for (;;) {
    const claimed = await store.claim(uuid, node.name, { initial });
    if (claimed.ok) {
      tell({ context, node, grant: claimed.value }, "lease.taken", "the lease is ours");
      await context.checkpoint("claimed");
      return claimed.value;
    }
    const wait = claimed.failure.code === "IW-L01" && clock.monotonic() < deadline;
    if (!wait || stopping.aborted) return claimed.failure;
    await clock.sleep(LEASE_RETRY_MS, stopping).catch(() => undefined);
  }
}
