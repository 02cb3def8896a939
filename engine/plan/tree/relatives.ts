import type { FleetNode } from "../../../schemas/fleet.ts";

/** Who draws power from whom; children with a supply of their own are in nobody's. */
export interface Tree {
  /** Parents that power somebody, by name, each with its children in order of their names. */
  readonly children: ReadonlyMap<string, readonly FleetNode[]>;
  /** By the child's name. */
  readonly parents: ReadonlyMap<string, FleetNode>;
}

const trees = new WeakMap<readonly FleetNode[], Tree>();

/** The power tree of a fleet, in whichever order its nodes are given; found once for the very same nodes. */
export function treeOf(nodes: readonly FleetNode[]): Tree {
  const known = trees.get(nodes);
  if (known !== undefined) return known;
  const tree = sameTree(nodes) ?? growTree(nodes);
  trees.set(nodes, tree);
  last = new WeakRef(nodes);
  return tree;
}

/** The fleet whose tree was found last. */
let last: WeakRef<readonly FleetNode[]> | null = null;

/** The tree of before, where a commit changes nodes that are none of it; null where that is not so. */
function sameTree(nodes: readonly FleetNode[]): Tree | null {
  const before = last?.deref();
  const tree = before === undefined ? undefined : trees.get(before);
  if (before === undefined || tree === undefined || before.length !== nodes.length) return null;
  const isApart = (one: FleetNode): boolean => !isFed(one) && !tree.children.has(one.name);
  for (const [index, node] of nodes.entries()) {
    const was = before[index];
    if (was === node) continue;
    if (was?.name !== node.name || !isApart(was) || !isApart(node)) return null;
  }
  return tree;
}

function growTree(nodes: readonly FleetNode[]): Tree {
  const fed = nodes.filter(isFed);
  const byName = fed.length === 0 ? new Map() : new Map(nodes.map((node) => [node.name, node]));
  const children = new Map<string, FleetNode[]>();
  const parents = new Map<string, FleetNode>();
  for (const node of fed.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const parent = byName.get(node.spec.parent ?? "");
    if (parent === undefined) continue;
    parents.set(node.name, parent);
    const its = children.get(parent.name) ?? [];
    children.set(parent.name, [...its, node]);
  }
  return { children: new Map([...children].sort(([a], [b]) => (a < b ? -1 : 1))), parents };
}

function isFed({ spec }: FleetNode): boolean {
  return spec.parent !== undefined && spec.dedicatedPower !== true;
}

/** The names with those of their parents and children: what must be looked at to plan them. */
export function withRelatives(
  nodes: readonly FleetNode[],
  names: ReadonlySet<string>,
): ReadonlySet<string> {
  const { children, parents } = treeOf(nodes);
  const all = new Set(names);
  for (const name of names) {
    const parent = parents.get(name);
    if (parent !== undefined) all.add(parent.name);
    for (const child of children.get(name) ?? []) all.add(child.name);
  }
  return all;
}

/** What a person asks first of a tree: who powers the node, and whom it powers. */
export function familyLines(
  { name, spec }: FleetNode,
  nodes: readonly FleetNode[],
): readonly string[] {
  const children = nodes.filter((one) => one.spec.parent === name);
  const own = spec.dedicatedPower === true ? "has a supply of its own" : "draws its power from it";
  return [
    ...(spec.parent === undefined ? [] : [`child of ${spec.parent}, and ${own}`]),
    ...(children.length === 0 ? [] : [`parent of ${children.map(withSupply).join(", ")}`]),
  ];
}

function withSupply({ name, spec }: FleetNode): string {
  return spec.dedicatedPower === true ? `${name} (has a supply of its own)` : name;
}
