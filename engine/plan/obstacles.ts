import { compareImpact } from "../../schemas/action.ts";
import type { HoldScope } from "../../schemas/documents.ts";
import { originOf } from "../../schemas/fleet.ts";
import { parseInstant } from "../../schemas/instant.ts";
import { placeText } from "../../schemas/diagnostic.ts";
import type { Observation } from "../../schemas/observation.ts";
import type { Blocked } from "../../schemas/plan.ts";
import type { HoldRecord } from "../../schemas/record.ts";
import type { Draft, NodeView } from "./facets/facet.ts";
import type { PlanOptions } from "./input.ts";

/** Something that stops some or all steps of a node. */
export interface Obstacle {
  readonly blocked: Blocked;
  readonly stops: (draft: Pick<Draft, "impact" | "action">) => boolean;
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
    ...byDeclaration(view, options),
    ...heldInGit(view),
    ...holds.map((hold) => held(hold.scope, hold.reason, hold.owner, `id ${hold.id}`)),
    ...byRecord(view, options),
    ...aboveCeiling(options),
  ];
}

function unreachable(observation: Observation | undefined, name: string): readonly Obstacle[] {
  if (observation === undefined)
    return [obstacle("unreachable", "IW-P03", `never observed; run: ironwright observe ${name}`)];
  const why = observation.unreachable;
  if (why === null) return [];
  const kind = why.code === "IW-B04" ? "unauthorised" : "unreachable";
  const { unreachableSince: since } = observation;
  const nextTry = why.retryAfterMs === undefined ? undefined : observation.at + why.retryAfterMs;
  return [
    { blocked: { kind, code: why.code, message: why.message, since, nextTry }, stops: everything },
  ];
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

function byRecord({ record, now }: NodeView, options: PlanOptions): readonly Obstacle[] {
  const found: Obstacle[] = [];
  if (record.activity !== null)
    found.push(
      obstacle(
        "activity",
        "IW-P12",
        `${record.activity.flow} is under way since plan ${record.activity.planId.slice(7, 15)}`,
      ),
    );
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
  if (record.protected)
    found.push({
      blocked: { kind: "protected", code: "IW-P05", message: "protected, as last recorded" },
      stops: ({ impact }) => impact === "destructive",
    });
  return found;
}

function aboveCeiling({ maxImpact }: PlanOptions): readonly Obstacle[] {
  if (maxImpact === undefined) return [];
  const message = `above the ceiling of this run (--max-impact ${maxImpact})`;
  return [
    {
      blocked: { kind: "impact", code: "IW-P14", message },
      stops: ({ impact }) => compareImpact(impact, maxImpact) > 0,
    },
  ];
}

function obstacle(kind: Blocked["kind"], code: string, message: string): Obstacle {
  return { blocked: { kind, code, message }, stops: everything };
}
