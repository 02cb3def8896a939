import type { DriverAction, SessionAction } from "../../schemas/action.ts";
import { type Failure, failure, fail, ok, type Result } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { indicatorName } from "../../schemas/indicators.ts";
import type { Performed, PerformContext } from "../driver.ts";
import type { JsonObject } from "../net/read-json.ts";
import type { Answer } from "../net/wire.ts";
import {
  type ActRequest,
  type BootContext,
  bootDeviceRequest,
  bootModeRequest,
  resetRequest,
  secureBootRequest,
  settingsPath,
} from "./act-request.ts";
import type { Bmc, Resource } from "./bmc.ts";
import { indicatorRequest } from "./indicators.ts";
import { behavioursOf } from "./quirks.ts";
import { vendorRequest } from "./redfish-vendor.ts";
import { readTasks } from "./read-extras.ts";
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
  const from = { path: path.value, system: system.value.body };
  const request = await (action.verb === "vendor.call"
    ? vendorRequest(at.bmc, action, at.signal)
    : requestOf(at, action, from));
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

interface SystemRead {
  readonly path: string;
  readonly system: JsonObject;
}

async function requestOf(
  at: ActAt,
  action: Exclude<MachineAction, { readonly verb: "vendor.call" }>,
  from: SystemRead,
): Promise<Result<ActRequest>> {
  switch (action.verb) {
    case "power.on":
    case "power.off":
    case "power.softOff":
    case "management.injectNmi": {
      const busy = await taskInTheWay(at);
      if (busy !== null) return fail(busy);
      const reset = await at.bmc.resetAction(from.system, at.signal);
      return resetRequest(at.bmc.wire.thing, action.verb, reset);
    }
    case "management.setBootDevice":
    case "management.setBootMode": {
      const context = await bootContext(at, from);
      if (!context.ok) return context;
      return action.verb === "management.setBootMode"
        ? bootModeRequest(context.value, action.mode)
        : bootDeviceRequest(context.value, action.device, action.persistent);
    }
    case "management.setSecureBoot":
      return secureBootRequest(at.bmc.wire.thing, from.system, action.enabled);
    case "management.setIndicator": {
      const { component, id, state } = action;
      const lights = { ...from, bmc: at.bmc, components: [component], signal: at.signal };
      return indicatorRequest(lights, indicatorName(component, id), state);
    }
    case "boot.ramdisk":
    case "boot.instance":
    case "step.run":
    default:
      return fail(notOffered(at.bmc.wire.thing, action.verb));
  }
}

/** The planner knows what redfish performs; what comes here all the same is refused before it is sent. */
function notOffered(thing: string, verb: string): Failure {
  return failure("stalled", "IW-B18", `${thing}: ${verb} is not performed over Redfish`);
}

/** A reset in the middle of a firmware update ends a board: power waits for every task, ours or a stranger's. */
async function taskInTheWay({ bmc, signal }: ActAt): Promise<Failure | null> {
  const { thing } = bmc.wire;
  const tasks = await readTasks(bmc, signal);
  if ("why" in tasks) {
    const message = `${thing} does not say whether a task runs, so power is left alone; try again later, or reset the BMC`;
    return failure("waiting", "IW-B17", message, tasks.why.message);
  }
  const [task] = tasks.value;
  if (task === undefined) return null;
  const fact = `${thing} runs a task (${task.name}, ${task.state}), so power is left alone`;
  return failure("waiting", "IW-B17", `${fact}; wait for its end, or end it on the BMC`);
}

async function bootContext(at: ActAt, { system, path }: SystemRead): Promise<Result<BootContext>> {
  const { bmc, headers, signal } = at;
  const make = await bmc.make(system, signal);
  const settings = settingsPath(system);
  let bootPath = path;
  if (settings !== undefined) {
    const read = await bmc.readForAct(settings, headers, signal);
    if (!read.ok) return read;
    if ("Boot" in read.value.body) bootPath = settings;
  }
  return ok({ thing: bmc.wire.thing, system, bootPath, behaviours: behavioursOf(make) });
}

/** Three outcomes of a written request: taken, refused, or not known. */
async function judged(at: ActAt, request: ActRequest, answer: Answer): Promise<Performed> {
  const { status } = answer;
  if (status === 202) {
    const task = pathOf(answer.headers.location) ?? pathOf(textAt(answer.body, "@odata.id"));
    return task === undefined ? { sent: true } : { sent: true, task };
  }
  if (status >= 200 && status < 300) return { sent: true };
  const why = at.bmc.failureOf("act", answer);
  if (status === 401 && (await at.bmc.login.rejected(at.headers, why))) {
    // Somebody ended the session: a takeover perhaps. What was done is looked for, never repeated.
    return { sent: "unknown", failure: at.bmc.login.sessionEnded() };
  }
  if (status === 412) at.bmc.etags.refused(request.path);
  return { sent: why.kind === "ambiguous" ? "unknown" : "refused", failure: why };
}
