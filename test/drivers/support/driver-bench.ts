import type { Settings } from "../../../schemas/settings.ts";

export {
  type BenchPorts as TestPorts,
  benchNode as testNode,
  benchPorts as testPorts,
  performContext,
} from "../../../drivers/conformance/bench-ports.ts";

/** Settings with other limits. */
export function withLimits(limits: Partial<Settings["limits"]>): (settings: Settings) => Settings {
  return (settings) => ({ ...settings, limits: { ...settings.limits, ...limits } });
}
