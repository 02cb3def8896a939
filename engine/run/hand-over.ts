import type { DriverAction } from "../../schemas/action.ts";
import { fail, failure, ok, type Result } from "../../schemas/failure.ts";
import { configDriveOf } from "../plan/flows/deploy.ts";
import type { Flow } from "./flow.ts";

/**
 * Puts the content of a config drive in the place of its hash, which alone stands in plans, records and journals.
 * Fails where git holds another one by now: that was never approved.
 */
export function withConfigDrive(
  { node, context }: Pick<Flow, "node" | "context">,
  action: DriverAction,
): Result<DriverAction> {
  if (action.verb !== "step.run") return ok(action);
  const sha256 = hashIn(action.args["configDrive"]);
  if (sha256 === null) return ok(action);
  if (configDriveOf({ node, digest: context.digest }) !== sha256)
    return fail(failure("stalled", "IW-A03", CHANGED));
  const configDrive = { sha256, ...node.spec.provision?.configDrive };
  return ok({ ...action, args: { ...action.args, configDrive } });
}

const CHANGED =
  "provision.configDrive was changed in git since this list was begun; it is deployed anew with what git holds now";

function hashIn(reference: unknown): string | null {
  if (typeof reference !== "object" || reference === null || !("sha256" in reference)) return null;
  return typeof reference.sha256 === "string" ? reference.sha256 : null;
}
