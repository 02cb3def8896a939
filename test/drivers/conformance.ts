import { describe, it } from "vitest";
import { conformanceCases, type SetUp } from "../../drivers/conformance/conformance.ts";
import type { HardwareType } from "../../drivers/driver.ts";

/** The suite that third parties run by `ironwright conformance`, as tests of ours. */
export function driverConformance(type: HardwareType, setUp: SetUp): void {
  describe(`${type.name}: conformance of a driver`, () => {
    for (const one of conformanceCases(type)) it(one.name, () => one.run(setUp));
  });
}
