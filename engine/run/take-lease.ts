import type { Failure } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { NodePlan } from "../../schemas/plan.ts";
import { emptyRecord } from "../../schemas/record.ts";
import type { Surroundings } from "../plan/input.ts";
import { originOfNew } from "../plan/see-record.ts";
import { type ApplyContext, tell } from "./flow.ts";
import type { Grant } from "./ports.ts";

/** Between two tries to take a lease that somebody else holds. Milliseconds. */
const LEASE_RETRY_MS = 500;

/** Takes it, or says who holds it; what a node that has no record yet is goes with it. */
export async function takeLease(
  context: ApplyContext,
  node: FleetNode,
  plan: NodePlan,
  {
    surroundings,
    lockTimeoutMs,
  }: { readonly surroundings: Surroundings; readonly lockTimeoutMs: number },
): Promise<Grant | Failure> {
  const { store, clock, stopping } = context;
  const uuid = plan.uuid ?? "";
  const initial = emptyRecord(uuid, node.name, originOfNew(node, surroundings));
  const deadline = clock.monotonic() + lockTimeoutMs;
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
