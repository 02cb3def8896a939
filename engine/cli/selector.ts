import { nearest } from "../../schemas/nearest.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { meets, parseTerms, type SelectorTerm } from "../../schemas/selector.ts";
import { CommandError, type CommonOptions } from "./command.ts";
import { EXIT } from "./exit-code.ts";

/** Parses `rack=rack1,zone!=b`; wrong usage (64) says which term. */
export function parseSelector(text: string): readonly SelectorTerm[] {
  const terms = parseTerms(text);
  if ("wrong" in terms)
    throw new CommandError(
      EXIT.usage,
      `selector "${text}": "${terms.wrong}" is not KEY=VALUE or KEY!=VALUE; write -l rack=rack1,zone!=b`,
    );
  return terms;
}

/** Names of the nodes that the common flags select; undefined when all are. */
export function selectedNames(
  nodes: readonly FleetNode[],
  common: CommonOptions,
): ReadonlySet<string> | undefined {
  const { selector, node, exclude } = common;
  if (selector === undefined && node.length === 0 && exclude.length === 0) return undefined;
  const names = new Set(nodes.map((n) => n.name));
  for (const name of [...node, ...exclude])
    if (!names.has(name)) throw unknownNode(name, [...names]);
  const terms = selector === undefined ? [] : parseSelector(selector);
  const chosen = nodes.filter(
    (n) =>
      (node.length === 0 || node.includes(n.name)) &&
      !exclude.includes(n.name) &&
      meets(n.labels, terms),
  );
  if (chosen.length === 0)
    throw new CommandError(
      EXIT.usage,
      `the selection matches none of the ${nodes.length} declared nodes; see: ironwright status`,
    );
  return new Set(chosen.map((n) => n.name));
}

/** The error for a name that is not declared, with the nearest one that is. */
export function unknownNode(name: string, names: readonly string[]): CommandError {
  const near = nearest(name, names);
  const hint = near === null ? "see: ironwright status" : `did you mean "${near}"?`;
  return new CommandError(EXIT.usage, `node "${name}" is not declared in the inventory; ${hint}`);
}
