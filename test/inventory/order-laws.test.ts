import * as fc from "fast-check";
import { expect, test } from "vitest";
import { makePlan } from "../../engine/plan/make-plan.ts";
import { loadFleet } from "../../inventory/load-fleet.ts";
import { isMap } from "../../schemas/is-map.ts";
import type { Fleet } from "../../schemas/fleet.ts";
import { defaultSettings } from "../../schemas/settings.ts";
import { anInput, options, seen } from "../support/a-fleet.ts";
import { tempRepo } from "../support/temp-repo.ts";

const settings = { ...defaultSettings(), fleet: "6c1c1d9e-0000-4000-8000-000000000001" };

function document(kind: string, name: string, spec: string, metadata = ""): string {
  return `apiVersion: ironwright/v1\nkind: ${kind}\nmetadata: { name: ${name}${metadata} }\nspec: ${spec}\n`;
}

const SUM = `sha256:${"1".repeat(64)}`;

/** One of every kind, and nodes that lean on all of them. */
const DOCUMENTS = [
  document(
    "Profile",
    "base",
    "{ driver: fake, traits: [CUSTOM_B, CUSTOM_A], boot: { mode: uefi } }",
  ),
  document("Profile", "gpu", "{ profiles: [base], traits: [CUSTOM_GPU, CUSTOM_A], power: on }"),
  document("Profile", "slow", "{ power: off, boot: { device: disk } }"),
  document("Image", "debian", `{ url: http://i/debian.raw, checksum: "${SUM}", format: raw }`),
  document("Image", "alma", `{ url: http://i/alma.raw, checksum: "${SUM}" }`),
  document("Chassis", "c1", "{ description: blades }"),
  document("Policy", "storage", "{ selector: role=storage, budget: { reboot: 2 } }"),
  document("Policy", "all", "{ budget: { destructive: 10% } }"),
  document(
    "Runbook",
    "burnin",
    "{ flow: clean, traits: [CUSTOM_A], steps: [{ interface: deploy, step: erase_devices_metadata }] }",
  ),
  document(
    "Node",
    "n1",
    "{ profiles: [gpu, slow], identity: { serial: S-n1 } }",
    ", labels: { rack: a }",
  ),
  document(
    "Node",
    "n2",
    "{ profiles: [slow, gpu], chassis: c1, provision: { state: active, image: { name: debian } } }",
  ),
  document("Node", "n3", "{ profiles: [base], boot: { mode: null }, power: on }"),
  document(
    "NodeList",
    "row-b",
    "{ template: { spec: { driver: fake } }, columns: [metadata.name, spec.power], rows: [[b2, on], [b1, off]] }",
  ),
  document("Port", "eth1", '{ node: n1, mac: "52:54:00:00:00:02", portGroup: bond0 }'),
  document("Port", "eth0", '{ node: n1, mac: "52:54:00:00:00:01", portGroup: bond0 }'),
  document("PortGroup", "bond0", "{ node: n1, mode: 802.3ad }"),
  document("VolumeConnector", "iqn0", "{ node: n2, type: iqn, connectorId: iqn.x }"),
  document("VolumeTarget", "vol0", "{ node: n2, volumeType: iscsi, volumeId: v, bootIndex: 0 }"),
  document("Allocation", "job-2", "{ resourceClass: large }"),
  document("Allocation", "job-1", "{ resourceClass: large, candidates: [n3, n1] }"),
];

/** Every document in some file, files with some names, in some order. */
const layouts = fc
  .record({
    order: fc.shuffledSubarray(DOCUMENTS, {
      minLength: DOCUMENTS.length,
      maxLength: DOCUMENTS.length,
    }),
    files: fc.array(fc.integer({ min: 0, max: 5 }), {
      minLength: DOCUMENTS.length,
      maxLength: DOCUMENTS.length,
    }),
    names: fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9/]{0,5}[a-z0-9]$/), {
      minLength: 6,
      maxLength: 6,
      selector: (name) => name.replaceAll("/", ""),
    }),
  })
  .map(({ order, files, names }) => {
    const texts: Record<string, string> = {};
    order.forEach((one, index) => {
      const path = `inventory/${(names[files[index] ?? 0] ?? "").replaceAll(/\/+/g, "/")}.yaml`;
      texts[path] = texts[path] === undefined ? one : `${texts[path]}---\n${one}`;
    });
    return texts;
  });

async function fleetOf(files: Readonly<Record<string, string>>): Promise<Fleet> {
  const repo = await tempRepo(files);
  const { fleet, diagnostics } = await loadFleet({ dir: repo.dir, settings });
  expect(diagnostics.map(({ message }) => message)).toEqual([]);
  if (fleet === null) throw new Error("no fleet");
  return fleet;
}

const NOWHERE = { file: "inventory", line: 1, column: 1 };

/** A fleet without what says in which file and line something stands. */
function placeless(fleet: Fleet): Fleet {
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip);
    if (!isMap(value)) return value;
    if ("file" in value && "line" in value) return NOWHERE;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, strip(item)]));
  };
  const bare = strip({ ...fleet, tree: "tree", profileFiles: {} });
  return bare as Fleet;
}

function planOf(fleet: Fleet) {
  const values = { power: "off", bootDevice: { device: "pxe", persistent: false } } as const;
  const observations = new Map(fleet.nodes.map(({ name }) => [name, seen(name, values)]));
  return makePlan(anInput(fleet, { observations }), options());
}

test("law: which document stands where, in which order, is of no matter to the fleet or its plan", async () => {
  const fleet = placeless(await fleetOf({ "inventory/all.yaml": DOCUMENTS.join("---\n") }));
  const plan = planOf(fleet);
  // A law over nothing would hold as well.
  expect(fleet.nodes.map(({ name }) => name)).toEqual(["b1", "b2", "n1", "n2", "n3"]);
  expect(plan.nodes.flatMap(({ steps }) => steps).length).toBeGreaterThan(2);
  await fc.assert(
    fc.asyncProperty(layouts, async (files) => {
      const other = placeless(await fleetOf(files));
      expect(other).toEqual(fleet);
      expect(JSON.stringify(other.nodes)).toBe(JSON.stringify(fleet.nodes));
      const again = planOf(other);
      expect(again.id).toBe(plan.id);
      expect(JSON.stringify(again)).toBe(JSON.stringify(plan));
    }),
    { numRuns: 60, seed: 20_261_124 },
  );
});
