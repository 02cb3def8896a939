import { setImmediate as breathe } from "node:timers/promises";
import type { z } from "zod";
import type { Diagnostic } from "../schemas/diagnostic.ts";
import {
  API_VERSION,
  conductorDocumentSchema,
  deployTemplateDocumentSchema,
  runbookDocumentSchema,
} from "../schemas/documents.ts";
import type { Fleet, FleetNode } from "../schemas/fleet.ts";
import { imageDocumentSchema, policyDocumentSchema } from "../schemas/kinds.ts";
import { type Attachments, attachedTo } from "./attach.ts";
import { checkFleet, type Declared } from "./check-fleet.ts";
import { checkTraits } from "./check-traits.ts";
import { foldAllocations } from "./fold-allocations.ts";
import { chainOf, foldNode, placeIn, type Profiles, type Sourced } from "./fold-nodes.ts";

/** All that is declared, folded. */
export interface Assembly {
  readonly fleet: Omit<Fleet, "commit" | "tree" | "warnings">;
  /** What every node is folded from besides its own document. */
  readonly base: FoldingBase;
  /** Profiles of each node, by its name, farthest first. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
}

/** What every node is folded from besides its own document. */
export interface FoldingBase {
  readonly fleetId: string | undefined;
  readonly profiles: Profiles;
  readonly attachments: Attachments;
  readonly declared: Declared;
}

/** Nodes that are folded in one turn. */
const TURN = 500;

/** Folds what is declared; whatever is wrong between documents is reported. */
export async function assemble(
  documents: readonly Sourced[],
  fleetId: string | undefined,
  report: (found: Diagnostic) => void,
): Promise<Assembly> {
  const named = byKindAndName(documents, report);
  const profiles: Profiles = named("Profile");
  for (const profile of profiles.values()) chainOf(profile, profiles, report);
  const base: FoldingBase = {
    fleetId,
    profiles,
    attachments: attachedTo(named, report),
    declared: {
      runbooks: [...named("Runbook").keys()],
      chassis: [...named("Chassis").keys()],
      policies: sorted(parsedAs(policyDocumentSchema, named("Policy"))),
      allocations: foldAllocations(named, report),
    },
  };
  const nodes: FleetNode[] = [];
  const chains = new Map<string, readonly string[]>();
  for (const document of named("Node").values()) {
    const { node, chain } = foldOne(document, base, report);
    nodes.push(node);
    chains.set(node.name, chain);
    // A daemon has a lease to renew while it reads a large fleet.
    if (nodes.length % TURN === 0) await breathe();
  }
  await breathe();
  for (const found of checkFleet(nodes, base.declared)) report(found);
  const files: Record<string, string[]> = {};
  for (const [name, { file }] of profiles) (files[file] ??= []).push(name);
  const { policies, allocations } = base.declared;
  const fleet = {
    nodes: nodes.sort((a, b) => (a.name < b.name ? -1 : 1)),
    conductors: parsedAs(conductorDocumentSchema, named("Conductor")),
    templates: sorted(parsedAs(deployTemplateDocumentSchema, named("DeployTemplate"))),
    runbooks: sorted(parsedAs(runbookDocumentSchema, named("Runbook"))),
    allocations,
    policies,
    images: sorted(parsedAs(imageDocumentSchema, named("Image"))),
    places: placesOf(
      (["DeployTemplate", "Runbook", "Policy"] as const).flatMap((kind) => [
        ...named(kind).values(),
      ]),
    ),
    profileReach: reachOf(chains.values()),
    profileFiles: files,
  };
  for (const found of checkTraits(fleet)) report(found);
  return { fleet, base, chains };
}

/** One node with its profiles and its parts folded in. */
export function foldOne(
  document: Sourced,
  { fleetId, profiles, attachments }: FoldingBase,
  report: (found: Diagnostic) => void,
): { readonly node: FleetNode; readonly chain: readonly string[] } {
  const chain = chainOf(document, profiles, report);
  const attached = attachments.layersOf;
  return {
    node: foldNode(document, chain, { fleetId, attached, report }),
    chain: chain.map(({ metadata }) => String(metadata["name"])),
  };
}

function reachOf(chains: Iterable<readonly string[]>): Fleet["profileReach"] {
  const reach = new Map<string, number>();
  for (const chain of chains) for (const name of chain) reach.set(name, (reach.get(name) ?? 0) + 1);
  return Object.fromEntries(reach);
}

/** Documents of a kind as their schema has them; those that it refuses were reported when they were parsed. */
function parsedAs<T>(schema: z.ZodType<T>, documents: ReadonlyMap<string, Sourced>): readonly T[] {
  return [...documents.values()].flatMap(({ kind, metadata, spec }) => {
    const parsed = schema.safeParse({ apiVersion: API_VERSION, kind, metadata, spec });
    return parsed.success ? [parsed.data] : [];
  });
}

/** Where the parts of documents stand that no node holds an origin of. */
function placesOf(documents: readonly Sourced[]): Fleet["places"] {
  return Object.fromEntries(
    documents.map((document) => {
      const pointers = Object.keys(document.spots).filter((at) => at.startsWith("/spec/"));
      const places = pointers.map((at) => [at.slice("/spec".length), placeIn(document, at)]);
      const [line, column] = document.spot;
      const whole = { file: document.file, line, column };
      return [
        `${document.kind} ${String(document.metadata["name"])}`,
        { ...Object.fromEntries(places), "": whole },
      ];
    }),
  );
}

function sorted<T extends { readonly metadata: { readonly name: string } }>(
  documents: readonly T[],
): readonly T[] {
  return [...documents].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** Documents by kind and name; a name that is declared twice is an error at both places. */
function byKindAndName(
  documents: readonly Sourced[],
  report: (found: Diagnostic) => void,
): (kind: Sourced["kind"]) => ReadonlyMap<string, Sourced> {
  const kinds = new Map<string, Map<string, Sourced>>();
  for (const document of documents) {
    const name = String(document.metadata["name"]);
    const names = kinds.get(document.kind) ?? new Map<string, Sourced>();
    kinds.set(document.kind, names);
    const first = names.get(name);
    if (first === undefined) names.set(name, document);
    else {
      const place = placeIn(document, "/metadata/name");
      const [line] = first.spot;
      report({
        ...place,
        code: "IW-I05",
        severity: "error",
        message: `${document.kind} ${name} is declared twice; the other one is at ${first.file}:${line}`,
      });
    }
  }
  return (kind) => kinds.get(kind) ?? new Map();
}

/** A circle is found from each of its nodes; it is said once at each place. */
export function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Map<string, Diagnostic>();
  for (const found of diagnostics) {
    const { file, line, column, code, message } = found;
    seen.set([file, line, column, code, message].join("\0"), found);
  }
  return [...seen.values()];
}
