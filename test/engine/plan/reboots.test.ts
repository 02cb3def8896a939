import { expect, test } from "vitest";
import type { NodeRequest } from "../../../schemas/documents.ts";
import type { NodePlan } from "../../../schemas/plan.ts";
import { ACTIVE, ask, plan, WANT_ACTIVE } from "../../support/plan-one.ts";

function service(steps: NonNullable<NodeRequest["steps"]>): NodePlan {
  return plan({ spec: { ...WANT_ACTIVE, requests: [ask("service", { steps })] }, record: ACTIVE });
}

const acts = (node: NodePlan): readonly (readonly string[])[] =>
  (node.steps[0]?.flow?.entries ?? []).map((entry) => entry.acts.map(({ act }) => act.verb));

test("a step that is in force only after a reboot has one composed behind it; a workload is asked to stop", () => {
  const node = service([{ interface: "bios", step: "factory_reset" }]);
  expect(acts(node)).toEqual([["step.run", "power.softOff", "power.on"]]);
  expect(node.steps[0]?.flow?.entries[0]?.reboots).toBe(true);
  expect(node.steps[0]?.flow?.ends).toEqual({ power: "on" });
});

test("where a ramdisk runs, a reboot in the list boots it again, for what comes after needs it", () => {
  const node = service([
    { interface: "deploy", step: "burnin_cpu" },
    { interface: "bios", step: "factory_reset" },
    { interface: "power", step: "reboot" },
    { interface: "deploy", step: "burnin_cpu" },
  ]);
  const again = ["boot.ramdisk", "power.off", "power.on", "engine.awaitAgent"];
  expect(acts(node)).toEqual([
    ["boot.ramdisk", "power.softOff", "power.on", "engine.awaitAgent"],
    ["step.run"],
    ["step.run", ...again],
    again,
    ["step.run"],
    ["boot.instance", "power.softOff", "management.setBootDevice", "power.on"],
  ]);
});

test("a manual clean out of band leaves the machine as its last step does, not off by assumption", () => {
  const spec = { provision: { state: "manageable" }, power: "off" } as const;
  const steps = [{ interface: "bios", step: "factory_reset" }] as const;
  const node = plan({
    spec: { ...spec, requests: [ask("clean", { steps: [...steps] })] },
    record: { provisionState: "manageable" },
    values: { power: "off" },
  });
  expect(node.steps.map(({ action }) => action)).toEqual(["provision.clean", "power.softOff"]);
  expect(node.steps[0]?.flow?.ends).toEqual({ power: "on" });
});
