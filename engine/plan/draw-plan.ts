import type { NodePlan, Plan, Step } from "../../schemas/plan.ts";
import type { GraphFormat } from "./draw-machine.ts";
import { type Arrow, type Box, boxWidth, drawSvg } from "./draw-svg.ts";

/** The steps of a plan as a graph: nodes, their steps in order, and what each waits for. */
export function drawPlan(plan: Plan, format: GraphFormat): string {
  const busy = plan.nodes.filter((node) => node.steps.length > 0);
  switch (format) {
    case "json": {
      const nodes = busy.map(({ node, steps, tree }) => ({
        node,
        ...(tree?.after === undefined ? {} : { after: tree.after.map((one) => one.node) }),
        steps: steps.map(({ id, action, impact, dependsOn }) => ({
          id,
          action,
          impact,
          dependsOn,
        })),
      }));
      return `${JSON.stringify({ plan: plan.id, nodes }, null, 2)}\n`;
    }
    case "text":
      return busy.length === 0 ? "no steps\n" : `${busy.map(nodeText).join("\n")}\n`;
    case "dot":
      return [
        "digraph plan {",
        "  rankdir=LR;",
        ...allEdges(busy).map(([a, b]) => `  "${a}" -> "${b}";`),
        "}",
        "",
      ].join("\n");
    case "mermaid":
      return [
        "flowchart LR",
        ...allEdges(busy).map(([a, b]) => `  ${word(a)}["${a}"] --> ${word(b)}["${b}"]`),
        "",
      ].join("\n");
    case "svg":
      return asSvg(plan.id, busy);
  }
}

/** Between two boxes, and between two rows. Pixels. */
const GAP = 40;

/** One row a node: its name, then its steps from left to right. */
function asSvg(id: string, busy: Plan["nodes"]): string {
  const boxes: Box[] = [];
  let width = GAP;
  for (const [row, { node, steps }] of busy.entries()) {
    let left = GAP;
    const put = (its: Omit<Box, "x" | "y">): void => {
      boxes.push({ ...its, x: left + boxWidth(its.text) / 2, y: GAP * (row + 1) });
      left += boxWidth(its.text) + GAP;
    };
    put({ id: node, text: node, look: "stable" });
    for (const step of steps)
      put({ id: nameOf(node, step), text: stepText(step), look: step.impact });
    width = Math.max(width, left);
  }
  const arrows = allEdges(busy).map(([from, to]): Arrow => ({ from, to, label: "" }));
  return drawSvg({ title: `plan ${id}`, width, height: GAP * (busy.length + 1), boxes, arrows });
}

function stepText({ action, impact }: Step): string {
  return `${action} (${impact})`;
}

function nodeText({ node, steps, tree }: NodePlan): string {
  const after = (tree?.after ?? []).map((one) => one.node).join(", ");
  const name = after === "" ? node : `${node} (after ${after})`;
  return `${name}: ${steps.map(stepText).join(" -> ")}`;
}

type Edge = readonly [string, string];

/** Within each node, and from the last step of a node to those that come after it. */
function allEdges(busy: Plan["nodes"]): readonly Edge[] {
  const lastOf = new Map(busy.map(({ node, steps }) => [node, steps.at(-1)]));
  const between = busy.flatMap(({ node, tree }) =>
    (tree?.after ?? []).flatMap((one): readonly Edge[] => {
      const last = lastOf.get(one.node);
      return last === undefined ? [] : [[nameOf(one.node, last), node]];
    }),
  );
  return [...busy.flatMap(({ node, steps }) => edges(node, steps)), ...between];
}

function edges(node: string, steps: readonly Step[]): readonly Edge[] {
  const name = (step: Step): string => nameOf(node, step);
  return steps.flatMap((step) =>
    step.dependsOn.length === 0
      ? [[node, name(step)] as const]
      : step.dependsOn.flatMap((before) => {
          const earlier = steps.find((other) => other.id === before);
          return earlier === undefined ? [] : [[name(earlier), name(step)] as const];
        }),
  );
}

function nameOf(node: string, { id, action }: Step): string {
  return `${node} ${id} ${action}`;
}

function word(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, "_");
}
