import { describe, expect, test } from "vitest";
import type { PlanOptions } from "../../../engine/plan/input.ts";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import type { NodePlan } from "../../../schemas/plan.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import {
  aFleet,
  aNode,
  anInput,
  aRecord,
  byUuid,
  inForce,
  options,
  seen,
} from "../../support/a-fleet.ts";
import { ACTIVE, CATALOG, codes, DISKS, SERIAL, verbs } from "../../support/plan-one.ts";

describe("new is a property of the machine, not of its name", () => {
  const spec: NodeSpec = { driver: "fake", identity: SERIAL, provision: { state: "available" } };
  const identity = { serial: "s-N1" };

  const ready = aRecord("n1", { origin: "new", provisionState: "manageable", inventory: DISKS });

  interface Store {
    readonly here?: NodeRecord | null;
    readonly orphan?: Partial<NodeRecord>;
    readonly more?: readonly FleetNode[];
    readonly claims?: PlanOptions["claims"];
    readonly existing?: readonly string[];
  }

  function planned({
    here = ready,
    orphan = { identity: null },
    more = [],
    claims,
    existing = [],
  }: Store): NodePlan {
    const node = { ...aNode("n1", spec), uuidDeclared: true };
    const fleet = aFleet([node, ...more]);
    const records = [...(here === null ? [] : [here]), aRecord("old", { identity, ...orphan })];
    const input = anInput(fleet, {
      catalog: CATALOG,
      records: byUuid(records),
      observations: new Map([["n1", seen("n1", { inventory: DISKS })]]),
      inForce: inForce(fleet),
      existing: new Set(existing),
    });
    const found = makePlan(input, options({ claims })).nodes.find(
      ({ node: name }) => name === "n1",
    );
    if (found === undefined) throw new Error("not planned");
    return found;
  }

  test("under another name and uuid it is erased after a claim only, and the workload is named", () => {
    const node = planned({ orphan: ACTIVE });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P15"]]);
    expect(node.blockedBy[0]?.message).toContain("this machine was old, with a workload");
    const claimed = planned({ orphan: ACTIVE, claims: new Set(["n1"]) });
    expect(verbs(claimed)).toEqual(["engine.claim", "provision.provide"]);
  });

  test("the same name under another uuid is no new machine either", () => {
    const node = planned({ orphan: { uuid: "11111111-0000-4000-8000-000000000000", name: "n1" } });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P15"]]);
  });

  test("its protection outlives its document and its name", () => {
    const node = planned({ orphan: { protected: true }, claims: "all" });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P05"]]);
    expect(node.blockedBy[0]?.message).toContain("ironwright forget old");
  });

  test("a machine of the store's first day stays one when its node is renamed before its first record", () => {
    const byRecord = planned({ existing: ["first-name", "serial s-n1"] });
    expect([verbs(byRecord), codes(byRecord)]).toEqual([[], ["IW-P15"]]);
    const byAddress = planned({ here: null, existing: ["first-name", "bmc https://n1.bmc "] });
    expect([verbs(byAddress), codes(byAddress)]).toEqual([["provision.manage"], ["IW-P15"]]);
  });

  test("a machine that is declared twice is touched under neither name", () => {
    const node = planned({ more: [aNode("n2", spec)], claims: "all" });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P04"]]);
    expect(node.blockedBy[0]?.message).toContain("declared as n2 too");
  });

  test("a serial in common is no twin where the uuids differ: blades say their enclosure's", () => {
    const blade = aNode("n2", { ...spec, identity: { ...SERIAL, systemUuid: "4c4c4544-0002" } });
    expect(verbs(planned({ more: [blade] }))).toEqual(["provision.provide"]);
  });
});
