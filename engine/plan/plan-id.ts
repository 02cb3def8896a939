import type { Plan } from "../../schemas/plan.ts";
import { canonicalJson } from "./canonical-json.ts";

/** The hash function comes from outside, for this room does no I/O of any kind. SHA-256, lower-case hex. */
export type Digest = (text: string) => string;

/**
 * What a plan is called: the hash of its canonical JSON without `id` and `createdAt`, with each node
 * by a hash of its own, so that no text of the whole fleet is ever held.
 */
export function planId(body: Omit<Plan, "id" | "createdAt">, digest: Digest): string {
  const nodes = body.nodes.map((node) => digest(canonicalJson(node)));
  return `sha256:${digest(canonicalJson({ ...body, nodes }))}`;
}
