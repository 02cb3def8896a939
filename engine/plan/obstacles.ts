import { compareImpact } from "../../schemas/impact.ts";
import type { HoldScope } from "../../schemas/documents.ts";
import { originOf } from "../../schemas/fleet.ts";
import { parseInstant } from "../../schemas/instant.ts";
import { placeText } from "../../schemas/diagnostic.ts";
import { known, type Observation } from "../../schemas/observation.ts";
import { type Blocked, isApprovedBefore } from "../../schemas/plan.ts";
import type { HoldRecord } from "../../schemas/record.ts";
import type { Draft, NodeView } from "./facets/facet.ts";
import { identityPart } from "./facets/identity.ts";
import type { PlanOptions } from "./input.ts";

/** Something that stops some or all steps of a node. */
export interface Obstacle {
  readonly blocked: Blocked;
  readonly stops: (
    draft: Pick<Draft, "impact" | "action" | "request" | "flow" | "resumes">,
  ) => boolean;
  /** Why, in words of the very step that it stops. */
  readonly names?: (draft: Draft) => Blocked;
}

const everything = (): boolean => true;

/** True when a hold of that scope stops the act (contract 2: all, power, reboot, destructive). */
export function holdStops(
  scope: HoldScope,
  act: { readonly impact: Draft["impact"]; readonly verb: string },
): boolean {
  switch (scope) {
    case "all":
      return true;
    case "power":
      return act.verb.startsWith("power.") || compareImpact(act.impact, "reboot") >= 0;
    case "reboot":
      return compareImpact(act.impact, "reboot") >= 0;
    case "destructive":
      return act.impact === "destructive";
  }
}

/** What stops this node's steps; who it is and whether it answers come first. */
export function obstacles(
  view: NodeView,
  holds: readonly HoldRecord[],
  options: PlanOptions,
): readonly Obstacle[] {
  return [
    ...unreachable(view.observation, view.node.name),
    ...declaredTwice(view),
    ...byDeclaration(view, options),
    ...heldInGit(view),
    ...holds.filter((hold) => !isPast(view, hold)).map((hold) => heldByHand(view, hold)),
    ...byRecord(view, options),
    ...aboveCeiling(view, options),
  ];
}

/** A login that was refused, and one that is not tried. */
const LOGIN: ReadonlySet<string> = new Set(["IW-B04", "IW-B19"]);

function unreachable(observation: Observation | undefined, name: string): readonly Obstacle[] {
  if (observation === undefined)
    return [obstacle("unreachable", "IW-P03", `never observed; run: ironwright observe ${name}`)];
  const why = observation.unreachable;
  if (why === null) return [];
  const kind = LOGIN.has(why.code) ? "unauthorised" : "unreachable";
  const { unreachableSince: since } = observation;
  const nextTry = why.retryAfterMs === undefined ? undefined : observation.at + why.retryAfterMs;
  return [
    { blocked: { kind, code: why.code, message: why.message, since, nextTry }, stops: everything },
  ];
}

/** Two nodes that are one machine would undo, or erase, each other's work: neither is touched. */
function declaredTwice({ node, others, observation }: NodeView): readonly Obstacle[] {
  const twin = others.find(({ declared }) => declared);
  if (twin === undefined) return [];
  const { serial, systemUuid } = known(observation, "identity") ?? {};
  const machine =
    identityPart(serial) === null ? `uuid ${systemUuid ?? ""}` : `serial ${serial ?? ""}`;
  const message = `the machine that answers (${machine}) is declared as ${twin.name} too; neither is touched until one of ${node.name} and ${twin.name} is taken out of git, or their identities tell them apart`;
  return [obstacle("identity", "IW-P04", message)];
}

function byDeclaration(view: NodeView, { settings }: PlanOptions): readonly Obstacle[] {
  const { node } = view;
  const found: Obstacle[] = [];
  if (settings.mode === "observe")
    found.push(obstacle("observe", "IW-P09", "mode is observe for the whole fleet (settings)"));
  else if (node.spec.mode === "observe")
    found.push(
      obstacle(
        "observe",
        "IW-P09",
        `mode is observe (${placeText(originOf(node, "/mode"), false)})`,
      ),
    );
  const { maintenance } = node.spec;
  if (maintenance?.enabled === true) {
    const reason = maintenance.reason === undefined ? "" : ` "${maintenance.reason}"`;
    const at = placeText(originOf(node, "/maintenance"), false);
    found.push(obstacle("maintenance", "IW-P06", `in maintenance${reason} (${at})`));
  }
  return found;
}

