import { describe, expect, it } from "vitest";
import type { HardwareType } from "../../../drivers/driver.ts";
import { INTERFACES } from "../../../schemas/steps.ts";

/** What a type says that it offers must be whole, and backed by what it performs. */
export function offerConformance({ name, offer, performs }: HardwareType): void {
  describe(`${name}: what it offers`, () => {
    it("carries the type's name, and has for every interface one implementation that is built", () => {
      expect(offer.hardwareType).toBe(name);
      for (const where of INTERFACES) {
        const all = offer.interfaces.filter((one) => one.interface === where);
        expect(
          all.some(({ built }) => built),
          where,
        ).toBe(true);
      }
    });

    it("names each implementation once, and each step under its own interface once", () => {
      const names = offer.interfaces.map((one) => `${one.interface} ${one.implementation}`);
      expect(names).toEqual([...new Set(names)]);
      for (const { interface: where, steps } of offer.interfaces) {
        expect(steps.filter((step) => step.interface !== where)).toEqual([]);
        const stepNames = steps.map(({ step }) => step);
        expect(stepNames).toEqual([...new Set(stepNames)]);
      }
    });

    it("offers steps only where it performs step.run, and a ramdisk's only where it boots one", () => {
      const steps = offer.interfaces.filter(({ built }) => built).flatMap((one) => one.steps);
      if (!performs.includes("step.run")) expect(steps).toEqual([]);
      if (!performs.includes("boot.ramdisk")) {
        expect(steps.filter(({ requiresRamdisk }) => requiresRamdisk)).toEqual([]);
      }
    });

    it("erases nothing by a step that calls itself milder, and lets no core step be run by hand", () => {
      for (const step of offer.interfaces.flatMap((one) => one.steps)) {
        if (step.erases !== null) expect(step.impact, step.step).toBe("destructive");
        if (step.core === true) expect(Object.keys(step.priority), step.step).toEqual(["deploy"]);
      }
    });
  });
}
