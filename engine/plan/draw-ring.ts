import type { GraphFormat } from "./draw-machine.ts";
import { type Arrow, type Box, boxWidth, drawSvg } from "./draw-svg.ts";
import type { Member } from "./ring.ts";

/** What is drawn: who is a member, and who owns which node. */
export interface RingPicture {
  readonly members: readonly Member[];
  readonly owners: ReadonlyMap<string, string | null>;
}

/** Name of the box of those that nobody owns. */
const NOBODY = "nobody";
const LEFT = 120;
const MEMBERS_AT = 420;
const ROW = 40;

/** Hardware types and groups as they come to members: a line for each kind of node and its owner, with how many there are. */
export function drawRing(ring: RingPicture, format: GraphFormat): string {
  const shares = sharesOf(ring);
  switch (format) {
    case "json":
      return `${JSON.stringify({ members: ring.members, owners: Object.fromEntries(ring.owners) }, null, 2)}\n`;
    case "text":
      return `${shares.map(({ owner, nodes }) => `${owner}: ${nodes.length}\n  ${nodes.join(" ")}`).join("\n")}\n`;
    case "dot":
      return [
        "digraph ring {",
        "  rankdir=LR;",
        ...shares.map(({ owner, nodes }) => `  "${nodesText(nodes)} of ${owner}" -> "${owner}";`),
        "}",
        "",
      ].join("\n");
    case "mermaid":
      return [
        "flowchart LR",
        ...shares.map(
          ({ owner, nodes }, at) => `  n${at}["${nodesText(nodes)}"] --> m${at}["${owner}"]`,
        ),
        "",
      ].join("\n");
    case "svg":
      return asSvg(shares);
  }
}

interface Share {
  readonly owner: string;
  readonly nodes: readonly string[];
}

/** Every member, also one that owns nothing; those without an owner last. */
function sharesOf({ members, owners }: RingPicture): readonly Share[] {
  const byOwner = new Map<string, string[]>(members.map(({ name }) => [name, []]));
  const ownerless: string[] = [];
  for (const [node, owner] of [...owners].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (owner === null) ownerless.push(node);
    else byOwner.get(owner)?.push(node);
  }
  const shares = [...byOwner].map(([owner, nodes]) => ({ owner, nodes }));
  return ownerless.length === 0 ? shares : [...shares, { owner: NOBODY, nodes: ownerless }];
}

function nodesText({ length }: readonly string[]): string {
  return `${length} ${length === 1 ? "node" : "nodes"}`;
}

function asSvg(shares: readonly Share[]): string {
  const rows = shares.flatMap(({ owner, nodes }, at): readonly Box[] => {
    const y = ROW * (at + 1);
    return [
      { id: `nodes ${owner}`, x: LEFT, y, text: nodesText(nodes), look: "transient" },
      { id: owner, x: MEMBERS_AT, y, text: owner, look: owner === NOBODY ? "failed" : "stable" },
    ];
  });
  const arrows = shares.map(({ owner }): Arrow => ({
    from: `nodes ${owner}`,
    to: owner,
    label: "",
  }));
  const widest = Math.max(...rows.map(({ text }) => boxWidth(text)));
  const width = MEMBERS_AT + widest;
  return drawSvg({ title: "ring", width, height: ROW * (shares.length + 1), boxes: rows, arrows });
}
