/** One box of a picture; `x` and `y` are its middle. Pixels. */
export interface Box {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly text: string;
  /** stable, transient, failed, or the impact of a step: a class for the style sheet. */
  readonly look: string;
}

/** From one box to another; `ours` is dashed. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly ours?: boolean;
}

export interface Picture {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
}

export const BOX_HEIGHT = 26;
/** Room of one letter of 12 px sans-serif, with its share of the box's edges. */
const LETTER_WIDTH = 7.2;
/** How far an arrow is bent to its left, as a share of its length: there and back are two lines. */
const BEND = 0.12;

const STYLE = `text{font:12px sans-serif;text-anchor:middle}.label{font-size:9px;fill:#555}rect{fill:#fff;stroke:#333}.transient{stroke-dasharray:4 2}.failed,.destructive{stroke:#b00020;stroke-width:2}.stable{stroke-width:2}.reboot{stroke:#b36b00}path{fill:none;stroke:#777}.ours{stroke-dasharray:5 3}`;

/** A picture as SVG 1.1 of one file: no script, no font, nothing fetched. */
export function drawSvg({ title, width, height, boxes, arrows }: Picture): string {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const lines = arrows.flatMap((arrow) => {
    const [from, to] = [byId.get(arrow.from), byId.get(arrow.to)];
    return from === undefined || to === undefined ? [] : [arrowSvg(from, to, arrow)];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" style="fill:#777"/></marker></defs>`,
    ...lines,
    ...boxes.map(boxSvg),
    "</svg>",
    "",
  ].join("\n");
}

/** Width of a box around its text. */
export function boxWidth(text: string): number {
  return Math.round(text.length * LETTER_WIDTH + 16);
}

function boxSvg({ x, y, text, look }: Box): string {
  const width = boxWidth(text);
  const at = `x="${round(x - width / 2)}" y="${round(y - BOX_HEIGHT / 2)}"`;
  return `<rect class="${look}" ${at} width="${width}" height="${BOX_HEIGHT}" rx="4"/><text x="${round(x)}" y="${round(y)}" dy=".35em">${escaped(text)}</text>`;
}

function arrowSvg(from: Box, to: Box, { label, ours = false }: Arrow): string {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const bend = from.y === to.y ? 0 : BEND;
  const [cx, cy] = [(from.x + to.x) / 2 + dy * bend, (from.y + to.y) / 2 - dx * bend];
  const start = edge(from, cx, cy);
  const end = edge(to, cx, cy);
  const text =
    label === ""
      ? ""
      : `<text class="label" x="${round((start.x + 2 * cx + end.x) / 4)}" y="${round((start.y + 2 * cy + end.y) / 4)}">${escaped(label)}</text>`;
  return `<path${ours ? ' class="ours"' : ""} d="M${round(start.x)} ${round(start.y)}Q${round(cx)} ${round(cy)} ${round(end.x)} ${round(end.y)}" marker-end="url(#head)"/>${text}`;
}

/** Where the line from a box's middle to a point leaves the box. */
function edge(
  { x, y, text }: Box,
  toX: number,
  toY: number,
): { readonly x: number; readonly y: number } {
  const [dx, dy] = [toX - x, toY - y];
  const across = dx === 0 ? Infinity : boxWidth(text) / 2 / Math.abs(dx);
  const up = dy === 0 ? Infinity : BOX_HEIGHT / 2 / Math.abs(dy);
  const share = Math.min(across, up, 1);
  return { x: x + dx * share, y: y + dy * share };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
