import type { Diagnostic, Place } from "../schemas/diagnostic.ts";
import { documentPlace, type Fleet, type FleetNode, originOf } from "../schemas/fleet.ts";
import { nearest } from "../schemas/nearest.ts";
import { isKnownTrait, OS_TRAITS_VERSION, STANDARD_TRAITS } from "../schemas/standard-traits.ts";

/** Most traits of a node, here as in Ironic. */
const TRAITS_MAX = 50;

type Traits = Pick<Fleet, "nodes" | "allocations" | "templates" | "runbooks" | "places">;

interface Said {
  readonly trait: string;
  readonly place: Place;
}

/**
 * Traits that are neither standard nor somebody's own, and nodes that have too many. A name that is unknown here may be
 * newer than our list, and does no harm as it is: it is matched by its letters, as any other.
 */
export function checkTraits(fleet: Traits): readonly Diagnostic[] {
  const strange = strangers(fleet).map(({ trait, place }) =>
    said("warning", "IW-I06", place, unknownTrait(trait)),
  );
  return [...strange, ...fleet.nodes.flatMap(tooMany)];
}

/** Only what is unknown is placed: a fleet says some ten thousand traits, and nearly all are known. */
function strangers({ nodes, allocations, ...fleet }: Traits): readonly Said[] {
  const unknown = (
    traits: readonly string[] | undefined,
    placeOf: (pointer: string) => Place,
  ): readonly Said[] =>
    (traits ?? []).flatMap((trait, index) =>
      isKnownTrait(trait) ? [] : [{ trait, place: placeOf(`/traits/${index}`) }],
    );
  return [
    ...nodes.flatMap((node) => unknown(node.spec.traits, (at) => originOf(node, at))),
    ...allocations.flatMap(({ spec, origins, place }) =>
      unknown(spec.traits, (at) => origins[at] ?? place),
    ),
    ...[...fleet.templates, ...fleet.runbooks].flatMap(({ kind, metadata: { name }, spec }) =>
      unknown(spec.traits, (at) => {
        const place = documentPlace(fleet, { kind, name }, at);
        if (place === null) throw new Error(`bug: ${kind} ${name} has no place`);
        return place;
      }),
    ),
  ];
}

function unknownTrait(trait: string): string {
  const near = nearest(trait, [...STANDARD_TRAITS]);
  const meant = near === null ? "what" : `did you mean ${near}? What`;
  return `${trait} is no standard trait (os-traits ${OS_TRAITS_VERSION}); ${meant} is written is kept, and matches only the same name elsewhere. One of your own is CUSTOM_${trait}; one that a newer os-traits has may stay`;
}

function tooMany(node: FleetNode): readonly Diagnostic[] {
  const count = node.spec.traits?.length ?? 0;
  if (count <= TRAITS_MAX) return [];
  const message = `${node.name} has ${count} traits, those of its profiles among them; a node has ${TRAITS_MAX} at most, so take ${count - TRAITS_MAX} out`;
  return [said("error", "IW-I04", node.place, message)];
}

function said(
  severity: Diagnostic["severity"],
  code: string,
  { file, line, column }: Place,
  message: string,
): Diagnostic {
  return { file, line, column, code, severity, message };
}
