import { describe, expect, test } from "vitest";
import type {
  DeployTemplateDocument,
  NodeRequest,
  NodeSpec,
  RunbookDocument,
} from "../../../schemas/documents.ts";
import type { Fleet } from "../../../schemas/fleet.ts";
import { judgeRequests, requestsInForce } from "../../../engine/plan/requests.ts";
import {
  A_STORE,
  aFleet,
  aNode,
  aRecord,
  inForce,
  NOW,
  seen,
  sha256,
} from "../../support/a-fleet.ts";
import { ACTIVE, ask, codes, plan, verbs, WANT_ACTIVE } from "../../support/plan-one.ts";

describe("what a machine loses needs a word for it", () => {
  const gone: NodeSpec = { provision: { state: "available" } };

  test("undeploy: erased by an unused request, and only by one", () => {
    const node = plan({ spec: { ...gone, requests: [ask("undeploy")] }, record: ACTIVE });
    expect(verbs(node)).toEqual(["provision.undeploy"]);
    expect(node.steps[0]).toMatchObject({ request: "ask-undeploy", impact: "destructive" });
    expect(node.lost).toMatch(/^active 24 h|^active 1 day|^active/);
    const entries = node.steps[0]?.flow?.entries ?? [];
    expect(entries.map(({ step, enters }) => [step, enters])).toEqual([
      ["tear_down", undefined],
      ["prepare_cleaning", "cleaning"],
      ["erase_devices_metadata", undefined],
      ["tear_down_cleaning", undefined],
    ]);
  });

  test.each([
    [
      "used",
      {
        usedRequests: {
          "ask-undeploy": { action: "undeploy", at: 1, commit: null, outcome: "done" },
        },
      },
      {},
      {},
    ],
    ["expired", {}, { expires: "2026-01-01" }, {}],
    ["too far ahead", {}, { expires: "2027-01-01" }, {}],
    ["in git before the store was made anew", {}, {}, { spentRequests: new Set(["ask-undeploy"]) }],
    ["of nobody knows when", {}, {}, { spentRequests: null }],
  ] as const)("a request that is %s erases nothing", (_how, record, more, input) => {
    const node = plan({
      spec: { ...gone, requests: [ask("undeploy", more)] },
      record: { ...ACTIVE, ...record },
      input,
    });
    expect(verbs(node)).toEqual([]);
    expect(codes(node).length).toBeGreaterThan(0);
  });

  test.each([
    ["reboot", "power.reboot"],
    ["soft-reboot", "power.reboot"],
    ["rebuild", "provision.deploy"],
    ["undeploy", "provision.provide"],
  ] as const)("%s: what ran as %s is used, and says nothing any more", (action, used) => {
    const use = { action: used, at: NOW, commit: null, outcome: "done" };
    const node = plan({
      spec: { ...WANT_ACTIVE, requests: [ask(action)] },
      record: { ...ACTIVE, usedRequests: { [`ask-${action}`]: use } },
    });
    expect([verbs(node), node.blockedBy]).toEqual([[], []]);
  });

  test("a request is stale once what it acts on was changed", () => {
    const bound = { n1: { "ask-rebuild": { seq: 1, at: NOW - 1000, bind: "other" } } };
    const fleetLike = plan({
      spec: { ...WANT_ACTIVE, requests: [ask("rebuild")] },
      record: ACTIVE,
      input: { inForce: { ...inForce(aFleet([])), requests: bound } },
    });
    expect([verbs(fleetLike), codes(fleetLike)]).toEqual([[], ["IW-P22"]]);
  });

  describe("a request is stale once the steps were changed that its act is made of", () => {
    const traits = ["CUSTOM_GPU"];
    const runbook = (flow: "clean" | "service", step: string): RunbookDocument => ({
      apiVersion: "ironwright/v1",
      kind: "Runbook",
      metadata: { name: "CUSTOM_WORK" },
      spec: { flow, traits, steps: [{ interface: "deploy", step }] },
    });
    const template = (name: string, trait: string, priority: number): DeployTemplateDocument => ({
      apiVersion: "ironwright/v1",
      kind: "DeployTemplate",
      metadata: { name },
      spec: { traits: [trait], steps: [{ interface: "bios", step: "factory_reset", priority }] },
    });
    const verdict = (
      spec: NodeSpec,
      request: NodeRequest,
      then: Partial<Fleet>,
      now: Partial<Fleet> & { readonly spec?: NodeSpec },
    ): string | undefined => {
      const node = aNode("n1", { driver: "fake", traits, ...spec, requests: [request] });
      const at = { seq: 2, at: NOW - 1000, digest: sha256 };
      const { spec: changed = {}, ...documents } = now;
      return judgeRequests({ ...node, spec: { ...node.spec, ...changed } }, aRecord("n1"), {
        ...aFleet([node], documents),
        spent: new Set(),
        forgotten: {},
        seen: requestsInForce(aFleet([node], then), null, at),
        digest: sha256,
        now: NOW,
      })[0]?.verdict;
    };

    test.each(["clean", "service"] as const)("%s: those of its Runbook", (action) => {
      const request = ask(action, { runbook: "CUSTOM_WORK" });
      const before = { runbooks: [runbook(action, "burnin_cpu")] };
      expect(verdict({}, request, before, before)).toBe("due");
      const after = { runbooks: [runbook(action, "burnin_disk")] };
      expect(verdict({}, request, before, after)).toBe("stale");
      expect(verdict({}, request, before, {})).toBe("stale");
    });

    test("rebuild: those of the templates that are for its node, and of no other", () => {
      const mine = template("gpu", "CUSTOM_GPU", 90);
      const before = { templates: [mine] };
      const verdictOf = (now: Parameters<typeof verdict>[3]): string | undefined =>
        verdict(WANT_ACTIVE, ask("rebuild"), before, now);
      expect(verdictOf(before)).toBe("due");
      expect(verdictOf({ templates: [mine, template("fpga", "CUSTOM_FPGA", 90)] })).toBe("due");
      expect(verdictOf({ templates: [template("gpu", "CUSTOM_GPU", 80)] })).toBe("stale");
      expect(verdictOf({})).toBe("stale");
      const moved = { stepPriorities: { deploy: { "deploy.write_image": 0 } } };
      expect(verdictOf({ ...before, spec: moved })).toBe("stale");
    });

    test("undeploy: those that clean the node", () => {
      const moved = { stepPriorities: { clean: { "deploy.erase_devices_metadata": 0 } } };
      expect(verdict({}, ask("undeploy"), {}, {})).toBe("due");
      expect(verdict({}, ask("undeploy"), {}, { spec: moved })).toBe("stale");
    });
  });

  test("rebuild: the root disk and no other", () => {
    const node = plan({ spec: { ...WANT_ACTIVE, requests: [ask("rebuild")] }, record: ACTIVE });
    expect(verbs(node)).toEqual(["provision.rebuild"]);
    expect(node.erases.map(({ serial }) => serial)).toEqual(["D1"]);
  });

  test("a request asks in vain while git still declares a workload", () => {
    const node = plan({ spec: { ...WANT_ACTIVE, requests: [ask("undeploy")] }, record: ACTIVE });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P22"]]);
    expect(node.blockedBy[0]?.message).toContain("declare state: available");
  });

  test("protected by git or by the record: nothing destructive, whatever asks", () => {
    const asked = { ...gone, requests: [ask("undeploy")] };
    const byGit = plan({ spec: { ...asked, protected: { reason: "mon quorum" } }, record: ACTIVE });
    const byRecord = plan({
      spec: { ...asked, protected: true },
      record: { ...ACTIVE, protected: true },
    });
    for (const node of [byGit, byRecord])
      expect([verbs(node), codes(node)]).toEqual([[], ["IW-P05"]]);
    expect(byGit.blockedBy[0]?.message).toContain("mon quorum");
  });

  test("lifting a protection is a plan of its own, and what it allows waits for the next commit", () => {
    const asked = { ...gone, requests: [ask("undeploy")] };
    const lift = plan({ spec: asked, record: { ...ACTIVE, protected: true } });
    expect(verbs(lift)).toEqual(["engine.unprotect"]);
    const same = plan({ spec: asked, record: { ...ACTIVE, unprotectedSeq: 2 } });
    expect([verbs(same), codes(same)]).toEqual([[], ["IW-P05"]]);
    const next = plan({ spec: asked, record: { ...ACTIVE, unprotectedSeq: 1 } });
    expect(verbs(next)).toEqual(["provision.undeploy"]);
  });

  test("a machine of the store's first day is cleaned only after a claim", () => {
    const record = { origin: "existing", provisionState: "manageable" } as const;
    const node = plan({ spec: gone, record });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P15"]]);
    const claimed = plan({ spec: gone, record, options: { claims: new Set(["n1"]) } });
    expect(verbs(claimed)).toEqual(["engine.claim", "provision.provide"]);
    const asked = plan({ spec: { ...gone, requests: [ask("claim", { serial: "s-N1" })] }, record });
    expect(verbs(asked)).toEqual(["engine.claim", "provision.provide"]);
    const wrong = plan({
      spec: { ...gone, requests: [ask("claim", { serial: "OTHER" })] },
      record,
    });
    expect(verbs(wrong)).toEqual([]);
    expect(codes(wrong)).toContain("IW-P15");
  });

  test("a machine that may be running somebody's work is not stopped to be looked at, either", () => {
    const record = { origin: "existing", provisionState: "manageable", inventory: null } as const;
    const spec: NodeSpec = { ...gone, interfaces: { inspect: "fake" } };
    const node = plan({ spec, record });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P15"]]);
    const claimed = plan({ spec, record, options: { claims: new Set(["n1"]) } });
    expect(verbs(claimed)).toEqual(["engine.claim", "provision.inspect"]);
    const outOfBand = plan({ spec: { ...gone, interfaces: { inspect: "out-of-band" } }, record });
    expect(verbs(outOfBand)).toEqual(["provision.inspect"]);
    const asked = plan({ spec: { ...spec, requests: [ask("inspect")] }, record });
    expect(verbs(asked)).toContain("provision.inspect");
  });

  test("a new machine whose serial is not in git is cleaned only after a claim", () => {
    const node = plan({
      spec: { ...gone, identity: {} },
      record: { provisionState: "manageable" },
    });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P15"]]);
  });

  test("a maker in common makes no two machines the same", () => {
    const identity = { manufacturer: "Dell", serial: "S-n1" };
    const node = plan({
      spec: { ...gone, identity: {} },
      values: { identity: { manufacturer: "Dell", serial: "", systemUuid: "" } },
      record: {
        provisionState: "manageable",
        identity,
        claim: { serial: "S-n1", by: "ops", at: NOW },
      },
    });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P04"]]);
  });

  test("a serial in git gives up the machine that says it, and no machine that says none", () => {
    const identity = { manufacturer: "Dell", serial: "", systemUuid: "4c4c4544-0001" };
    const record = { provisionState: "manageable", identity } as const;
    const node = plan({ spec: gone, values: { identity }, record });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P15"]]);
    expect(node.blockedBy[0]?.message).toBe(
      "it says no serial of its own; to give it up to be erased: apply --claim n1",
    );
    const options = { claims: new Set(["n1"]) };
    expect(verbs(plan({ spec: gone, values: { identity }, record, options }))).toEqual([
      "provision.provide",
    ]);
  });

  test("disks that nobody knows: the plan ends at the gate behind the inspection", () => {
    const node = plan({ spec: gone, record: { inventory: null, provisionState: "manageable" } });
    expect(verbs(node)).toEqual(["provision.inspect"]);
    expect(node.gates).toEqual([expect.objectContaining({ after: "1", learns: "disks" })]);
    expect(node.erases).toEqual([]);
  });

  test("a keep hint that matches nothing blocks the clean; one that matches keeps its disk", () => {
    const record = { provisionState: "manageable" } as const;
    const none = plan({ spec: { ...gone, clean: { keep: [{ model: "SAMSUNG*" }] } }, record });
    expect([verbs(none), codes(none)]).toEqual([[], ["IW-P18"]]);
    const kept = plan({ spec: { ...gone, clean: { keep: [{ model: "KIOXIA*" }] } }, record });
    expect(kept.erases.map(({ serial }) => serial)).toEqual(["D1"]);
  });

  test("a node in the pool that was never cleaned is cleaned before its first deploy", () => {
    const record = { provisionState: "available" } as const;
    expect(verbs(plan({ spec: WANT_ACTIVE, record }))).toEqual([
      "provision.manage",
      "provision.provide",
      "provision.deploy",
    ]);
    expect(verbs(plan({ spec: WANT_ACTIVE, record: { ...record, cleaned: "metadata" } }))).toEqual([
      "provision.deploy",
    ]);
  });

  test("after a loss of the store no machine is powered off by inference, and two commits say so", () => {
    const spec: NodeSpec = { power: "off", provision: { state: "manageable" } };
    const record = { origin: "existing", provisionState: "manageable" } as const;
    const input = { store: { ...A_STORE, epoch: 2 } };
    const node = plan({ spec, record, input });
    expect(verbs(node)).toEqual([]);
    expect(node.changes[0]?.noStep).toContain("nobody knows why it is on");
    const fresh = plan({ spec, record });
    expect(verbs(fresh)).toEqual(["power.softOff"]);
    const agreed = { at: NOW, desired: { power: "on" } };
    const observations = new Map([["n1", seen("n1", {}, { agreed })]]);
    const said = plan({ spec, record, input: { ...input, observations } });
    expect(verbs(said)).toEqual(["power.softOff"]);
  });

  test("what only leads to a step that is stopped is not done: it stays in the pool", () => {
    const record = { provisionState: "available", origin: "existing" } as const;
    const node = plan({ spec: WANT_ACTIVE, record });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P15"]]);
  });
});
