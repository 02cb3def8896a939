import { fail, ok, type Result } from "../../schemas/failure.ts";
import { answerFault } from "../net/answer-faults.ts";
import { faultOf, socketFault } from "../net/fault-table.ts";
import type { Wire } from "../net/wire.ts";
import { linkAt, messageIdsOf, objectAt, textAt, wordsOf } from "./resource.ts";

/** DSP0266: the one path that every Redfish service has, readable without login. */
const ROOT_PATH = "/redfish/v1/";

/** What the service root leads to. */
export interface ServiceRoot {
  readonly systems: string;
  /** Where sessions are made; undefined where the BMC has none. */
  readonly sessions: string | undefined;
  readonly sessionService: string | undefined;
  readonly tasks: string | undefined;
  readonly updateService: string | undefined;
  readonly eventService: string | undefined;
  readonly vendor: string | undefined;
  readonly product: string | undefined;
}

/** Paths by DSP0266 habit, for a BMC that hides its root from strangers. */
const HIDDEN_ROOT: ServiceRoot = {
  systems: "/redfish/v1/Systems",
  sessions: "/redfish/v1/SessionService/Sessions",
  sessionService: "/redfish/v1/SessionService",
  tasks: "/redfish/v1/TaskService",
  updateService: "/redfish/v1/UpdateService",
  eventService: "/redfish/v1/EventService",
  vendor: undefined,
  product: undefined,
};

/** Reads the service root; IW-B05 where something else answers. No password is sent. */
export async function readServiceRoot(
  wire: Wire,
  signal?: AbortSignal,
): Promise<Result<ServiceRoot>> {
  const read = await wire.read(ROOT_PATH, {}, signal);
  if (!read.ok) return read;
  const { status, body, headers, bodyCode } = read.value;
  if (status === 401) return ok(HIDDEN_ROOT);
  if (status === 429 || status >= 500) {
    const fault = answerFault("read", status, messageIdsOf(body));
    return fail(faultOf(wire.thing, fault, wordsOf(status, body)));
  }
  const systems = linkAt(body, "Systems");
  if (status !== 200 || body === null || systems === undefined) {
    const broken = status === 200 && /json/i.test(headers["content-type"]?.toString() ?? "");
    const code = broken && body === null ? (bodyCode ?? "IW_NOT_JSON") : "IW_NOT_REDFISH";
    return fail(socketFault(wire.thing, code, `HTTP ${status}`));
  }
  return ok({
    systems,
    sessions: linkAt(objectAt(body, "Links"), "Sessions"),
    sessionService: linkAt(body, "SessionService"),
    tasks: linkAt(body, "Tasks") ?? linkAt(body, "TaskService"),
    updateService: linkAt(body, "UpdateService"),
    eventService: linkAt(body, "EventService"),
    vendor: textAt(body, "Vendor"),
    product: textAt(body, "Product"),
  });
}
