import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { failure } from "../../../schemas/failure.ts";
import type { Observation } from "../../../schemas/observation.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import type { Plan } from "../../../schemas/plan.ts";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import { planMarkdown } from "../../../engine/plan/plan-markdown.ts";
import { NO_COLORS } from "../../../engine/plan/sheet.ts";
import { showPlan } from "../../../engine/plan/show-plan.ts";
import {
  aFleet,
  aNode,
  anInput,
  aRecord,
  aWorkload,
  byUuid,
  inForce,
  NOW,
  options,
  seen,
} from "../../support/a-fleet.ts";
import { anInventory } from "../../support/an-inventory.ts";

const HOUR = 3_600_000;

function at(day: number, hours: number, minutes: number, seconds = 0): number {
  return Date.UTC(2026, 10, day, hours, minutes, seconds);
}

function drifted(): Plan {
  const nodes: FleetNode[] = [];
  const records: NodeRecord[] = [];
  const observations = new Map<string, Observation>();
  for (let i = 0; i < 996; i += 1) {
    const name = `r0-n${String(i).padStart(3, "0")}`;
    nodes.push(aNode(name, { provision: { state: "active" }, power: "on" }, { rack: "r0" }));
    records.push(aRecord(name, { provisionState: "active", instance: aWorkload("deployed") }));
    observations.set(name, seen(name, {}, { at: NOW - (i === 7 ? 41_000 : 3_000) }));
  }
  const active = { provisionState: "active", instance: aWorkload("deployed") } as const;
  nodes.push(
    aNode(
      "r2-n17",
      { provision: { state: "active" }, power: "on" },
      {
        rack: "r2",
        origins: { "/power": ["inventory/rack2.yaml", 88] },
      },
    ),
    aNode(
      "r5-n03",
      { provision: { state: "active" }, bios: { ProcVirtualization: "Enabled" } },
      {
        rack: "r5",
        origins: { "/bios/ProcVirtualization": ["inventory/profiles/r660.yaml", 31] },
      },
    ),
    aNode("r9-n30", { provision: { state: "active" }, power: "on" }, { rack: "r9" }),
    aNode("r9-n31", { provision: { state: "active" }, power: "on" }, { rack: "r9" }),
  );
  records.push(
    aRecord("r2-n17", { ...active, applied: { power: "on" } }),
    aRecord("r5-n03", { ...active, applied: { bios: { ProcVirtualization: "Enabled" } } }),
    aRecord("r9-n30", active),
    aRecord("r9-n31", active),
  );
  observations.set(
    "r2-n17",
    seen(
      "r2-n17",
      { power: "off", eventLog: [{ at: "2026-11-24T03:12:40Z", message: "power button pressed" }] },
      {
        agreed: { at: at(24, 3, 12, 30), desired: {} },
      },
    ),
  );
  observations.set(
    "r5-n03",
    seen(
      "r5-n03",
      { bios: { ProcVirtualization: "Disabled" } },
      { agreed: { at: at(23, 22, 40), desired: {} } },
    ),
  );
  const silent = (name: string, since: number, why: ReturnType<typeof failure>): Observation => ({
    ...seen(name),
    facets: {},
    unreachable: why,
    unreachableSince: since,
  });
  const lost = failure("transient", "IW-B01", "no answer from 10.9.0.30:443");
  observations.set(
    "r9-n30",
    silent("r9-n30", NOW - 72 * HOUR, { ...lost, retryAfterMs: at(24, 5, 26) - (NOW - 3_000) }),
  );
  const refused = "login refused once, not tried again until the secret changes (file bmc/r9-n31)";
  observations.set(
    "r9-n31",
    silent("r9-n31", NOW - 12 * 60_000, failure("stalled", "IW-B04", refused)),
  );
  const fleet = aFleet(nodes);
  const plan = makePlan(
    anInput(fleet, { records: byUuid(records), observations, inForce: inForce(fleet) }),
    options(),
  );
  return { ...plan, id: "sha256:77a0d3e2" };
}

function show(plan: Plan, columns: number): string {
  return showPlan(plan, {
    now: NOW,
    columns,
    savedAs: "77a0d3e2.plan",
    colors: NO_COLORS,
    storeName: "dc1",
  });
}

function golden(name: string, text: string): void {
  const path = new URL(`golden/${name}.txt`, import.meta.url);
  if (process.env["GOLDEN"] === "write") writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, "utf8"));
}

test("drift on 2 of 1,000 nodes reads as in the model, at 100 columns", () => {
  expect(show(drifted(), 100)).toBe(
    readFileSync(new URL("golden/drift-100.txt", import.meta.url), "utf8"),
  );
});

test("at 80 columns the same words are there, and no line is longer", () => {
  const text = show(drifted(), 80);
  expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
  golden("drift-80", text);
});

const IMAGE = {
  name: "debian-13-2026.11",
  url: "https://images/debian-13.raw",
  checksum: "sha256:1",
};

