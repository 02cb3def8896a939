import * as fc from "fast-check";
import { expect, test } from "vitest";
import { loadFleet } from "../../inventory/load-fleet.ts";
import { MovingFleet } from "../../inventory/moving-fleet.ts";
import { defaultSettings } from "../../schemas/settings.ts";
import { tempRepo, type TempRepo } from "../support/temp-repo.ts";

const settings = { ...defaultSettings(), fleet: "6c1c1d9e-0000-4000-8000-000000000001" };
const SETTINGS_PATH = "ironwright.yaml";

function document(kind: string, name: string, spec: string, metadata = ""): string {
  return `apiVersion: ironwright/v1\nkind: ${kind}\nmetadata: { name: ${name}${metadata} }\nspec: ${spec}\n`;
}

const SUM = `sha256:${"1".repeat(64)}`;
const SHARED = [
  document("Profile", "base", "{ driver: fake, traits: [CUSTOM_A], boot: { mode: uefi } }"),
  document("Profile", "odd", "{ profiles: [base], traits: [HW_NO_SUCH_TRAIT] }"),
  document("Image", "debian", `{ url: http://i/debian.raw, checksum: "${SUM}" }`),
  document("Policy", "all", "{ budget: { destructive: 10% } }"),
];

const NAMES = ["a1", "a2", "a3", "b1", "b2"];
const FILES = ["inventory/a.yaml", "inventory/rack/b.yaml", "inventory/rack/deep/c.yaml"];

/** A node: right, or wrong, or at odds with its neighbours. */
const aNode = fc
  .record({
    name: fc.constantFrom(...NAMES),
    profiles: fc.constantFrom("[base]", "[odd]", "[base, odd]", "[nowhere]"),
    more: fc.constantFrom(
      "power: on",
      "power: off",
      "bmc: { address: https://10.0.0.1, system: /s/1 }",
      "bmc: { address: https://10.0.0.1/, system: /s/2/ }",
      "bmc: { address: https://10.0.0.1 }",
      "parent: a1, power: on",
      "parent: b1",
      "resourceClass: big",
      "resourceClass: BIG",
      'ports: { eth0: { mac: "52:54:00:00:00:01" } }',
      'ports: { eth0: { mac: "52:54:00:00:00:02" } }',
      "provision: { state: active, image: { name: debian } }",
      "provision: { state: active, image: { name: debina } }",
      "traits: [CUSTOM_B]",
      "traits: [HW_OTHER_UNKNOWN]",
      "chassis: none",
      "provision: { rebuildOn: [image] }",
      "nonsense: 1",
    ),
    uuid: fc.constantFrom("", "", "", ", uuid: 11111111-1111-4111-8111-111111111111"),
    label: fc.constantFrom("", ", labels: { rack: r1 }", ", labels: { rack: r2 }"),
  })
  .map(({ name, profiles, more, uuid, label }) =>
    document("Node", name, `{ profiles: ${profiles}, ${more} }`, `${label}${uuid}`),
  );

const anExtra = fc.constantFrom(
  document("Allocation", "job", "{ resourceClass: big }"),
  document("Allocation", "back", "{ node: a1 }"),
  document("Port", "eth9", '{ node: a2, mac: "52:54:00:00:00:02" }'),
  document(
    "NodeList",
    "row",
    "{ template: { spec: { driver: fake } }, columns: [metadata.name], rows: [[b2], [l1]] }",
  ),
  "no: yaml: at all\n",
);

const anEdit = fc.record({
  file: fc.constantFrom(...FILES),
  documents: fc.oneof(
    { weight: 8, arbitrary: fc.array(aNode, { minLength: 0, maxLength: 2 }) },
    { weight: 1, arbitrary: fc.tuple(aNode, anExtra).map(([node, extra]) => [node, extra]) },
  ),
});

