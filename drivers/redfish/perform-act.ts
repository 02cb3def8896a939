import type { DriverAction, SessionAction } from "../../schemas/action.ts";
import { fail, ok, type Result } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { Performed, PerformContext } from "../driver.ts";
import type { JsonObject } from "../net/read-json.ts";
import type { Answer } from "../net/wire.ts";
import {
  type ActRequest,
  bootDeviceRequest,
  bootModeRequest,
  resetRequest,
  secureBootRequest,
} from "./act-request.ts";
import type { Bmc, Resource } from "./bmc.ts";
import { type Behaviour, behavioursOf } from "./quirks.ts";
import { pathOf, textAt } from "./resource.ts";

/** What changes a machine: everything but sessions. */
export type MachineAction = Exclude<DriverAction, SessionAction>;

type Headers = Readonly<Record<string, string>>;

/** Where an act is done, and as whom. */
interface ActAt {
  readonly bmc: Bmc;
  readonly node: FleetNode;
  readonly headers: Headers;
  readonly signal: AbortSignal | undefined;
}

/** Performs one act: reads what the request is made from, then writes it once, behind the engine's check. */
export async function performAct(
  bmc: Bmc,
  node: FleetNode,
  action: MachineAction,
  context: PerformContext,
): Promise<Performed> {
  const headers = bmc.login.actHeaders(node.name);
  if (!headers.ok) return { sent: false, failure: headers.failure };
  const at: ActAt = { bmc, node, headers: headers.value, signal: context.signal };
  const prepared = await prepare(at, action);
  if (!prepared.ok) return { sent: false, failure: prepared.failure };
  const { request, ifMatch } = prepared.value;
  const sent = await bmc.wire.send(
    {
      purpose: "act",
      ...request,
      headers: { ...at.headers, ...(ifMatch === undefined ? {} : { "if-match": ifMatch }) },
    },
    context,
  );
  if (!sent.written) return { sent: false, failure: sent.failure };
  if ("lost" in sent) return { sent: "unknown", failure: sent.lost };
  return judged(at, request, sent.answer);
}

interface Prepared {
  readonly request: ActRequest;
  /** DSP0266 ETags: sent with a PATCH whose resource gives one; an action has none. */
  readonly ifMatch: string | undefined;
}

async function prepare(at: ActAt, action: MachineAction): Promise<Result<Prepared>> {
  const path = await at.bmc.systemPath(at.node, at.signal);
  if (!path.ok) return path;
  const system = await at.bmc.readForAct(path.value, at.headers, at.signal);
  if (!system.ok) return system;
  const request = await requestOf(at, action, { path: path.value, system: system.value.body });
  if (!request.ok) return request;
  if (request.value.method !== "PATCH") return ok({ request: request.value, ifMatch: undefined });
  const target: Result<Resource> =
    request.value.path === path.value
      ? system
      : await at.bmc.readForAct(request.value.path, at.headers, at.signal);
  if (!target.ok) return fail(target.failure);
  const ifMatch = at.bmc.etags.form(request.value.path, target.value.etag);
  return ok({ request: request.value, ifMatch });
}

async function requestOf(
  at: ActAt,
  action: MachineAction,
  from: { readonly path: string; readonly system: JsonObject },
): Promise<Result<ActRequest>> {
  const { thing } = at.bmc.wire;
  switch (action.verb) {
    case "power.on":
    case "power.off":
    case "power.softOff": {
      const reset = await at.bmc.resetAction(from.system, at.signal);
      return resetRequest(thing, action.verb, reset);
    }
    case "management.setBootDevice":
    case "management.setBootMode":
    case "management.setSecureBoot": {
      const behaviours = await behavioursAt(at, from.system);
      const boot = { thing, system: from.system, systemPath: from.path, behaviours };
      if (action.verb === "management.setBootDevice") return bootDeviceRequest(boot, action.device);
      if (action.verb === "management.setBootMode") return bootModeRequest(boot, action.mode);
      return secureBootRequest(boot, action.enabled);
    }
  }
}

async function behavioursAt(at: ActAt, system: JsonObject): Promise<ReadonlySet<Behaviour>> {
  const root = await at.bmc.root();
  return behavioursOf({
    vendor: (root.ok ? root.value.vendor : undefined) ?? textAt(system, "Manufacturer"),
    model: textAt(system, "Model"),
    firmware: await at.bmc.firmware(system, at.signal),
  });
}

/** Three outcomes of a written request: taken, refused, or not known. */
function judged(at: ActAt, request: ActRequest, answer: Answer): Performed {
  const { status } = answer;
  if (status === 202) {
    const task = pathOf(answer.headers.location) ?? pathOf(textAt(answer.body, "@odata.id"));
    return task === undefined ? { sent: true } : { sent: true, task };
  }
  if (status >= 200 && status < 300) return { sent: true };
  const why = at.bmc.failureOf("act", answer);
  if (status === 401 && at.bmc.login.rejected(at.headers, why)) {
    // Somebody ended the session: a takeover perhaps. What was done is looked for, never repeated.
    return { sent: "unknown", failure: at.bmc.sessionEnded() };
  }
  if (status === 412) at.bmc.etags.refused(request.path);
  return { sent: why.kind === "ambiguous" ? "unknown" : "refused", failure: why };
}
