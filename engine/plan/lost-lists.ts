import type { Fleet, FleetNode } from "../../schemas/fleet.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import { type Contradicted, withoutContradicted } from "./contradicted-traits.ts";

/** A node as its hardware lets it be seen, and what of its traits is not so. */
interface Seen {
  readonly node: FleetNode;
  readonly contradicted: readonly Contradicted[];
}

type Lists = Pick<Fleet, "templates" | "runbooks">;

/** Templates that git has for the node, and that are not for the machine that was inspected. */
export function lostTemplates(
  { node, contradicted }: Seen,
  templates: Lists["templates"],
): Lists["templates"] {
  if (contradicted.length === 0) return [];
  const gone = contradicted.map(({ trait }) => trait);
  const declared = new Set([...(node.spec.traits ?? []), ...gone]);
  return templates.filter(
    ({ spec: { traits } }) =>
      traits.some((trait) => gone.includes(trait)) && traits.every((trait) => declared.has(trait)),
  );
}

/** The templates and Runbooks that are not for the node because of one trait, in words; null where none is. */
export function lostBy(seen: Seen, trait: string, { templates, runbooks }: Lists): string | null {
  const has = seen.node.spec.traits ?? [];
  const names = [
    ...lostTemplates(seen, templates).filter(({ spec }) => spec.traits.includes(trait)),
    ...runbooks.filter(
      // A Runbook is for nodes that have any one of its traits.
      ({ spec }) => spec.traits.includes(trait) && !spec.traits.some((one) => has.includes(one)),
    ),
  ].map(({ kind, metadata }) => `the ${kind} ${metadata.name}`);
  return names.length === 0 ? null : names.join(" and ");
}

/**
 * Why no image is written over the node: git has steps for such a deploy that its hardware is not for, and to leave
 * them out in silence would be another deploy than was asked for. Null where nothing is left out.
 */
export function whyHeldBack(seen: Seen, templates: Lists["templates"]): string | null {
  const [lost] = lostTemplates(seen, templates);
  const against = seen.contradicted.find(({ trait }) => lost?.spec.traits.includes(trait));
  if (lost === undefined || against === undefined) return null;
  return `the DeployTemplate ${lost.metadata.name} is for it by the trait ${against.trait}, and ${against.why}`;
}

/** The same of a node as git declares it and its record knows it. */
export function whyNoDeploy(
  node: FleetNode,
  record: Pick<NodeRecord, "inventory"> | null,
  templates: Lists["templates"],
): string | null {
  return whyHeldBack(withoutContradicted(node, record), templates);
}
