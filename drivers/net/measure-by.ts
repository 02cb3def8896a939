import type { DriverPorts } from "../driver.ts";
import type { Measure } from "./wire.ts";

/** Measures by the ports' clock, and tells their ear. */
export function measureBy({ clock, called }: Pick<DriverPorts, "clock" | "called">): Measure {
  if (called === undefined) return () => () => undefined;
  return (kind) => {
    const began = clock.monotonic();
    return (result) => called({ kind, result, seconds: (clock.monotonic() - began) / 1000 });
  };
}
