import { type Acted, notFound, refused } from "./acts.ts";
import type { Answered } from "./exchange.ts";
import { collection, type Json, link, V1 } from "./resources.ts";

const SERVICE = `${V1}/EventService`;
const LIST = `${SERVICE}/Subscriptions`;

/** DSP0268 EventService.EventTypesForSubscription. */
const EVENT_TYPES = [
  "StatusChange",
  "ResourceUpdated",
  "ResourceAdded",
  "ResourceRemoved",
  "Alert",
] as const;

/** As many as small BMCs hold. */
const SUBSCRIPTIONS_MAX = 8;

/** The event subscriptions of one BMC: they are kept and shown, and no event is ever sent. */
export class Subscriptions {
  readonly #all = new Map<string, Json>();
  #made = 0;

  /** True for a path that is the EventService's. */
  owns(path: string): boolean {
    return path === SERVICE || path === LIST || path.startsWith(`${LIST}/`);
  }

  read(path: string): Answered {
    if (path === SERVICE) return { status: 200, body: service() };
    const ids = [...this.#all.keys()].map((id) => `${LIST}/${id}`);
    if (path === LIST) return { status: 200, body: collection(path, "EventDestination", ids) };
    const body = this.#all.get(path.slice(LIST.length + 1));
    return body === undefined ? notFound(path) : { status: 200, body };
  }

  /** POST to the list, DELETE of one; `ignores`: says yes and does nothing. */
  write(method: string, path: string, { body, ignores }: Asking): Acted {
    if (method === "POST" && path === LIST) return this.#create(body, ignores);
    const id = path.slice(LIST.length + 1);
    if (!this.#all.has(id)) return { answer: notFound(path), effect: "refused" };
    if (method !== "DELETE")
      return refused(405, "OperationNotAllowed", `${method} is not allowed here.`);
    if (ignores) return LIE;
    this.#all.delete(id);
    return { answer: { status: 204 }, effect: "subscription deleted" };
  }

  #create(body: Json, ignores: boolean): Acted {
    const wrong = wrongIn(body);
    if (wrong !== null) return refused(400, "PropertyValueNotInList", wrong);
    if (ignores) return LIE;
    if (this.#all.size >= SUBSCRIPTIONS_MAX)
      return refused(503, "EventSubscriptionLimitExceeded", "No more subscriptions can be made.");
    this.#made += 1;
    const id = String(this.#made);
    const path = `${LIST}/${id}`;
    const { Destination, EventTypes, Context, Protocol } = body;
    const kept = { Destination, EventTypes, Context, Protocol };
    this.#all.set(id, { ...head(path, id), ...kept });
    return {
      answer: { status: 201, headers: { location: path }, body: { ...head(path, id), ...kept } },
      effect: "subscription made",
    };
  }
}

interface Asking {
  readonly body: Json;
  readonly ignores: boolean;
}

const LIE: Acted = { answer: { status: 204 }, effect: "nothing: the BMC lies" };

function service(): Json {
  return {
    "@odata.type": "#EventService.v1_10_0.EventService",
    "@odata.id": SERVICE,
    Id: "EventService",
    Name: "Events",
    ServiceEnabled: true,
    EventTypesForSubscription: EVENT_TYPES,
    Subscriptions: link(LIST),
  };
}

function head(path: string, id: string): Json {
  return {
    "@odata.type": "#EventDestination.v1_13_0.EventDestination",
    "@odata.id": path,
    Id: id,
    Name: `Subscription ${id}`,
  };
}

function wrongIn({ Destination, EventTypes, Context, Protocol }: Json): string | null {
  if (typeof Destination !== "string" || !URL.canParse(Destination))
    return "Destination is no URL.";
  if (typeof Context !== "string") return "Context is missing.";
  if (Protocol !== "Redfish") return "Protocol is not supported.";
  const types: readonly unknown[] = Array.isArray(EventTypes) ? EventTypes : [null];
  return types.every((type) => EVENT_TYPES.some((one) => one === type))
    ? null
    : "EventTypes has a value that is not in the list of acceptable values.";
}
