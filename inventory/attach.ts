import type { Diagnostic, Place } from "../schemas/diagnostic.ts";
import { didYouMean, nearest } from "../schemas/nearest.ts";
import { isPartKind, PART_KINDS, type PartKind } from "../schemas/parts.ts";
import { at } from "./check-rules.ts";
import { type Attached, placeIn, type Sourced } from "./fold-nodes.ts";
import { isMap } from "../schemas/is-map.ts";
import { escapeKey, type Folding, type Layer } from "./merge.ts";

type Report = (diagnostic: Diagnostic) => void;
type Named = (kind: Sourced["kind"]) => ReadonlyMap<string, Sourced>;

/** What other documents say of nodes. */
export interface Attachments {
  readonly layersOf: Attached;
  /** True for a name that some part names as its node. */
  hasParts(node: string): boolean;
}

/**
 * Documents that are parts of a Node stand in it as if they were written there, and an Image fills in what a node
 * that names it leaves out; each value keeps the place where it was written.
 */
export function attachedTo(named: Named, report: Report): Attachments {
  const parts = partsByNode(named, report);
  const images = named("Image");
  return {
    hasParts: (node) => parts.has(node),
    layersOf(node, folded, say) {
      const its = parts.get(String(node.metadata["name"])) ?? [];
      const image = imageLayer(node, folded, { images, report: say });
      return [...its.flatMap((part) => partLayer(node, part, say)), ...image];
    },
  };
}

/** In an order of their own: which file they stand in is of no matter. */
function partsByNode(named: Named, report: Report): ReadonlyMap<string, readonly Sourced[]> {
  const nodes = named("Node");
  const byNode = new Map<string, Sourced[]>();
  const kinds = Object.keys(PART_KINDS).filter(isPartKind);
  for (const kind of kinds)
    for (const [name, part] of [...named(kind)].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const node = String(part.spec["node"]);
      if (!nodes.has(node)) {
        const way = didYouMean(node, [...nodes.keys()], "declare it, or take this document out");
        const message = `${kind} ${name} is part of the node ${node}, which is not declared; ${way}`;
        report({ ...placeIn(part, "/spec/node"), code: "IW-I06", severity: "error", message });
        continue;
      }
      const its = byNode.get(node) ?? [];
      its.push(part);
      byNode.set(node, its);
    }
  return byNode;
}

function partLayer(node: Sourced, part: Sourced, report: Report): readonly Layer<Place>[] {
  if (!isPartKind(part.kind)) return [];
  const name = String(part.metadata["name"]);
  const below = PART_KINDS[part.kind];
  const there = at(node.spec, below);
  if (isMap(there) && Object.hasOwn(there, name)) {
    const other = placeIn(node, `/spec${below}/${name}`);
    const message = `${part.kind} ${name} is written into its node too (${other.file}:${other.line}); keep one of them`;
    report({ ...placeIn(part, "/metadata/name"), code: "IW-I05", severity: "error", message });
    return [];
  }
  const { node: _node, ...spec } = part.spec;
  const value = nested(part.kind, name, spec);
  const own = `${below}/${escapeKey(name)}`;
  return [
    { value, nulls: [], originOf: (pointer) => placeIn(part, `/spec${pointer.slice(own.length)}`) },
  ];
}

function nested(kind: PartKind, name: string, spec: unknown): Record<string, unknown> {
  const keys = [...PART_KINDS[kind].slice(1).split("/"), name];
  const whole = keys.reduceRight<unknown>((value, key) => ({ [key]: value }), spec);
  return isMap(whole) ? whole : {};
}

/** The Image that an Allocation names fills in what its `provision.image` leaves out. */
export function imageOf(
  allocation: Sourced,
  images: ReadonlyMap<string, Sourced>,
  report: Report,
): readonly Layer<Place>[] {
  const folded = { value: { ...allocation.spec }, origins: {} };
  return imageLayer(allocation, folded, { images, report });
}

/** Fields of an image that its document says once for all nodes. */
const OF_IMAGE = ["url", "checksum", "format"];

function imageLayer(
  node: Sourced,
  { value, origins }: Folding<Place>,
  { images, report }: { readonly images: ReadonlyMap<string, Sourced>; readonly report: Report },
): readonly Layer<Place>[] {
  const said = at(value, "/provision/image");
  const name = isMap(said) ? said["name"] : undefined;
  if (!isMap(said) || typeof name !== "string") return [];
  const image = images.get(name);
  const own = placeIn(node, "/spec/provision/image");
  const error = (code: string, message: string, place = own): void =>
    report({ ...place, code, severity: "error", message });
  if (image === undefined) {
    if (said["url"] !== undefined) return [];
    const near = nearest(name, [...images.keys()]);
    const hint = near === null ? "" : `, did you mean ${near}?`;
    error(
      "IW-I06",
      `the image ${name} is not declared; declare an Image of that name, or write its url here${hint}`,
    );
    return [];
  }
  const twice = OF_IMAGE.filter((key) => said[key] !== undefined);
  if (twice.length > 0) {
    const [line] = image.spot;
    error(
      "IW-I05",
      `the Image ${name} (${image.file}:${line}) says ${twice.join(", ")}, and this does too; take ${twice.length === 1 ? "it" : "them"} out here`,
      // As often as not a profile says it, once for all its nodes.
      origins[`/provision/image/${twice[0] ?? ""}`] ?? own,
    );
    return [];
  }
  const filled = Object.fromEntries(
    OF_IMAGE.flatMap((key) => (key in image.spec ? [[key, image.spec[key]]] : [])),
  );
  return [
    {
      value: { provision: { image: filled } },
      nulls: [],
      originOf: (pointer) => placeIn(image, `/spec${pointer.slice("/provision/image".length)}`),
    },
  ];
}
