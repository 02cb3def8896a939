import * as fc from "fast-check";
import { expect, test } from "vitest";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import type { NodePlan } from "../../../schemas/plan.ts";
import { METAL3_LANDINGS } from "../../../inventory/foreign/metal3-states.ts";
import { loadFleet } from "../../../inventory/load-fleet.ts";
import type { Fleet } from "../../../schemas/fleet.ts";
import type { ObservedFacets } from "../../../schemas/observation.ts";
import { PROVISION_STATES } from "../../../schemas/provision-state.ts";
import { defaultSettings } from "../../../schemas/settings.ts";
import { anInput, inForce, options, seen } from "../../support/a-fleet.ts";
import {
  aChassisRow,
  aConnectorRow,
  aGroupRow,
  aHost,
  aPortRow,
  aRow,
  aTargetRow,
  imported,
  importedTogether,
  uuidAt,
} from "../../support/an-export.ts";
import { CATALOG } from "../../support/plan-one.ts";
import { tempRepo } from "../../support/temp-repo.ts";

/** What a machine may show that is nothing like what an export wishes. */
const OTHERWISE: Partial<ObservedFacets> = {
  power: "off",
  bootMode: "bios",
  secureBoot: { enabled: false, currentBoot: false },
  bootDevice: { device: "pxe", persistent: false },
};

async function fleetOf(documents: readonly string[]): Promise<Fleet> {
  const repo = await tempRepo({ "inventory/all.yaml": documents.join("---\n") });
  const { fleet, diagnostics } = await loadFleet({ dir: repo.dir, settings: defaultSettings() });
  expect(diagnostics).toEqual([]);
  if (fleet === null) throw new Error("no fleet");
  return fleet;
}

/** The first plan of a store that has seen nothing; a person gave every machine up, to make it as bad as it can be. */
function firstPlan(
  fleet: Fleet,
  values: Partial<ObservedFacets>,
  how: { readonly existing: boolean; readonly claims?: "all" },
): readonly NodePlan[] {
  const names = fleet.nodes.map(({ name }) => name);
  return makePlan(
    anInput(fleet, {
      catalog: CATALOG,
      observations: new Map(names.map((name) => [name, seen(name, values)])),
      existing: new Set(how.existing ? names : []),
      inForce: inForce(fleet),
    }),
    options(how.claims === undefined ? {} : { claims: how.claims }),
  ).nodes;
}

function harms(nodes: readonly NodePlan[]): readonly string[] {
  return nodes.flatMap(({ node, steps, erases }) => [
    ...steps.filter(({ impact }) => impact !== "none").map(({ action }) => `${node} ${action}`),
    ...erases.map(({ serial }) => `${node} erases ${serial ?? "?"}`),
  ]);
}

const WAYS = [
  { existing: true },
  { existing: false },
  { existing: true, claims: "all" },
  { existing: false, claims: "all" },
] as const;

const wishes = {
  Properties: { capabilities: "boot_mode:uefi,secure_boot:true", root_device: { wwn: "0x1" } },
  "Target RAID configuration": { logical_disks: [{ size_gb: 100, raid_level: "1" }] },
  "Instance Info": { image_source: "http://images/a.raw" },
};

test.each(WAYS)(
  "no provision state of Ironic's leads to a step above impact none: %o",
  async (how) => {
    const rows = PROVISION_STATES.map((state, at) =>
      aRow({
        ...wishes,
        UUID: uuidAt(at),
        Name: `n${at}`,
        "Driver Info": { redfish_address: `10.7.0.${at}`, redfish_username: "u" },
        "Provisioning State": state,
      }),
    );
    const fleet = await fleetOf(imported(rows).nodes.map(({ document }) => document));
    expect(fleet.nodes).toHaveLength(PROVISION_STATES.length);
    for (const values of [{}, OTHERWISE]) {
      const nodes = firstPlan(fleet, values, how);
      expect(harms(nodes)).toEqual([]);
      // It is no plan of nothing: what is not left alone is verified, and adopted where a workload is.
      const acts = (node: string): readonly string[] =>
        nodes.find((one) => one.node === node)?.steps.map(({ action }) => action) ?? [];
      expect(acts("n4")).toEqual(["provision.manage", "provision.adopt"]);
      expect(acts("n3")).toEqual(["provision.manage"]);
      expect(acts("n0")).toEqual([]);
    }
  },
);