function heldInGit(view: NodeView): readonly Obstacle[] {
  const { node, now } = view;
  return (node.spec.holds ?? []).flatMap((hold, index) => {
    if (hold.until !== undefined && parseInstant(hold.until) <= now) return [];
    const at = placeText(originOf(node, `/holds/${index}`), false);
    return [held(hold.scope ?? "all", hold.reason, hold.owner ?? null, at)];
  });
}

function isPast({ act }: NodeView, { id }: HoldRecord): boolean {
  return act?.pastHolds.includes(id) === true;
}

function heldByHand({ node }: NodeView, { id, scope, reason, owner }: HoldRecord): Obstacle {
  return held(scope, reason, owner, `id ${id}; to end it: ironwright release ${node.name} ${id}`);
}

function held(scope: HoldScope, reason: string, owner: string | null, where: string): Obstacle {
  const who = owner === null ? "" : ` by ${owner}`;
  return {
    blocked: {
      kind: "hold",
      code: "IW-P01",
      message: `held (${scope})${who}: "${reason}" (${where})`,
    },
    stops: ({ impact, action }) => holdStops(scope, { impact, verb: action.verb }),
  };
}

function byRecord(
  { node, record, observation, now }: NodeView,
  options: PlanOptions,
): readonly Obstacle[] {
  const found: Obstacle[] = [];
  const { fault } = record;
  // A BMC that was silent and answers has mended itself.
  const isOver = fault?.kind === "power" && observation?.unreachable === null;
  // Another declaration is another try; identity has a facet of its own.
  if (fault !== null && !isOver && fault.kind !== "identity" && fault.specHash === node.specHash)
    found.push({
      blocked: {
        kind: "fault",
        code: "IW-P19",
        message: `${fault.kind}: ${fault.message}; when it is mended: ironwright retry ${node.name}`,
        since: fault.at,
      },
      // What a person asks for by a request is a way out.
      stops: ({ request }) => request === undefined,
    });
  if (options.obeyBackoff === true && record.retryAt !== null && record.retryAt > now) {
    const last = record.lastError === null ? "" : `: ${record.lastError.message}`;
    const blocked: Blocked = {
      kind: "backoff",
      code: record.lastError?.code ?? "IW-A01",
      message: `failed and waits${last}`,
      nextTry: record.retryAt,
    };
    found.push({ blocked, stops: everything });
  }
  return found;
}

function aboveCeiling({ act }: NodeView, { maxImpact }: PlanOptions): readonly Obstacle[] {
  if (maxImpact === undefined) return [];
  const way = maxImpact === "destructive" ? "" : "; what erases needs --allow-erase N";
  const message = `above the ceiling of this run (--max-impact ${maxImpact})${way}`;
  return [
    {
      blocked: { kind: "impact", code: "IW-P14", message },
      // What goes on was approved when it began.
      stops: (draft) => !isApprovedBefore(draft) && compareImpact(draft.impact, maxImpact) > 0,
      // A person's act has no ceiling of its own to raise: one machine may be erased by it, or none.
      ...(act === null ? {} : { names: unallowedErase }),
    },
  ];
}

function unallowedErase({ erases = [] }: Draft): Blocked {
  const serials = erases.map(({ serial }) => serial ?? "a disk without a serial");
  const what = serials.length === 0 ? "it" : [...new Set(serials)].join(", ");
  const message = `${what} would be ERASED, and --yes alone allows no erase; when it is meant: --allow-erase 1`;
  return { kind: "impact", code: "IW-P14", message };
}

function obstacle(kind: Blocked["kind"], code: string, message: string): Obstacle {
  return { blocked: { kind, code, message }, stops: everything };
}

/** Nobody answers there, so nothing more can be said of the node. */
export function isSilence(blocked: Blocked): boolean {
  return blocked.kind === "unreachable" || blocked.kind === "unauthorised";
}
