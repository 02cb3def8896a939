import type { Draw } from "./draw.ts";

/** Steps as agents name them; one of each name is drawn, and not always the same. */
const NAMED: readonly (readonly Readonly<Record<string, unknown>>[])[] = [
  [
    { step: "stress_gpu", priority: { clean: 0, service: 0, deploy: 0 } },
    { step: "stress_gpu", priority: { clean: 50, deploy: 90 }, reboots: true },
    { step: "stress_gpu", priority: { clean: 0 }, args: { hours: { type: "integer" } } },
  ],
  [
    { step: "shred_nvme", priority: { clean: 0, service: 0 }, erases: "full", rerun: true },
    { step: "shred_nvme", priority: { clean: 60 }, erases: "metadata", rerun: true },
    { step: "shred_nvme", priority: { clean: 0, service: 0 } },
  ],
  [
    { step: "wipe_labels", priority: { clean: 95 }, erases: "metadata", rerun: true },
    { step: "wipe_labels", priority: { clean: 95, deploy: 85 }, erases: "full" },
  ],
];

/** What no engine should take: no list, no shape, a name that is somebody's, a name twice. */
const NONSENSE: readonly unknown[] = [
  "none",
  { steps: [] },
  [null, 7, { interface: "deploy", step: "erase_devices", priority: { clean: 100 } }],
  [
    { interface: "deploy", step: "shred_nvme", priority: { clean: 70 } },
    { interface: "deploy", step: "shred_nvme", priority: { clean: 70 }, erases: "full" },
  ],
];

/** What the agent of a machine's ramdisk answers when it is asked for its steps; most bring none of their own. */
export function drawAgentSteps(draw: Draw): unknown {
  const kind = draw.weighted({ none: 55, some: 35, nonsense: 10 });
  if (kind === "none") return [];
  if (kind === "nonsense") return draw.one(NONSENSE);
  const chosen = NAMED.filter(() => draw.percent(60));
  return chosen.map((forms) => ({ interface: "deploy", ...draw.one(forms) }));
}
