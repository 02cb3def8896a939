import { hash } from "node:crypto";
import type { Diagnostic, Place } from "../schemas/diagnostic.ts";
import { API_VERSION } from "../schemas/documents.ts";
import type { FleetAllocation } from "../schemas/fleet.ts";
import { allocationDocumentSchema } from "../schemas/kinds.ts";
import { didYouMean } from "../schemas/nearest.ts";
import { imageOf } from "./attach.ts";
import { placeIn, type Sourced } from "./fold-nodes.ts";
import { type Folding, lay } from "./merge.ts";

type Report = (diagnostic: Diagnostic) => void;

/** Allocations with the Images that they name folded in; candidates that are no nodes are reported. */
export function foldAllocations(
  named: (kind: Sourced["kind"]) => ReadonlyMap<string, Sourced>,
  report: Report,
): readonly FleetAllocation[] {
  const nodes = named("Node");
  const images = named("Image");
  const allocations = [...named("Allocation")].sort(([a], [b]) => (a < b ? -1 : 1));
  return allocations.flatMap(([name, document]) => {
    strangers(document, nodes, report);
    const folding: Folding<Place> = { value: {}, origins: {} };
    lay(folding, {
      value: document.spec,
      nulls: [],
      originOf: (pointer) => placeIn(document, `/spec${pointer}`),
    });
    for (const layer of imageOf(document, images, report)) lay(folding, layer);
    const { kind, metadata } = document;
    const whole = { apiVersion: API_VERSION, kind, metadata, spec: folding.value };
    const parsed = allocationDocumentSchema.safeParse(whole);
    if (!parsed.success) return [];
    const [line, column] = document.spot;
    return [
      {
        name,
        spec: parsed.data.spec,
        place: { file: document.file, line, column },
        origins: folding.origins,
        specHash: hash("sha256", JSON.stringify(parsed.data.spec.provision ?? null)),
      },
    ];
  });
}

function strangers(document: Sourced, nodes: ReadonlyMap<string, Sourced>, report: Report): void {
  const { candidates } = document.spec;
  if (!Array.isArray(candidates)) return;
  candidates.map(String).forEach((name, index) => {
    if (nodes.has(name)) return;
    const way = didYouMean(name, [...nodes.keys()], "declare it, or take it out");
    const message = `the candidate ${name} is not declared; ${way}`;
    const place = placeIn(document, `/spec/candidates/${index}`);
    report({ ...place, code: "IW-I06", severity: "error", message });
  });
}
