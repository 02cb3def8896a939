import { type Impact, IMPACTS } from "../../schemas/impact.ts";
import type { ProvisionState } from "../../schemas/provision-state.ts";
import { MOVES, type Move } from "./machine.ts";

/** What a node allows, and what each move would do to it. */
export interface Terrain {
  allows(move: Move): boolean;
  impactOf(move: Move): Impact;
}

/**
 * The cheapest way by impact: a destructive move costs more than any number of reboots, a reboot more
 * than any number of milder ones. No way has more moves than there are states, so 100 keeps them apart.
 */
export function moveCost(impact: Impact): number {
  return 100 ** IMPACTS.indexOf(impact);
}

/** The cheapest moves from one state to another; empty when it is there already, null when there is no way. */
export function findPath(
  from: ProvisionState,
  to: ProvisionState,
  terrain: Terrain,
): readonly Move[] | null {
  const best = new Map<ProvisionState, { cost: number; path: readonly Move[] }>([
    [from, { cost: 0, path: [] }],
  ]);
  const open = new Set<ProvisionState>([from]);
  while (open.size > 0) {
    const at = cheapest(open, best);
    open.delete(at);
    const here = best.get(at) ?? { cost: 0, path: [] };
    if (at === to) return here.path;
    for (const move of MOVES) {
      if (move.from !== at || move.to === at || !terrain.allows(move)) continue;
      const there = here.cost + moveCost(terrain.impactOf(move));
      if (there >= (best.get(move.to)?.cost ?? Infinity)) continue;
      best.set(move.to, { cost: there, path: [...here.path, move] });
      open.add(move.to);
    }
  }
  return null;
}

function cheapest(
  open: ReadonlySet<ProvisionState>,
  best: ReadonlyMap<ProvisionState, { cost: number }>,
): ProvisionState {
  const costOf = (s: ProvisionState): number => best.get(s)?.cost ?? Infinity;
  return [...open].reduce((a, b) => (costOf(b) < costOf(a) ? b : a));
}
