import { type Failure, fail, failure, ok, type Result } from "../../schemas/failure.ts";
import { type Plan, PLAN_FORMAT_VERSION } from "../../schemas/plan.ts";
import { canonicalJson } from "./canonical-json.ts";
import { type Digest, planId } from "./plan-id.ts";

/** The plan as `plan --json` prints it: one document, two spaces. */
export function planJson(plan: Plan): string {
  return `${JSON.stringify(plan, null, 2)}\n`;
}

/** The plan as it is saved: one line of canonical JSON, so that the same plan is the same file. */
export function savePlan(plan: Plan): string {
  return `${canonicalJson(plan)}\n`;
}

/** The name of a saved plan, and how people say it: the first eight digits of its id. */
export function shortId(plan: Pick<Plan, "id">): string {
  return plan.id.slice("sha256:".length, "sha256:".length + 8);
}

/** Reads a saved plan; its id proves that no byte of what was approved has changed. */
export function loadPlan(text: string, digest: Digest): Result<Plan> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fail(stale("it is not a plan: no JSON", String(error)));
  }
  if (!looksLikePlan(value)) return fail(stale("it is not a plan of ironwright"));
  if (value.formatVersion !== PLAN_FORMAT_VERSION)
    return fail(
      stale(`its format is not ${String(PLAN_FORMAT_VERSION)}, the one that this version reads`),
    );
  const { id, createdAt: _createdAt, ...body } = value;
  if (id !== planId(body, digest))
    return fail(stale("it was changed after it was made: its id does not match its content"));
  return ok(value);
}

function looksLikePlan(value: unknown): value is Plan {
  if (typeof value !== "object" || value === null) return false;
  return (
    "formatVersion" in value && "id" in value && "nodes" in value && Array.isArray(value.nodes)
  );
}

function stale(what: string, cause?: string): Failure {
  return failure(
    "stalled",
    "IW-P16",
    `the saved plan cannot be applied: ${what}; plan again`,
    cause,
  );
}
