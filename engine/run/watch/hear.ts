import { findNode } from "../../../schemas/fleet.ts";
import type { Planned } from "../plan-fleet.ts";
import type { ActingStore } from "../ports.ts";
import type { Declared } from "./declared.ts";
import type { Schedule } from "./schedule.ts";
import type { Silence } from "./silence.ts";
import type { Teller } from "./teller.ts";

/** Silent BMCs and those that answer again. */
export async function hear(
  silence: Silence,
  to: { readonly store: ActingStore; readonly teller: Teller; readonly schedule: Schedule },
  { declared, planned }: { readonly declared: Declared; readonly planned: Planned },
): Promise<void> {
  const { fleet, settings } = declared;
  const { plan, input } = planned;
  for (const { node: name, uuid } of plan.nodes) {
    const node = findNode(fleet.nodes, name);
    const observation = input.observations.get(name);
    if (node === undefined || observation === undefined) continue;
    const record = input.records.get(uuid ?? "") ?? null;
    const seen = { node, record, observation };
    const heard = await silence.look(to.store, seen, settings.watch.silentLooks);
    if (heard === null) continue;
    const text =
      heard.what === "silent"
        ? "its BMC is silent: nothing is done until it answers"
        : "its BMC answers again";
    to.teller.tell(`node.${heard.what}`, text, { node: name, fence: heard.fence });
    if (heard.what === "answers") to.schedule.soon([name]);
  }
}