/** Loads a commit either way; true where the moving one kept nodes of the commit before. */
async function both(moving: MovingFleet, repo: TempRepo, ref: string): Promise<boolean> {
  const options = { dir: repo.dir, ref, settings, settingsPath: SETTINGS_PATH };
  const whole = await loadFleet(options);
  const moved = await moving.load(options);
  expect(moved).toEqual(whole);
  const nodes = moved.fleet?.nodes ?? [];
  const kept = nodes.some((node) => seen.has(node));
  for (const node of nodes) seen.add(node);
  return kept;
}

const seen = new WeakSet<object>();

async function aRepo(): Promise<TempRepo> {
  return tempRepo({
    [SETTINGS_PATH]: "apiVersion: ironwright/v1\nkind: Settings\n",
    "inventory/shared.yaml": SHARED.join("---\n"),
    "inventory/a.yaml": document("Node", "a1", "{ profiles: [base], power: on }"),
    "inventory/rack/b.yaml": document("Node", "b1", "{ profiles: [base] }"),
    "inventory/still.yaml": document("Node", "still", "{ profiles: [odd] }"),
  });
}

test("law: commit by commit, the moving fleet is what reading everything says, right or wrong", async () => {
  let stepped = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anEdit, { minLength: 1, maxLength: 8 }), async (edits) => {
      const repo = await aRepo();
      const moving = new MovingFleet();
      await both(moving, repo, await repo.commit("first"));
      for (const [index, { file, documents }] of edits.entries()) {
        repo.write(file, documents.length === 0 ? "# nobody\n" : documents.join("---\n"));
        if (await both(moving, repo, await repo.commit(`edit ${index}`))) stepped += 1;
      }
    }),
    { seed: 7, numRuns: Number(process.env["SEEDS"] ?? 25) },
  );
  // A law over nothing but refused commits, and such as are read whole, would say nothing.
  expect(stepped).toBeGreaterThan(15);
}, 120_000);

test("what a commit leaves alone is the very same; files that come, go and are renamed are followed", async () => {
  const repo = await aRepo();
  const moving = new MovingFleet();
  const load = async (message: string) => {
    const options = { dir: repo.dir, settings, settingsPath: SETTINGS_PATH };
    const ref = await repo.commit(message);
    const { fleet } = await moving.load({ ...options, ref });
    expect(fleet).toEqual((await loadFleet({ ...options, ref })).fleet);
    return fleet;
  };
  const first = await load("first");
  repo.write("inventory/a.yaml", document("Node", "a1", "{ profiles: [base], power: off }"));
  const second = await load("a1 off");
  expect(second?.nodes.map((node, index) => node === first?.nodes[index])).toEqual([
    false,
    true,
    true,
  ]);
  repo.write("inventory/new/z.yaml", document("Node", "a0", "{ profiles: [base] }"));
  const third = await load("a0 comes");
  expect(third?.nodes.map(({ name }) => name)).toEqual(["a0", "a1", "b1", "still"]);
  expect(third?.profileReach).toEqual({ base: 4, odd: 1 });
  repo.remove("inventory/a.yaml");
  repo.write("inventory/moved.yaml", document("Node", "a1", "{ profiles: [base], power: off }"));
  const fourth = await load("a1 moves");
  expect(fourth?.nodes[1]?.place.file).toBe("inventory/moved.yaml");
  expect(fourth?.nodes[2]).toBe(first?.nodes[1]);
  repo.write(SETTINGS_PATH, "apiVersion: ironwright/v1\nkind: Settings\n# said anew\n");
  const fifth = await load("settings");
  expect(fifth?.tree).not.toBe(fourth?.tree);
});

test("a refused commit leaves no trace: the next one is compared with the last good one", async () => {
  const repo = await aRepo();
  const moving = new MovingFleet();
  await both(moving, repo, await repo.commit("first"));
  repo.write("inventory/a.yaml", "nonsense");
  expect(await both(moving, repo, await repo.commit("bad"))).toBe(false);
  repo.write("inventory/a.yaml", document("Node", "a1", "{ profiles: [base], power: off }"));
  expect(await both(moving, repo, await repo.commit("mended"))).toBe(true);
});
