import type { Verb } from "../../schemas/action.ts";
import type { NodeRequest, RequestAction } from "../../schemas/documents.ts";
import { placeText } from "../../schemas/diagnostic.ts";
import { type Fleet, type FleetNode, originOf } from "../../schemas/fleet.ts";
import { parseInstant } from "../../schemas/instant.ts";
import type { NodeRecord, UsedRequests } from "../../schemas/record.ts";
import type { RegisterEntry, RequestSeen } from "../../schemas/store.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { Digest } from "./plan-id.ts";
import { templatesFor } from "./steps/deploy-list.ts";

/** A request waits at most this long, from the entry in force that first held it: nobody remembers older ones. */
const LONGEST_MS = 14 * 24 * 60 * 60_000;

/** One request of a node, with what is to become of it. */
export interface JudgedRequest {
  readonly request: NodeRequest;
  /** `file:line` of its declaration. */
  readonly place: string;
  /** due: may run now. used, spent, expired: never again. stale, too-long, unknown: refused, with a way out. */
  readonly verdict: "due" | "used" | "spent" | "expired" | "stale" | "too-long" | "unknown";
  /** Why it does not run, as a sentence; null when it may. */
  readonly message: string | null;
}

/** What else of a commit the acts of requests are made of. */
export interface BindContext {
  readonly templates: Fleet["templates"];
  readonly runbooks: Fleet["runbooks"];
  readonly digest: Digest;
}

/** What requests are judged by, besides the node. */
export interface RequestContext extends BindContext {
  /** Ids that count as used everywhere; null when nobody can tell, and then none runs. */
  readonly spent: ReadonlySet<string> | null;
  /** What ran on the node before it was forgotten. */
  readonly forgotten: UsedRequests;
  /** Node name -> id -> when it came into force. */
  readonly seen: RegisterEntry["requests"];
  readonly now: number;
}

/** What an act uses of its commit: a request is stale once any of it was changed since it came into force. */
export function bindOf(node: FleetNode, request: NodeRequest, context: BindContext): string {
  const { provision, clean, identity } = node.spec;
  const { expires: _expires, ...asked } = request;
  const uses: Readonly<Partial<Record<RequestAction, unknown>>> = {
    rebuild: [provision?.image, provision?.configDrive, provision?.rootDevice, provision?.steps],
    undeploy: [clean],
    clean: [clean],
    replace: [identity],
  };
  const lists = listsOf(node, request, context);
  return context
    .digest(canonicalJson([asked, uses[request.action] ?? null, ...lists]))
    .slice(0, 16);
}

/** What the list of an act is made of that stands in other documents, or moves its steps; empty where nothing does. */
function listsOf(
  node: FleetNode,
  { action, runbook }: NodeRequest,
  { templates, runbooks }: BindContext,
): readonly unknown[] {
  const { deploy, clean } = node.spec.stepPriorities ?? {};
  if (action === "rebuild") {
    const steps = templatesFor(node, templates).map(({ spec }) => spec.steps);
    return [...steps, ...(deploy === undefined ? [] : [deploy])];
  }
  if (action === "undeploy") return clean === undefined ? [] : [clean];
  if (runbook === undefined) return [];
  // A request that names a Runbook asks for the steps that stand in it.
  return [runbooks.find(({ metadata }) => metadata.name === runbook)?.spec.steps ?? null];
}

/** Every request of a node, in the order in which git holds them. */
export function judgeRequests(
  node: FleetNode,
  record: NodeRecord,
  context: RequestContext,
): readonly JudgedRequest[] {
  return (node.spec.requests ?? []).map((request, index) => ({
    request,
    place: placeText(originOf(node, `/requests/${index}`), false),
    ...judge(node, record, request, context),
  }));
}

type Judged = Pick<JudgedRequest, "verdict" | "message">;

function judge(
  node: FleetNode,
  record: NodeRecord,
  request: NodeRequest,
  context: RequestContext,
): Judged {
  const { spent, forgotten, seen, now } = context;
  const { id, action, expires } = request;
  const said = `the request ${id} (${action})`;
  const used = record.usedRequests[id] ?? forgotten[id];
  if (used !== undefined) return ran(request, used);
  if (spent === null)
    return {
      verdict: "unknown",
      message: `${said} waits: the store was made anew from a shallow clone, so nobody knows which ids were used; fetch the whole history, then: ironwright init --replace-store`,
    };
  if (spent.has(id))
    return {
      verdict: "spent",
      message: `${said} was in git when the store was made anew and counts as used; give it a new id`,
    };
  const until = expires === undefined ? Infinity : parseInstant(expires);
  if (until <= now)
    return {
      verdict: "expired",
      message: `${said} expired at ${expires ?? ""} and never runs; remove it, or write it anew with another id`,
    };
  const first = seen[node.name]?.[id];
  if (until !== Infinity && until - (first?.at ?? now) > LONGEST_MS)
    return {
      verdict: "too-long",
      message: `${said} expires later than 14 days after it came into force; shorten expires`,
    };
  if (first !== undefined && first.bind !== bindOf(node, request, context))
    return {
      verdict: "stale",
      message: `${said} is stale: what it acts on was changed since it came into force; give it a new id`,
    };
  return { verdict: "due", message: null };
}

/** Its own id on its own action may stay in git; another action under that id is a slip of whoever wrote it. */
function ran({ id, action }: NodeRequest, used: NodeRecord["usedRequests"][string]): Judged {
  const said = `the request ${id} (${action})`;
  if (isUseOf(action, used.action))
    return { verdict: "used", message: `${said} ran already (${used.outcome}); each id runs once` };
  return {
    verdict: "stale",
    message: `${said} does not run: ${used.action} ran under its id, and each id runs once; give it another`,
  };
}

/** What may be written down as the use of a request; what lets a list go on is written down as that list. */
const USES_OF: Readonly<Record<RequestAction, readonly Verb[]>> = {
  claim: ["engine.claim"],
  replace: ["engine.replace"],
  reboot: ["power.reboot"],
  "soft-reboot": ["power.reboot"],
  nmi: ["management.injectNmi"],
  abort: ["provision.abort"],
  unhold: [],
  inspect: ["provision.inspect"],
  clean: ["provision.clean"],
  service: ["provision.service"],
  // Where nothing runs yet, a deploy is the rebuild.
  rebuild: ["provision.rebuild", "provision.deploy"],
  // What was done by half is done by the clean that was left of it.
  undeploy: ["provision.undeploy", "provision.provide"],
};

function isUseOf(action: RequestAction, used: string): boolean {
  const verbs: readonly string[] = USES_OF[action];
  return verbs.length === 0 || verbs.includes(used);
}

/** When each request of a commit came into force: carried on from the entry before, or now. */
export function requestsInForce(
  fleet: Fleet,
  before: RegisterEntry | null,
  next: { readonly seq: number; readonly at: number; readonly digest: Digest },
): RegisterEntry["requests"] {
  const { templates, runbooks } = fleet;
  const context = { templates, runbooks, digest: next.digest };
  const all: Record<string, Record<string, RequestSeen>> = {};
  for (const node of fleet.nodes) {
    const { requests } = node.spec;
    if (requests === undefined || requests.length === 0) continue;
    const known = before?.requests[node.name] ?? {};
    all[node.name] = Object.fromEntries(
      requests.map((request) => [
        request.id,
        known[request.id] ?? {
          seq: next.seq,
          at: next.at,
          bind: bindOf(node, request, context),
        },
      ]),
    );
  }
  return all;
}
