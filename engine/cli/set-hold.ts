import type { HoldRecord } from "../../schemas/record.ts";
import type { ActingStore } from "../run/ports.ts";

/** Holds a node, and writes into its history that somebody did. */
export async function setHold(store: ActingStore, uuid: string, held: HoldRecord): Promise<void> {
  const { id, scope, reason, owner, since } = held;
  await store.setHold(uuid, held);
  await store.appendHistory(uuid, {
    at: since,
    event: "held",
    step: null,
    action: null,
    commit: null,
    by: owner,
    fence: null,
    code: null,
    message: `hold ${id} (${scope}): ${reason}`,
    durationMs: null,
  });
}
