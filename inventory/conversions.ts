import { type Document, isMap, isScalar } from "yaml";
import { API_VERSION } from "../schemas/documents.ts";

/**
 * The way from one version of documents to the next. A way back is a row of its own, from the newer to
 * the older, where nothing is lost by it.
 */
export interface Conversion {
  /** As documents write it: `ironwright/v1`. */
  readonly from: string;
  readonly to: string;
  /**
   * Changes one document's tree in place. It may meet any document that is a map, also one that its schema
   * refuses, and leaves alone what it does not know. Nodes that it moves keep their comments and places.
   */
  convert(document: Document): void;
}

/** What documents are read as, and what leads there. */
export interface Versions {
  readonly current: string;
  readonly conversions: readonly Conversion[];
  /** What is read where none is written; left out where each document must write it. */
  readonly unwritten?: string;
}

/** The versions of this engine. A second version is a new `current` and a row here; raise `PARSED_VERSION` with it. */
export const VERSIONS: Versions = { current: API_VERSION, conversions: [] };
/** Those of the settings, which were not written at first. */
export const SETTINGS_VERSIONS: Versions = {
  current: API_VERSION,
  conversions: [],
  unwritten: API_VERSION,
};

/** The apiVersion that a document writes; null where it writes none. */
export function versionOf({ contents }: Document): string | null {
  const version: unknown = isMap(contents) ? contents.get("apiVersion") : undefined;
  return typeof version === "string" ? version : null;
}

/** Every version that can be read, the current one first. */
export function readableVersions({ current, conversions }: Versions): readonly string[] {
  const reached = [current];
  // The list grows while it is walked: what leads to what leads here.
  for (const to of reached)
    for (const one of conversions)
      if (one.to === to && !reached.includes(one.from)) reached.push(one.from);
  return reached;
}

/** The shortest way from a version to the current one: empty where it is that, null where there is none. */
export function wayFrom(
  version: string,
  { current, conversions }: Versions,
): readonly Conversion[] | null {
  const ways = new Map<string, readonly Conversion[]>([[current, []]]);
  for (const [to, rest] of ways)
    for (const one of conversions)
      if (one.to === to && !ways.has(one.from)) ways.set(one.from, [one, ...rest]);
  return ways.get(version) ?? null;
}

/** Brings a document's tree to the current version; answers the version that it had, null where nothing was to do. */
export function convertDocument(document: Document, versions: Versions): string | null {
  const from = versionOf(document) ?? versions.unwritten ?? null;
  const way = from === null ? null : wayFrom(from, versions);
  if (way === null || way.length === 0) return null;
  for (const conversion of way) {
    conversion.convert(document);
    setVersion(document, conversion.to);
  }
  return from;
}

/** Sets the value inside its node, which holds the comment behind it. */
function setVersion(document: Document, version: string): void {
  const node: unknown = document.get("apiVersion", true);
  if (isScalar(node)) node.value = version;
  else document.set("apiVersion", version);
}
