import assert from "node:assert/strict";
import { INTERFACES } from "../../schemas/steps.ts";
import type { HardwareType } from "../driver.ts";
import { caseOf, type ConformanceCase } from "./conformance-case.ts";

/** What a type says that it offers must be whole, and backed by what it performs. */
export function offerCases(type: HardwareType): readonly ConformanceCase[] {
  const it = caseOf(type);
  const { name, offer, performs } = type;
  return [
    it("its offer has the type's name, and for every interface one implementation that is built", async () => {
      assert.equal(offer.hardwareType, name);
      for (const where of INTERFACES) {
        const all = offer.interfaces.filter((one) => one.interface === where);
        assert.ok(
          all.some(({ built }) => built),
          `nothing is built for ${where}: offer no-${where}, or noop`,
        );
      }
    }),

    it("its offer names each implementation once, and each step under its own interface once", async () => {
      const names = offer.interfaces.map((one) => `${one.interface} ${one.implementation}`);
      assert.deepEqual(names, [...new Set(names)]);
      for (const { interface: where, steps } of offer.interfaces) {
        assert.deepEqual(
          steps.filter((step) => step.interface !== where),
          [],
        );
        const stepNames = steps.map(({ step }) => step);
        assert.deepEqual(stepNames, [...new Set(stepNames)]);
      }
    }),

    it("it offers steps only where it performs step.run, and a ramdisk's only where it boots one", async () => {
      const steps = offer.interfaces.filter(({ built }) => built).flatMap((one) => one.steps);
      if (!performs.includes("step.run")) assert.deepEqual(steps, []);
      if (!performs.includes("boot.ramdisk"))
        assert.deepEqual(
          steps.filter(({ requiresRamdisk }) => requiresRamdisk),
          [],
        );
    }),

    it("it erases nothing by a step that calls itself milder, and lets no core step be run by hand", async () => {
      for (const step of offer.interfaces.flatMap((one) => one.steps)) {
        if (step.erases !== null) assert.equal(step.impact, "destructive", step.step);
        if (step.core === true) assert.deepEqual(Object.keys(step.priority), ["deploy"], step.step);
      }
    }),

    it("it reads identity, power and tasks, without which the engine touches no machine", async () => {
      for (const facet of ["identity", "power", "tasks"] as const)
        assert.ok(
          type.observes.includes(facet),
          `it does not read ${facet}${facet === "tasks" ? " (a device without tasks reads [])" : ""}`,
        );
    }),

    it("its properties have a sentence of what it is for", async () => {
      assert.match(type.properties.description ?? "", /\S+ \S+/);
    }),
  ];
}