/** The plan of plan-text, first text: a new rack, of which one BMC lists no disks. */
function newRack(): Plan {
  const profile = "inventory/profiles/r660.yaml";
  const names = ["r7-n01", "r7-n02", "r7-n03", "r7-n04"];
  const nodes = names.map((name, index) =>
    aNode(
      name,
      {
        driver: "fake",
        bmc: { address: `https://10.7.0.${index + 1}` },
        identity: { serial: `7E1234${index + 5}` },
        provision: { state: "active", image: IMAGE },
        boot: { mode: "uefi", secureBoot: true, device: "disk" },
        power: "on",
        traits: ["HW_CPU_X86_VMX"],
      },
      {
        rack: "r7",
        origins: {
          "/provision": [profile, 11],
          "/boot": [profile, 15],
          "/power": [profile, 16],
          "/traits": [profile, 9],
        },
      },
    ),
  );
  const observations = new Map<string, Observation>(
    names.map((name, index) => {
      const disks = [
        { serial: `S5Y1NX0T10${index}`, sizeBytes: 960e9 },
        { serial: `S6A0C${2 * index + 1}`, sizeBytes: 3.84e12 },
        { serial: `S6A0C${2 * index + 2}`, sizeBytes: 3.84e12 },
      ];
      const machine = {
        identity: { serial: `7E1234${index + 5}` },
        power: "off",
        bootMode: "bios",
        secureBoot: { enabled: false, currentBoot: false },
        bootDevice: { device: "none", persistent: false },
        ...(index === 3 ? {} : { inventory: anInventory(disks) }),
      } as const;
      return [name, seen(name, machine)];
    }),
  );
  const fleet = aFleet(nodes);
  const records = names.map((name) => aRecord(name, { origin: "new" }));
  const plan = makePlan(anInput(fleet, { records: byUuid(records), observations }), options());
  return { ...plan, id: "sha256:4be1c07d" };
}

test.each([100, 80])("a new rack of 4, enroll to active, at %i columns", (columns) => {
  const text = show(newRack(), columns);
  expect(text.split("\n").filter((line) => line.length > columns)).toEqual([]);
  golden(`new-rack-${columns}`, text);
});

/** Two nodes that git wants on; the first may be held, or `--only` may leave both out. */
function wished(how: {
  readonly held?: readonly string[];
  readonly only?: readonly ["drift"];
}): Plan {
  const active = { provisionState: "active", instance: aWorkload("deployed") } as const;
  const names = ["n1", "n2"];
  const nodes = names.map((name) => {
    const holds = how.held?.includes(name) === true ? [{ reason: "a fan is out" }] : [];
    return aNode(name, { provision: { state: "active" }, power: "on", holds });
  });
  const input = anInput(aFleet(nodes), {
    records: byUuid(names.map((name) => aRecord(name, active))),
    observations: new Map(names.map((name) => [name, seen(name, { power: "off" })])),
  });
  return makePlan(input, { ...options(), only: how.only });
}

test("a heading says CHANGES only of nodes that something is done to", () => {
  expect(show(wished({}), 100)).toContain("THIS COMMIT CHANGES 2 NODES\n");
  expect(show(wished({ held: ["n1"] }), 100)).toContain(
    "THIS COMMIT CHANGES 1 NODE AND WOULD CHANGE 1 MORE\n",
  );
  expect(show(wished({ held: ["n1", "n2"] }), 100)).toContain(
    "THIS COMMIT WOULD CHANGE 2 NODES, BUT NOTHING IS DONE: SEE NOT DONE\n",
  );
});

test("what --only leaves out is a row of NOT DONE", () => {
  const text = show(wished({ only: ["drift"] }), 100);
  expect(text).toContain("WOULD CHANGE 2 NODES, BUT NOTHING IS DONE");
  expect(text).toMatch(/NOT DONE\n {2}2 nodes {7}left out by --only \(n1, n2\)/);
});

test("apply shows its plan without a word on how to apply it", () => {
  const plan = wished({});
  const text = showPlan(plan, {
    now: NOW,
    columns: 100,
    savedAs: null,
    applying: true,
    colors: NO_COLORS,
    storeName: "dc1",
  });
  expect(text).not.toContain("ironwright apply");
  expect(text.trimEnd().split("\n").at(-1)).toBe("2 steps, no reboot, nothing erased.");
});

test("where all is in sync nothing stands under NOT DONE", () => {
  const name = "n1";
  const node = aNode(name, { provision: { state: "active" }, power: "on" });
  const active = { provisionState: "active", instance: aWorkload("deployed") } as const;
  const plan = makePlan(
    anInput(aFleet([node]), {
      records: byUuid([aRecord(name, active)]),
      observations: new Map([[name, seen(name)]]),
    }),
    options(),
  );
  const text = show(plan, 100);
  expect(text).not.toContain("NOT DONE");
  expect(text).toContain("\n1 node is in sync.\n\nNothing to do.\n");
});

test("a merge request reads the same headings, and places without columns", () => {
  const text = planMarkdown(wished({ held: ["n1", "n2"] }), { now: NOW });
  expect(text).toContain("### This commit would change 2 nodes, but nothing is done: see not done");
  expect(planMarkdown(wished({ held: ["n1"] }), { now: NOW })).toContain(
    "**1** step on **1** node,",
  );
  expect(text).not.toMatch(/\.yaml:\d+:\d+/);
});
