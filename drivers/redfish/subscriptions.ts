import { type Failure, failure, fail, ok, type Result } from "../../schemas/failure.ts";
import type { Bmc } from "./bmc.ts";
import { idOf } from "./parts/part-source.ts";
import { linkAt, textAt, textsAt } from "./resource.ts";

/** An event subscription of a BMC (DSP0268 EventDestination), as far as Ironic shows it: never its headers. */
export interface Subscription {
  readonly Id: string;
  readonly Destination: string;
  readonly EventTypes: readonly string[];
  readonly Context: string;
  readonly Protocol: string;
}

/** A subscription with the path that it is deleted by. */
export interface FoundSubscription {
  readonly path: string;
  readonly shown: Subscription;
}

/** Where a BMC's subscriptions are, and what it says of itself. */
export interface EventService {
  /** The collection that a new one is posted to. */
  readonly path: string;
  /** Undefined where it does not say. */
  readonly eventTypes: readonly string[] | undefined;
  readonly isOn: boolean;
}

/** BMCs hold 8 to 64 of them; each costs a request. */
const SUBSCRIPTIONS_MAX = 64;

/** Finds the EventService (DSP0268 EventService.Subscriptions). */
export async function eventService(bmc: Bmc, signal?: AbortSignal): Promise<Result<EventService>> {
  const root = await bmc.root();
  if (!root.ok) return root;
  const at = root.value.eventService;
  if (at === undefined) return fail(noEvents(bmc));
  const read = await bmc.read(at, signal);
  if (!read.ok) return read;
  const { body } = read.value;
  const path = linkAt(body, "Subscriptions");
  if (path === undefined) return fail(noEvents(bmc));
  const eventTypes = textsAt(body, "EventTypesForSubscription");
  return ok({ path, eventTypes, isOn: body["ServiceEnabled"] !== false });
}

/** All subscriptions of a BMC, its other users' as well. */
export async function readSubscriptions(
  bmc: Bmc,
  signal?: AbortSignal,
): Promise<Result<readonly FoundSubscription[]>> {
  const service = await eventService(bmc, signal);
  if (!service.ok) return service;
  const paths = await bmc.members(service.value.path, signal);
  if (!paths.ok) return paths;
  if (paths.value.length > SUBSCRIPTIONS_MAX) return fail(tooMany(bmc, paths.value.length));
  const found: FoundSubscription[] = [];
  for (const path of paths.value) {
    const read = await bmc.read(path, signal);
    if (read.ok) found.push({ path, shown: shownOf(path, read.value.body) });
    // It was deleted since the list was read.
    else if (read.failure.code !== "IW-B18") return read;
  }
  return ok(found);
}

function shownOf(path: string, body: Readonly<Record<string, unknown>>): Subscription {
  return {
    Id: idOf(path),
    Destination: withoutLogin(textAt(body, "Destination") ?? ""),
    EventTypes: textsAt(body, "EventTypes") ?? [],
    Context: textAt(body, "Context") ?? "",
    Protocol: textAt(body, "Protocol") ?? "",
  };
}

/** A stranger may have written a password into a URL of theirs. */
function withoutLogin(destination: string): string {
  return destination.replace(/\/\/[^/?#]*@/, "//****@");
}

/** What a subscription is read back by: a BMC gives it an id of its own. */
export function subscriptionName(
  one: Pick<Subscription, "Destination" | "EventTypes" | "Context">,
): string {
  const context = one.Context === "" ? "" : ` "${one.Context}"`;
  const types = one.EventTypes.toSorted().join(", ");
  return `subscription to ${sameUrl(one.Destination)} (${types})${context}`;
}

/** `https://a` and `https://a/` are one; BMCs write either. */
function sameUrl(text: string): string {
  return URL.canParse(text) ? new URL(text).href : text;
}

function noEvents({ wire }: Bmc): Failure {
  const fact = `${wire.thing} does not offer EventService.Subscriptions`;
  return failure("stalled", "IW-B18", `${fact}; it may need newer firmware`);
}

function tooMany({ wire }: Bmc, count: number): Failure {
  const fact = `${wire.thing} lists ${count} event subscriptions, more than the ${SUBSCRIPTIONS_MAX} that are read`;
  return failure("stalled", "IW-B18", `${fact}; delete some on the BMC itself`);
}
