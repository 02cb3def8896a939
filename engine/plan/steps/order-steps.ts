import type { InterfaceName } from "../../../schemas/steps.ts";
import type { ListedStep } from "./step-list.ts";

/** Interfaces of equal priority, first to last (ironic-facts 6.2; `conductor/steps.py`). */
const RANKS = {
  verify: [
    "power",
    "management",
    "firmware",
    "inspect",
    "deploy",
    "boot",
    "bios",
    "raid",
    "vendor",
    "network",
    "storage",
    "console",
    "rescue",
  ],
  deploy: ["vendor", "power", "management", "firmware", "deploy", "bios", "raid"],
  clean: ["vendor", "power", "management", "firmware", "deploy", "bios", "raid"],
} as const satisfies Record<string, readonly InterfaceName[]>;

/**
 * Steps in the order in which they run: the highest priority first, then by interface; steps that are equal in both
 * keep the order that they have. Lists that a person writes for a clean or a service are never sorted.
 */
export function orderSteps<S extends Pick<ListedStep, "interface" | "priority">>(
  flow: keyof typeof RANKS,
  steps: readonly S[],
): readonly S[] {
  const ranks: readonly InterfaceName[] = RANKS[flow];
  const rank = ({ interface: name }: S): number =>
    ranks.includes(name) ? ranks.indexOf(name) : ranks.length;
  return [...steps].sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0) || rank(a) - rank(b));
}
