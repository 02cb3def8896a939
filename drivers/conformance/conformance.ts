import type { HardwareType } from "../driver.ts";
import { actCases } from "./act-cases.ts";
import type { SetUp } from "./bench.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { observeCases } from "./observe-cases.ts";
import { offerCases } from "./offer-cases.ts";
import { vendorCases } from "./vendor-cases.ts";
import { workCases } from "./work-cases.ts";

/** The door of `ironwright/conformance`: what every driver must hold, for any test runner or none. */
export type { ConformanceSetUps, DriverBench, SetUp, Treatment, WorkBench } from "./bench.ts";
export { type BenchPorts, benchNode, benchPorts, performContext } from "./bench-ports.ts";
export type { ConformanceCase } from "./conformance-case.ts";

/** How one case of a hardware type ended. */
export interface CaseReport {
  readonly hardwareType: string;
  readonly name: string;
  readonly passed: boolean;
  /** Why it did not pass; null when it did. */
  readonly message: string | null;
}

/** The cases of a hardware type, those that its own `observes` and `performs` call for; each makes its own bench. */
export function conformanceCases(type: HardwareType): readonly ConformanceCase[] {
  return [
    ...offerCases(type),
    ...observeCases(type),
    ...actCases(type),
    ...vendorCases(type),
    ...(type.performs.includes("step.run") ? workCases(type) : []),
  ];
}

/** Runs every case, one after the other; whatever is thrown is that case's message. */
export async function runConformance(
  type: HardwareType,
  setUp: SetUp,
  onCase: (report: CaseReport) => void = () => undefined,
): Promise<readonly CaseReport[]> {
  const reports: CaseReport[] = [];
  for (const one of conformanceCases(type)) {
    const message = await one.run(setUp).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const report = { hardwareType: type.name, name: one.name, passed: message === null, message };
    reports.push(report);
    onCase(report);
  }
  return reports;
}
