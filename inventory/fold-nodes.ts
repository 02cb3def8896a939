import { hash } from "node:crypto";
import type { Diagnostic, Place } from "../schemas/diagnostic.ts";
import { type NodeSpec, nodeSpecSchema } from "../schemas/documents.ts";
import type { FleetNode } from "../schemas/fleet.ts";
import { spotAt } from "./check-document.ts";
import { isMap } from "../schemas/is-map.ts";
import { type Folding, lay, type Layer } from "./merge.ts";
import { nearest } from "../schemas/nearest.ts";
import type { ParsedDocument } from "./parsed-document.ts";
import { fillPlaceholders } from "../schemas/placeholders.ts";
import { uuidV5 } from "./uuid-v5.ts";

/** A document with the file that it stands in. */
export interface Sourced extends ParsedDocument {
  readonly file: string;
}

/** Profiles by name; folding starts at the farthest and ends at the node itself. */
export type Profiles = ReadonlyMap<string, Sourced>;

/** Where a pointer below `spec` of a document stands. */
export function placeIn(document: Sourced, pointer: string): Place {
  const [line, column] = spotAt(document, pointer);
  return { file: document.file, line, column };
}

/** Names of a document's profiles, as it writes them. */
export function profilesOf({ spec }: Pick<ParsedDocument, "spec">): readonly string[] {
  const { profiles } = spec;
  return Array.isArray(profiles) ? profiles.map(String) : [];
}

/** Nobody can say what a node is that has its fields from farther away; and folding goes down by recursion. */
const TRAIL_MAX = 32;

/** The chain of profiles that a document folds in, in order, each once; findings name cycles and strangers. */
export function chainOf(
  document: Sourced,
  profiles: Profiles,
  report: (diagnostic: Diagnostic) => void,
): readonly Sourced[] {
  const chain: Sourced[] = [];
  const visit = (from: Sourced, trail: readonly string[]): void => {
    profilesOf(from).forEach((name, index) => {
      const place = placeIn(from, `/spec/profiles/${index}`);
      const profile = profiles.get(name);
      if (profile === undefined) {
        const near = nearest(name, [...profiles.keys()]);
        const hint = near === null ? "declare a Profile of that name" : `did you mean ${near}?`;
        report({
          ...place,
          code: "IW-I06",
          severity: "error",
          message: `profile ${name} is not declared; ${hint}`,
        });
        return;
      }
      if (trail.includes(name)) {
        const circle = [...trail.slice(trail.indexOf(name)), name].join(" -> ");
        report({
          ...place,
          code: "IW-I07",
          severity: "error",
          message: `profiles form a circle: ${circle}; take one of them out`,
        });
        return;
      }
      if (trail.length >= TRAIL_MAX) {
        report({
          ...place,
          code: "IW-I07",
          severity: "error",
          message: `profiles stand on each other more than ${TRAIL_MAX} deep; flatten them`,
        });
        return;
      }
      if (chain.includes(profile)) return;
      visit(profile, [...trail, name]);
      if (!chain.includes(profile)) chain.push(profile);
    });
  };
  visit(document, document.kind === "Profile" ? [String(document.metadata["name"])] : []);
  return chain;
}

/** What other documents say of a node, over what it says itself. */
export type Attached = (
  node: Sourced,
  folded: Folding<Place>,
  report: (diagnostic: Diagnostic) => void,
) => readonly Layer<Place>[];

interface FoldingOptions {
  readonly fleetId: string | undefined;
  readonly attached: Attached;
  readonly report: (diagnostic: Diagnostic) => void;
}

/** A node with its profiles and what is attached to it folded in, and the origin of every value. */
export function foldNode(
  document: Sourced,
  chain: readonly Sourced[],
  { fleetId, attached, report }: FoldingOptions,
): FleetNode {
  const folding: Folding<Place> = { value: {}, origins: {} };
  for (const layer of [...chain, document])
    lay(folding, {
      value: layer.spec,
      nulls: layer.nulls,
      originOf: (pointer) => placeIn(layer, `/spec${pointer}`),
    });
  for (const layer of attached(document, folding, report)) lay(folding, layer);
  const { name, uuid, labels, annotations } = document.metadata;
  const nodeName = String(name);
  const declared = typeof uuid === "string";
  const identified = declared
    ? uuid.toLowerCase()
    : fleetId === undefined
      ? null
      : uuidV5(fleetId, nodeName);
  const facts = {
    name: nodeName,
    uuid: identified,
    labels: texts(labels),
    annotations: texts(annotations),
  };
  const spec = fillPlaceholders(asSpec(folding.value), facts);
  const [line, column] = document.spot;
  return {
    ...facts,
    uuidDeclared: declared,
    spec,
    place: { file: document.file, line, column },
    origins: folding.origins,
    specHash: hash("sha256", canonical(spec)),
  };
}

/** Layers are right each by itself, and maps that are right merge to a map that is right. */
function asSpec(value: Record<string, unknown>): NodeSpec {
  return isSpec(value) ? value : nodeSpecSchema.parse(value);
}

function isSpec(value: Record<string, unknown>): value is NodeSpec & Record<string, unknown> {
  return isMap(value);
}

function texts(value: unknown): Readonly<Record<string, string>> {
  if (!isMap(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]));
}

function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  let text = "";
  for (const [key, item] of Object.entries(value).sort(byKey))
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonical(item)}`;
  return `{${text}}`;
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