test.each(WAYS)("ports, bonds, volumes and chassis lead to no step above none: %o", async (how) => {
  const states = ["active", "manageable", "enroll"];
  const of = (base: number) =>
    states.map((_, at) => ({ UUID: uuidAt(base + at), "Node UUID": uuidAt(at) }));
  const result = importedTogether({
    "nodes.json": states.map((state, at) =>
      aRow({
        UUID: uuidAt(at),
        Name: `n${at}`,
        "Driver Info": { redfish_address: `10.7.0.${at}`, redfish_username: "u" },
        "Provisioning State": state,
        "Chassis UUID": aChassisRow()["UUID"],
      }),
    ),
    "chassis.json": [aChassisRow()],
    "groups.json": of(200).map((row) => aGroupRow({ ...row, Name: null })),
    "ports.json": of(100).map((row, at) =>
      aPortRow({ ...row, Address: `52:54:00:00:00:0${at}`, "Portgroup UUID": uuidAt(200 + at) }),
    ),
    "connectors.json": of(300).map((row, at) =>
      aConnectorRow({ ...row, "Connector ID": `iqn.x:${at}` }),
    ),
    "targets.json": of(400).map((row) => aTargetRow(row)),
  });
  expect(result.left).toEqual([]);
  const fleet = await fleetOf([...result.nodes, ...result.chassis].map(({ document }) => document));
  for (const values of [{}, OTHERWISE]) {
    const nodes = firstPlan(fleet, values, how);
    expect(harms(nodes)).toEqual([]);
    expect(nodes.flatMap(({ blockedBy }) => blockedBy.map(({ message }) => message))).toEqual([]);
  }
});

test.each(WAYS)("no state of Metal3's leads to a step above impact none: %o", async (how) => {
  const hosts = Object.keys(METAL3_LANDINGS).map((state, at) =>
    aHost(
      {
        bmc: { address: `redfish://10.7.1.${at}/redfish/v1/Systems/1`, credentialsName: "c" },
        online: at % 2 === 0,
        bootMode: "UEFISecureBoot",
        image: { url: "http://images/a.raw" },
      },
      { metadata: { name: `h${at}`, namespace: "metal3" }, status: { provisioning: { state } } },
    ),
  );
  const { nodes } = imported({ items: hosts }, "metal3");
  const fleet = await fleetOf(nodes.map(({ document }) => document));
  for (const values of [{}, OTHERWISE]) expect(harms(firstPlan(fleet, values, how))).toEqual([]);
});

// A reader refuses this one key by name.
const word = fc.string().filter((one) => one !== "__proto__");
const text = fc.oneof(word, fc.constantFrom("True", "uefi", "{'a': 1}", "on", "off", "null"));
const value = fc.oneof(
  text,
  fc.boolean(),
  fc.integer(),
  fc.constant(null),
  fc.dictionary(text, text),
);

test("law: whatever stands in the columns, each document is valid and its first plan harms nothing", async () => {
  const columns = fc.record(
    {
      "Provisioning State": fc.constantFrom(...PROVISION_STATES),
      Name: value,
      Maintenance: value,
      Protected: value,
      Retired: value,
      Properties: value,
      Extra: value,
      Traits: fc.array(text, { maxLength: 60 }),
      Description: value,
      "Conductor Group": value,
      "Automated Clean": value,
      "Boot Interface": value,
      "Instance Info": value,
      "Driver Info": fc.record({
        redfish_address: fc.constantFrom("10.7.0.1", "https://[fd00::1]:443"),
        redfish_username: value,
        redfish_password: value,
        redfish_system_id: value,
        redfish_verify_ca: value,
        odd: value,
      }),
    },
    { requiredKeys: ["Driver Info"] },
  );
  await fc.assert(
    fc.asyncProperty(columns, async (more) => {
      const { nodes, diagnostics } = imported([aRow(more)]);
      expect(diagnostics).toEqual([]);
      const fleet = await fleetOf(nodes.map(({ document }) => document));
      expect(harms(firstPlan(fleet, OTHERWISE, { existing: true }))).toEqual([]);
    }),
    { numRuns: 40 },
  );
});
