import type { Diagnostic } from "../schemas/diagnostic.ts";
import { type FleetNode, originOf } from "../schemas/fleet.ts";
import { didYouMean } from "../schemas/nearest.ts";

/**
 * Rules of parents and children (ironic-facts 2.4, rule 4). Ironic does not say how deep a tree may be; one level is
 * all that its power rules speak of, so it is all that is allowed here.
 */
export function checkTree(nodes: readonly FleetNode[]): readonly Diagnostic[] {
  const related = nodes.filter(
    ({ spec }) => spec.parent !== undefined || spec.dedicatedPower === true,
  );
  if (related.length === 0) return [];
  const byName = new Map(nodes.map((node) => [node.name, node]));
  return related.flatMap((node) => ofOne(node, byName));
}

type ByName = ReadonlyMap<string, FleetNode>;

function ofOne(node: FleetNode, byName: ByName): readonly Diagnostic[] {
  const { name } = node;
  const { parent, dedicatedPower, power } = node.spec;
  if (parent === undefined) {
    const message = `${name} says dedicatedPower and has no parent whose power it could do without; name its parent, or take dedicatedPower out`;
    return [finding(node, "/dedicatedPower", "IW-I22", message)];
  }
  const above = byName.get(parent);
  if (above === undefined) {
    const way = didYouMean(parent, [...byName.keys()], "declare a Node of that name");
    const message = `parent ${parent} of ${name} is not declared; ${way}`;
    return [finding(node, "/parent", "IW-I06", message)];
  }
  if (above === node) {
    const message = `${name} is its own parent; name the node that it sits in, or take parent out`;
    return [finding(node, "/parent", "IW-I22", message)];
  }
  const deep = tooDeep(node, above, byName);
  if (deep !== null) return [finding(node, "/parent", "IW-I22", deep)];
  if (power !== "on" || above.spec.power !== "off" || dedicatedPower === true) return [];
  const message = `${name} is declared on and draws its power from ${parent}, which is declared off (${where(above, "/power")}); declare one of them otherwise, or dedicatedPower: true where ${name} has a supply of its own`;
  return [finding(node, "/power", "IW-I22", message)];
}

/** A parent that has a parent; where that leads back, the circle is named. */
function tooDeep(node: FleetNode, above: FleetNode, byName: ByName): string | null {
  const { parent: higher } = above.spec;
  if (higher === undefined) return null;
  const trail = [node.name];
  for (let at: FleetNode | undefined = above; at !== undefined; at = upFrom(at, byName)) {
    const seen = trail.indexOf(at.name);
    // A circle farther up is told at those that are in it.
    if (seen > 0) break;
    trail.push(at.name);
    if (seen === 0)
      return `nodes are each other's parents: ${trail.join(" -> ")}; take one parent out`;
  }
  return `${above.name}, the parent of ${node.name}, has a parent itself (${higher}, ${where(above, "/parent")}); a tree is one level deep: name ${higher}, or take one parent out`;
}

function upFrom({ spec }: FleetNode, byName: ByName): FleetNode | undefined {
  return spec.parent === undefined ? undefined : byName.get(spec.parent);
}

function where(node: FleetNode, pointer: string): string {
  const { file, line } = originOf(node, pointer);
  return `${file}:${line}`;
}

function finding(node: FleetNode, pointer: string, code: string, message: string): Diagnostic {
  const { file, line, column } = originOf(node, pointer);
  return { file, line, column, code, severity: "error", message };
}
