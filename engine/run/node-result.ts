import type { Failure } from "../../schemas/failure.ts";
import type { NodePlan } from "../../schemas/plan.ts";
import { nextWait } from "../plan/backoff.ts";
import { type Flow, LEFT, tell } from "./flow.ts";
import { anyStoreFailure } from "./store/store-files.ts";

/** What became of one node. */
export interface NodeResult {
  readonly node: string;
  /** `recorded`: the plan held no step for it, and only its record was written. */
  readonly status: "applied" | "already-done" | "recorded" | "failed" | "skipped" | "waiting";
  readonly code: string | null;
  readonly message: string;
}

/** Somebody said no, or did not want to wait any longer; nothing is wrong with the node. */
export function leftAlone(flow: Flow, { kind, code, message }: Failure): NodeResult {
  // Found by a check: another engine has the lease, or this one has none any more.
  if (code === "IW-L02" && kind === "conflict")
    tell(flow, flow.context.store.dead() === null ? "lease.broken" : "lease.lost", message, {
      code,
    });
  return code === LEFT ? waiting(flow, message, code) : withheld(flow, message, code);
}

/** Nothing is done to the node, and it is said why. */
export function withheld(
  at: Parameters<typeof tell>[0],
  message: string,
  code: string | null,
): NodeResult {
  tell(at, "node.skipped", message, { code });
  return { node: at.node.name, status: "skipped", code, message };
}

/** Its list stands at a hold, or was left running: whoever says unhold, or applies again, goes on. */
export function waiting(flow: Flow, message: string, code: string | null = null): NodeResult {
  tell(flow, "node.waiting", message, { code });
  return { node: flow.node.name, status: "waiting", code, message };
}

export async function failed(
  at: Pick<Flow, "context" | "node" | "grant" | "step">,
  why: Failure & { readonly at?: string | null },
): Promise<NodeResult> {
  const { context, node, grant } = at;
  const now = context.clock.now();
  const { record } = grant;
  const waited =
    record.retryAt === null || record.lastError === null ? 0 : record.retryAt - record.lastError.at;
  const wait = why.retryAfterMs ?? nextWait(waited, context.registerSeq, node.name);
  tell(at, "node.failed", why.message, { code: why.code });
  if (context.store.dead() === null)
    await grant.patchRecord({
      // What a person saw fail is no reason for an engine to wait.
      ...(context.act === null || context.plan.nodes.some(movesState)
        ? {
            lastError: { at: now, code: why.code, message: why.message, step: why.at ?? null },
            retryAt: now + wait,
          }
        : {}),
      ...(why.code === "IW-P04"
        ? { fault: { kind: "identity", message: why.message, at: now, specHash: node.specHash } }
        : {}),
      lastFlow: {
        commit: context.plan.commit,
        planId: context.plan.id,
        endedAt: now,
        outcome: why.code,
      },
    });
  return { node: node.name, status: "failed", code: why.code, message: why.message };
}

/** What the store says of itself is one node's failure; a bug is thrown on. */
export function failedByStore(at: Parameters<typeof tell>[0], error: unknown): NodeResult {
  const { code, message } = anyStoreFailure(at.context.store.dir, error);
  tell(at, "node.failed", message, { code });
  return { node: at.node.name, status: "failed", code, message };
}

/** True where a step moves the provision state machine. */
export function movesState({ steps }: NodePlan): boolean {
  return steps.some(({ action }) => action.startsWith("provision."));
}
