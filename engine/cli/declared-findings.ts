import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { codeFrames } from "../../inventory/code-frame.ts";
import { pastRequests } from "../../inventory/past-requests.ts";
import { comparePlaces, type Diagnostic, type Place, placeText } from "../../schemas/diagnostic.ts";
import { documentPlace, type Fleet, originOf } from "../../schemas/fleet.ts";
import type { Catalog } from "../../schemas/steps.ts";
import { checkSteps } from "../plan/steps/check-steps.ts";
import type { StepFinding, Where } from "../plan/steps/step-list.ts";
import { inTurns } from "../run/in-turns.ts";

/** What a commit declares and the hardware types don't offer, and requests that ended long ago. */
export async function declaredFindings(
  fleet: Fleet,
  from: { readonly catalog: Catalog; readonly now: number },
): Promise<readonly Diagnostic[]> {
  const steps = await inTurns(checkSteps(fleet, from.catalog));
  const found = [...stepDiagnostics(fleet, steps), ...pastRequests(fleet, from.now)];
  return found.sort(comparePlaces);
}

/** Shows the source around each finding, where the files are the ones that were read. */
export function withFrames(
  diagnostics: readonly Diagnostic[],
  root: string,
): readonly Diagnostic[] {
  const frames = new Map<string, ReturnType<typeof codeFrames> | null>();
  return diagnostics.map((found) => {
    if (found.frame !== undefined) return found;
    let frame = frames.get(found.file);
    if (frame === undefined) {
      frame = framesOf(join(root, found.file));
      frames.set(found.file, frame);
    }
    return frame === null ? found : { ...found, frame: frame(found.line, found.column) };
  });
}

function framesOf(path: string): ReturnType<typeof codeFrames> | null {
  return existsSync(path) ? codeFrames(readFileSync(path, "utf8")) : null;
}

/** One diagnostic a place and fact, however many nodes share it by a profile, a template or a runbook. */
function stepDiagnostics(fleet: Fleet, steps: readonly StepFinding[]): readonly Diagnostic[] {
  if (steps.length === 0) return [];
  const placed = placer(fleet);
  const groups = new Map<string, { readonly found: StepFinding; readonly nodes: string[] }>();
  for (const found of steps) {
    const key = `${placeText(placed(found.where))} ${found.code} ${found.message}`;
    const group = groups.get(key) ?? { found, nodes: [] };
    groups.set(key, group);
    if (found.node !== null && !group.nodes.includes(found.node)) group.nodes.push(found.node);
  }
  return [...groups.values()].map(({ found, nodes }) => {
    const { code, severity, message, where, also } = found;
    const other = also === undefined ? "" : `; the other one is at ${placeText(placed(also))}`;
    return {
      ...placed(where),
      code,
      severity,
      message: `${sharers(nodes, where)}: ${message}${other}`,
    };
  });
}

function placer(fleet: Fleet): (where: Where) => Place {
  const nodes = new Map(fleet.nodes.map((node) => [node.name, node]));
  return ({ kind, name, pointer }) => {
    const node = nodes.get(name);
    const place =
      kind !== "Node"
        ? documentPlace(fleet, { kind, name }, pointer)
        : node === undefined
          ? null
          : originOf(node, pointer);
    if (place === null) throw new Error(`bug: a finding of ${kind} ${name}, which is not declared`);
    return place;
  };
}

function sharers([first, ...others]: readonly string[], { kind, name }: Where): string {
  if (first === undefined) return `${kind} ${name} (used by no node)`;
  if (others.length === 0) return first;
  return `${first} and ${others.length} ${others.length === 1 ? "other" : "others"}`;
}
