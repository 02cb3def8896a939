import type { FleetNode } from "../../../schemas/fleet.ts";
import type { Offers } from "./offers-of.ts";
import { orderSteps } from "./order-steps.ts";
import { ownSteps } from "./own-steps.ts";
import type { StepList } from "./step-list.ts";

/** The steps of a verify, sorted (ironic-facts 6.7). */
export function verifyList(node: FleetNode, offers: Offers): StepList {
  const { steps, findings } = ownSteps("verify", node, offers);
  return { steps: orderSteps("verify", steps), findings };
}
