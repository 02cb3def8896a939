import { type Arrow, drawSvg } from "./draw-svg.ts";
import { STATES, TRANSITIONS } from "./machine.ts";

/** Pictures of a graph that the command line offers. */
export const GRAPH_FORMATS = ["text", "json", "dot", "mermaid", "svg"] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** The provision state machine, whole; what Ironic's does not have is marked `ours`. */
export function drawMachine(format: GraphFormat): string {
  switch (format) {
    case "text":
      return asText();
    case "json":
      return asJson();
    case "dot":
      return asDot();
    case "mermaid":
      return asMermaid();
    case "svg":
      return asSvg();
  }
}

/** Contract 5: states with stable and target, transitions with ours. */
function asJson(): string {
  const states = STATES.map(({ name, kind, target }) => ({
    name,
    stable: kind === "stable",
    target,
  }));
  return `${JSON.stringify({ states, transitions: TRANSITIONS }, null, 2)}\n`;
}

function asText(): string {
  const lines = STATES.flatMap(({ name, kind, target }) => {
    const out = TRANSITIONS.filter((t) => t.from === name);
    const towards = target === null ? "" : `, on its way to ${target}`;
    return [
      `${name}  (${kind}${towards})`,
      ...out.map(
        ({ event, to, ours, why }) =>
          `    ${event.padEnd(9)}-> ${to}${ours ? `   (ours: ${why ?? ""})` : ""}`,
      ),
    ];
  });
  const ours = TRANSITIONS.filter((t) => t.ours).length;
  const sum = `${STATES.length} states, ${TRANSITIONS.length - ours} transitions of Ironic, ${ours} of ours`;
  return `${[...lines, "", sum].join("\n")}\n`;
}

function asDot(): string {
  const shape = { stable: "box", transient: "ellipse", failed: "octagon" } as const;
  return [
    "digraph provision {",
    "  rankdir=LR;",
    ...STATES.map(({ name, kind }) => `  "${name}" [shape=${shape[kind]}];`),
    ...TRANSITIONS.map(
      ({ from, event, to, ours }) =>
        `  "${from}" -> "${to}" [label="${event}"${ours ? ", style=dashed" : ""}];`,
    ),
    "}",
    "",
  ].join("\n");
}

function asMermaid(): string {
  const id = (name: string): string => name.replaceAll(/[^a-z]/g, "_");
  return [
    "stateDiagram-v2",
    ...STATES.map(({ name }) => `  state "${name}" as ${id(name)}`),
    ...TRANSITIONS.map(
      ({ from, event, to, ours }) =>
        `  ${id(from)} --> ${id(to)}: ${event}${ours ? " (ours)" : ""}`,
    ),
    "",
  ].join("\n");
}

/** Radii and middle of the oval that the states stand on: 30 boxes side by side, no two touching. Pixels. */
const OVAL = { x: 620, y: 520, across: 500, up: 470 };

/** The states in a round, in the order of the table; what belongs together stands together. */
function asSvg(): string {
  const boxes = STATES.map(({ name, kind }, index) => {
    const angle = (index / STATES.length) * 2 * Math.PI - Math.PI / 2;
    const [x, y] = [OVAL.x + OVAL.across * Math.cos(angle), OVAL.y + OVAL.up * Math.sin(angle)];
    return { id: name, x, y, text: name, look: kind };
  });
  return drawSvg({
    title: "the provision state machine; dashed lines are ours",
    width: 2 * OVAL.x,
    height: 2 * OVAL.y,
    boxes,
    arrows: arrows(),
  });
}

/** One line for all events that lead from one state to another; dashed when Ironic has none of them. */
function arrows(): readonly Arrow[] {
  const byEnds = new Map<string, Arrow>();
  for (const { from, event, to, ours } of TRANSITIONS) {
    const key = `${from} -> ${to}`;
    const before = byEnds.get(key);
    const label = before === undefined ? event : `${before.label}, ${event}`;
    byEnds.set(key, { from, to, label, ours: ours && before?.ours !== false });
  }
  return [...byEnds.values()];
}
