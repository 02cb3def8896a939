import { z } from "zod";
import { type Failure, failure, fail, ok, type Result } from "../../schemas/failure.ts";
import { VENDOR_ABSENT, type VendorCall, type VendorReadings } from "../../schemas/vendor.ts";
import type { VendorMethod } from "../driver.ts";
import type { ActRequest } from "./act-request.ts";
import type { Bmc } from "./bmc.ts";
import type { Read } from "./read-system.ts";
import {
  eventService,
  type FoundSubscription,
  readSubscriptions,
  subscriptionName,
} from "./subscriptions.ts";

/** DSP0268 EventDestination.EventType. */
const EVENT_TYPES = [
  "StatusChange",
  "ResourceUpdated",
  "ResourceAdded",
  "ResourceRemoved",
  "Alert",
  "MetricReport",
  "Other",
] as const;

const idArgs = z.strictObject({
  id: z
    .string()
    .regex(
      /^[\x21-\x2e\x30-\x7e]{1,128}$/,
      "must be an Id, 1 to 128 characters without spaces and /",
    )
    .describe("its Id, as get_all_subscriptions shows it"),
});

/** Ironic's names and defaults. Its HttpHeaders are left out: they carry credentials, and arguments are kept in history. */
const createArgs = z.strictObject({
  Destination: z
    .string()
    .max(1024)
    .refine(isPlainUrl, "must be an https:// or http:// URL without user and password")
    .describe("URL to which the BMC posts its events"),
  EventTypes: z
    .array(z.enum(EVENT_TYPES))
    .min(1)
    .max(EVENT_TYPES.length)
    .refine((all) => new Set(all).size === all.length, "must name each type once")
    .default(["Alert"])
    .describe("which events"),
  Context: z
    .string()
    .max(256)
    .regex(/^[\x20-\x7e]*$/, "must be printable ASCII")
    .default("")
    .describe("text that comes with each event; no secret, for it is kept in history"),
  Protocol: z.enum(["Redfish"]).default("Redfish").describe("how events are sent"),
});

/** No user, no password: what is sent to a BMC is kept there, and in our history. */
function isPlainUrl(text: string): boolean {
  if (!/^https?:\/\/[\x21-\x7e]+$/i.test(text) || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === "" && password === "" && !/^[^/]*\/\/[^/?#]*@/.test(text);
}

/** Ironic's redfish vendor interface, less eject_vmedia: no virtual media is built. */
export const redfishVendor: readonly VendorMethod[] = [
  {
    name: "get_all_subscriptions",
    description: "the event subscriptions of its BMC, whoever made them",
    reads: true,
    impact: "none",
    args: z.strictObject({}),
  },
  {
    name: "get_subscription",
    description: "one event subscription of its BMC",
    reads: true,
    impact: "none",
    args: idArgs,
  },
  {
    name: "create_subscription",
    description: "lets its BMC post events to a URL; one that is there already is not made twice",
    reads: false,
    impact: "in-place",
    args: createArgs,
    after: (args) => ({ [subscriptionName(createArgs.parse(args))]: PRESENT }),
  },
  {
    name: "delete_subscription",
    description: "ends one event subscription of its BMC",
    reads: false,
    impact: "in-place",
    args: idArgs,
    after: ({ id }) => ({ [idName(String(id))]: VENDOR_ABSENT }),
  },
];

const PRESENT = "present";

function idName(id: string): string {
  return `subscription ${id}`;
}

/** What the methods change: each subscription by its id, and by what it is. */
export async function readVendorFacet(
  bmc: Bmc,
  signal?: AbortSignal,
): Promise<Read<VendorReadings>> {
  const all = await readSubscriptions(bmc, signal);
  if (!all.ok) return { why: all.failure };
  const names = all.value.flatMap(({ shown }) => [idName(shown.Id), subscriptionName(shown)]);
  return { value: Object.fromEntries(names.map((name) => [name, PRESENT])) };
}

/** Answers a method that only reads. */
export async function answerVendor(
  bmc: Bmc,
  { method, args }: VendorCall,
  signal?: AbortSignal,
): Promise<Result<unknown>> {
  if (method !== "get_all_subscriptions" && method !== "get_subscription")
    return fail(noMethod(bmc, method));
  const all = await readSubscriptions(bmc, signal);
  if (!all.ok) return all;
  if (method === "get_all_subscriptions") return ok(all.value.map(({ shown }) => shown));
  const one = withId(bmc, all.value, args["id"]);
  return one.ok ? ok(one.value.shown) : one;
}

/** The one request of a method that acts. */
export async function vendorRequest(
  bmc: Bmc,
  { method, args }: VendorCall,
  signal?: AbortSignal,
): Promise<Result<ActRequest>> {
  if (method === "create_subscription") return createRequest(bmc, args, signal);
  if (method !== "delete_subscription") return fail(noMethod(bmc, method));
  const all = await readSubscriptions(bmc, signal);
  if (!all.ok) return all;
  const one = withId(bmc, all.value, args["id"]);
  return one.ok ? ok({ method: "DELETE", path: one.value.path, body: null }) : one;
}

async function createRequest(
  bmc: Bmc,
  args: VendorCall["args"],
  signal?: AbortSignal,
): Promise<Result<ActRequest>> {
  const body = createArgs.parse(args);
  const service = await eventService(bmc, signal);
  if (!service.ok) return service;
  const { path, eventTypes, isOn } = service.value;
  if (!isOn) return fail(refusal(bmc, "has its EventService switched off", "switch it on there"));
  const other = body.EventTypes.find((type) => eventTypes?.includes(type) === false);
  if (other === undefined) return ok({ method: "POST", path, body });
  const fact = `does not offer events of type ${other}`;
  return fail(refusal(bmc, fact, `it offers ${eventTypes?.join(", ") ?? "none"}`));
}

function withId(
  bmc: Bmc,
  all: readonly FoundSubscription[],
  id: unknown,
): Result<FoundSubscription> {
  const one = all.find(({ shown }) => shown.Id === id);
  if (one !== undefined) return ok(one);
  const ids = all.map(({ shown }) => shown.Id).join(", ");
  const fact = `has no event subscription ${String(id)}`;
  return fail(refusal(bmc, fact, ids === "" ? "it has none at all" : `there are ${ids}`));
}

function noMethod(bmc: Bmc, method: string): Failure {
  const names = redfishVendor.map(({ name }) => name).join(", ");
  return refusal(bmc, `has no vendor method ${method}`, `there are ${names}`);
}

function refusal({ wire }: Bmc, fact: string, wayOut: string): Failure {
  return failure("stalled", "IW-B18", `${wire.thing} ${fact}; ${wayOut}`);
}
