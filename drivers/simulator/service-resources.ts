import type { Machine } from "./machine.ts";
import {
  collection,
  type Json,
  manager,
  sessionService,
  systemPath,
  taskService,
  V1,
} from "./resources.ts";

/** What a BMC's own resources are made from. */
export interface ServiceShown {
  readonly machines: readonly Machine[];
  readonly sessionTimeoutMs: number;
}

/** The resources that are no machine's: lists, the manager, the services; null where the path is none of them. */
export function serviceResource(path: string, shown: ServiceShown): Json | null {
  // Made only when asked for: one port may serve ten thousand machines.
  const list = (type: string, member: (name: string) => string) => () =>
    collection(
      path,
      type,
      shown.machines.map(({ spec }) => member(spec.name)),
    );
  const resources: Readonly<Record<string, () => Json>> = {
    [`${V1}/Systems`]: list("ComputerSystem", systemPath),
    [`${V1}/Chassis`]: list("Chassis", (name) => `${V1}/Chassis/${name}`),
    [`${V1}/Managers`]: () => collection(path, "Manager", [`${V1}/Managers/BMC`]),
    [`${V1}/Managers/BMC`]: () => manager(shown.machines),
    [`${V1}/SessionService`]: () => sessionService(shown.sessionTimeoutMs),
    [`${V1}/TaskService`]: taskService,
  };
  return resources[path]?.() ?? null;
}
