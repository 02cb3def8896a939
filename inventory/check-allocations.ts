import type { Diagnostic, Place } from "../schemas/diagnostic.ts";
import { type FleetAllocation, type FleetNode, originOf } from "../schemas/fleet.ts";
import { didYouMean } from "../schemas/nearest.ts";

/** States of a node's own that leave it to an Allocation what runs there. */
const GIVES_WAY: readonly (string | undefined)[] = ["available", "rescue", undefined];

/** Rules that hold between Allocations that name a node, and between them and that node. */
export function checkAllocations(
  allocations: readonly FleetAllocation[],
  nodes: readonly FleetNode[],
): readonly Diagnostic[] {
  const backfilled = allocations.filter(({ spec }) => spec.node !== undefined);
  if (backfilled.length === 0) return [];
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const first = new Map<string, FleetAllocation>();
  return backfilled.flatMap((allocation) => {
    const { node: name = "", candidates } = allocation.spec;
    const found: Diagnostic[] = [];
    const say = (code: string, pointer: string, message: string): void => {
      const { file, line, column } = allocation.origins[pointer] ?? allocation.place;
      found.push({ file, line, column, code, severity: "error", message });
    };
    const other = first.get(name);
    if (other === undefined) first.set(name, allocation);
    else
      say(
        "IW-I05",
        "/node",
        `the Allocation ${other.name} (${where(other.origins["/node"] ?? other.place)}) names ${name} too, and a node is given to one; take it out of one of them`,
      );
    if (candidates?.includes(name) === false)
      say("IW-I04", "/node", `${name} is none of the candidates; name it there, or leave them out`);
    const node = byName.get(name);
    if (node === undefined) {
      const way = didYouMean(name, [...byName.keys()], "declare it, or take the Allocation out");
      say("IW-I06", "/node", `the node ${name} is not declared; ${way}`);
      return found;
    }
    if (node.spec.mode === "observe")
      say(
        "IW-I04",
        "/node",
        `${name} is only observed (mode: observe, ${where(originOf(node, "/mode"))}), so nothing is recorded of it and nobody is given it; take the Allocation out, or let the node be managed`,
      );
    const state = node.spec.provision?.state;
    if (allocation.spec.provision !== undefined && !GIVES_WAY.includes(state))
      say(
        "IW-I04",
        "/provision/state",
        `${name} says itself what runs there (state: ${state ?? ""}, ${where(originOf(node, "/provision/state"))}); take provision out here`,
      );
    return found;
  });
}

function where({ file, line }: Place): string {
  return `${file}:${line}`;
}
