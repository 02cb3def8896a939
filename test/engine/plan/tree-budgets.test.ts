import { expect, test } from "vitest";
import { API_VERSION, type NodeRequest } from "../../../schemas/documents.ts";
import type { PolicyDocument } from "../../../schemas/kinds.ts";
import { familyPlan, type Member, type Members, told, why } from "../../support/a-family.ts";

/** A list that passes through off and comes back on. */
const SERVICE: NodeRequest = {
  id: "burnin",
  action: "service",
  expires: "2026-11-30T00:00:00Z",
  steps: [{ interface: "deploy", step: "burnin_cpu" }],
};
const OFF: Member = { power: "off" };

test("more nodes in service than a budget allows are not without power at once, though they are switched few at a time", () => {
  const cards = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`c${i}`, {}]));
  const plan = familyPlan({ srv: { spec: { power: "off" } }, ...cards });
  expect(plan.summary.steps).toBe(0);
  expect(why(plan, "srv")).toEqual([
    "IW-P32 11 nodes in service would be without power at once (c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, srv); the built-in budget allows 10 (budget.reboot): power some of them off before, or let a Policy allow more",
  ]);
  const idle = familyPlan({ srv: { spec: { power: "off" } }, ...cards, c0: OFF });
  expect(told(idle, "srv")).toHaveLength(10);
  const none: PolicyDocument = {
    apiVersion: API_VERSION,
    kind: "Policy",
    metadata: { name: "never" },
    spec: { selector: "rack=r1", budget: { reboot: 0 } },
  };
  const never = familyPlan(
    { srv: { spec: { power: "off" } }, dpu: {} },
    { fleet: { policies: [none] } },
  );
  expect(why(never, "srv")[0]).toContain("(dpu, srv); the Policy never allows 0");
});

test("two families are not without power together where a budget has not so many: the second waits for the next plan", () => {
  const cards = (parent: string, count: number, is: Member = {}): Members =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `${parent}-${i}`,
        { ...is, spec: { ...is.spec, parent } },
      ]),
    );
  const host: Member = { spec: { requests: [SERVICE], parent: undefined } };
  const both = familyPlan({ r: host, ...cards("r", 5), s: host, ...cards("s", 5) });
  expect(told(both, "r")).toHaveLength(6);
  expect(told(both, "s")).toEqual([]);
  expect(told(both, "s-0")).toEqual([]);
  expect(why(both, "s")).toEqual([
    "IW-P32 11 nodes in service would be without power at once (s-0, s-1, s-2, s-3, s-4, s, and 5 of other parents); the built-in budget allows 10 (budget.reboot): plan again when those are on, or let a Policy allow more",
  ]);
  // Those of the first are on their way back: the second still waits.
  const back: Member = { ...OFF, spec: { power: "on" } };
  const next = familyPlan({
    r: { spec: { parent: undefined } },
    ...cards("r", 5, back),
    s: host,
    ...cards("s", 5),
  });
  expect(told(next, "r-0")).toEqual(["power.on: declared on, is off"]);
  expect(told(next, "s")).toEqual([]);
  const fits = familyPlan({ r: host, ...cards("r", 4), s: host, ...cards("s", 5) });
  expect(told(fits, "s")).toHaveLength(6);
});

test("children that are declared off go down with their parent, and count with those that are not", () => {
  const cards = Object.fromEntries(
    Array.from({ length: 10 }, (_, i) => [`c${i}`, i < 5 ? { spec: { power: "off" } } : {}]),
  ) satisfies Members;
  const plan = familyPlan({ srv: { spec: { power: "off" } }, ...cards });
  expect(told(plan, "c0")).toHaveLength(1);
  expect(told(plan, "c9")).toEqual([]);
  expect(why(plan, "srv")[0]).toContain("11 nodes in service would be without power at once");
});
