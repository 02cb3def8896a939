import { failure } from "../../schemas/failure.ts";
import type { FlowAct, FlowEntry } from "../../schemas/plan.ts";
import type { RecordPatch } from "../../schemas/record.ts";
import { isUnasked, learntAtGate } from "../plan/flow-gate.ts";
import { failEnding } from "../plan/flow-patches.ts";
import { nameOf } from "../plan/steps/step-list.ts";
import type { Flow } from "./flow.ts";
import { look, readingsFor } from "./settle.ts";

/** What comes next in a list. */
interface Next {
  readonly entry: FlowEntry;
  readonly act: FlowAct;
}

/**
 * Before a step of the ramdisk: the one that runs must be the one that was asked for its steps, also where it was
 * started anew meanwhile. True where the list was judged anew and is to be looked at again.
 */
export async function isAtGate(flow: Flow, { entry, act }: Next): Promise<boolean> {
  if (entry.ramdisk === undefined || act.act.verb !== "step.run") return false;
  await look(flow, readingsFor({ agent: "", agentSteps: "" }));
  const { grant, context, observation } = flow;
  const { settings, clock } = context;
  const seen = { observation, settings };
  if (!isUnasked(grant.record, entry, seen)) return false;
  const patch = learntAtGate(grant.record, seen, clock.now());
  await grant.patchRecord(Object.keys(patch).length > 0 ? patch : unaskable(entry));
  return true;
}

/** Of a step that nobody could be asked for, nothing is done. */
function unaskable(entry: FlowEntry): RecordPatch {
  const message = `${nameOf(entry)} is known to the ramdisk alone, and none runs that could be asked for it`;
  return { activity: { ending: failEnding(failure("stalled", "IW-A07", message), null) } };
}
