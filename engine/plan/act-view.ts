import type { NodeRequest, NodeSpec } from "../../schemas/documents.ts";
import type { Fleet } from "../../schemas/fleet.ts";
import { AT_COMMAND_LINE, type PersonAct } from "../../schemas/person-act.ts";
import type { ProvisionState } from "../../schemas/provision-state.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import type { Settings } from "../../schemas/settings.ts";
import { kindOf } from "./machine.ts";
import type { JudgedRequest } from "./requests.ts";

/** What a node's view is made of while a person asks something of it: an act is a request of no commit. */

/** The fleet with the act where lists, readings and facets look for what is wanted; git is not changed by it. */
export function fleetWithAct(fleet: Fleet, act: PersonAct): Fleet {
  const nodes = fleet.nodes.map((node) =>
    node.name === act.node ? { ...node, spec: { ...node.spec, ...wanted(act, node.spec) } } : node,
  );
  return { ...fleet, nodes };
}

function wanted(act: PersonAct, spec: NodeSpec): Partial<NodeSpec> {
  const { ask } = act;
  const request = requestOf(act);
  if (request !== null) return { requests: [...(spec.requests ?? []), request] };
  if (ask.kind !== "indicator") return {};
  const { component, id, state } = ask;
  return { indicators: { [component]: id === null ? state : { [id]: state } } };
}

function requestOf({ id, ask }: PersonAct): NodeRequest | null {
  return ask.kind === "request" ? { ...ask.request, id } : null;
}

/** The act as the only request of its node: what git asks for waits for an apply. */
export function requestedBy(act: PersonAct, record: NodeRecord): readonly JudgedRequest[] {
  const request = requestOf(act);
  const isUsed = record.usedRequests[act.id] !== undefined;
  if (request === null || isUsed) return [];
  return [{ request, place: AT_COMMAND_LINE, verdict: "due", message: null }];
}

/** Moves of the machine end where they began, and where that can't be, at manageable; git's word is for an apply. */
export function targetOfAct({ ask }: PersonAct, { provisionState }: NodeRecord): ProvisionState {
  const moves =
    ask.kind === "request" && (ask.request.action === "inspect" || ask.request.action === "clean");
  const rests = kindOf(provisionState) === "stable" && provisionState !== "error";
  return !moves || rests ? provisionState : "manageable";
}

/** `--timeout` and `--force-after` are for this act alone. */
export function settingsOf({ ask, timeoutSeconds }: PersonAct, settings: Settings): Settings {
  const { timeouts } = settings;
  const isPower = ask.kind === "power" || ask.kind === "reboot";
  const force = isPower ? ask.forceAfterSeconds : null;
  return {
    ...settings,
    timeouts: {
      ...timeouts,
      powerSeconds: timeoutSeconds ?? timeouts.powerSeconds,
      softOffSeconds: force ?? timeoutSeconds ?? timeouts.softOffSeconds,
      settingSeconds: timeoutSeconds ?? timeouts.settingSeconds,
    },
  };
}
