import { expect, test } from "vitest";
import { loadFleet } from "../../inventory/load-fleet.ts";
import { defaultSettings } from "../../schemas/settings.ts";
import { tempRepo } from "../support/temp-repo.ts";

const settings = { ...defaultSettings(), fleet: "6c1c1d9e-0000-4000-8000-000000000001" };

/** Four lines each, so that the node at index i has its spec in line 5 i + 4. */
function node(name: string, spec: string, kind = "Node"): string {
  return `apiVersion: ironwright/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
}

async function wrong(...documents: readonly string[]): Promise<readonly string[]> {
  const repo = await tempRepo({ "inventory/a.yaml": documents.join("---\n") });
  const { fleet, diagnostics } = await loadFleet({ dir: repo.dir, settings });
  expect(fleet === null).toBe(diagnostics.length > 0);
  return diagnostics.map(({ file, line, code, message }) => `${file}:${line} ${code} ${message}`);
}

const SERVER = node("srv-1", "{ driver: fake }");

test("a parent that is not declared says so, and which was probably meant", async () => {
  expect(await wrong(SERVER, node("dpu-1", "{ driver: fake, parent: srv-2 }"))).toEqual([
    "inventory/a.yaml:9 IW-I06 parent srv-2 of dpu-1 is not declared; did you mean srv-1?",
  ]);
  expect(await wrong(SERVER, node("dpu-1", "{ driver: fake, parent: enclosure-hall-b }"))).toEqual([
    "inventory/a.yaml:9 IW-I06 parent enclosure-hall-b of dpu-1 is not declared; declare a Node of that name",
  ]);
});

test.each([
  ["a name that is none", "parent: SRV_1", "IW-I04"],
  ["a list", "parent: [srv-1]", "IW-I04"],
  ["a supply that is no word", 'parent: srv-1, dedicatedPower: "yes"', "IW-I04"],
  ["a word that is misspelt", "parrent: srv-1", "IW-I03"],
])("%s is refused at its place", async (_what, words, code) => {
  const [first, ...more] = await wrong(SERVER, node("dpu-1", `{ driver: fake, ${words} }`));
  expect(first).toContain(`inventory/a.yaml:9 ${code}`);
  expect(more).toEqual([]);
});

test("nobody is its own parent, and a circle names who is in it", async () => {
  expect(await wrong(node("a", "{ driver: fake, parent: a }"))).toEqual([
    "inventory/a.yaml:4 IW-I22 a is its own parent; name the node that it sits in, or take parent out",
  ]);
  expect(
    await wrong(
      node("a", "{ driver: fake, parent: b }"),
      node("b", "{ driver: fake, parent: c }"),
      node("c", "{ driver: fake, parent: a }"),
    ),
  ).toEqual([
    "inventory/a.yaml:4 IW-I22 nodes are each other's parents: a -> b -> c -> a; take one parent out",
    "inventory/a.yaml:9 IW-I22 nodes are each other's parents: b -> c -> a -> b; take one parent out",
    "inventory/a.yaml:14 IW-I22 nodes are each other's parents: c -> a -> b -> c; take one parent out",
  ]);
});

test("a tree is one level deep; who hangs below a circle is told of its own parent", async () => {
  expect(
    await wrong(
      SERVER,
      node("dpu-1", "{ driver: fake, parent: srv-1 }"),
      node("nic-1", "{ driver: fake, parent: dpu-1, dedicatedPower: true }"),
    ),
  ).toEqual([
    "inventory/a.yaml:14 IW-I22 dpu-1, the parent of nic-1, has a parent itself (srv-1, inventory/a.yaml:9); a tree is one level deep: name srv-1, or take one parent out",
  ]);
  const below = await wrong(
    node("a", "{ driver: fake, parent: b }"),
    node("b", "{ driver: fake, parent: a }"),
    node("c", "{ driver: fake, parent: a }"),
  );
  expect(below[2]).toContain(
    "14 IW-I22 a, the parent of c, has a parent itself (b, inventory/a.yaml:4)",
  );
});

test("a supply of its own is said of children only", async () => {
  expect(await wrong(node("srv-1", "{ driver: fake, dedicatedPower: true }"))).toEqual([
    "inventory/a.yaml:4 IW-I22 srv-1 says dedicatedPower and has no parent whose power it could do without; name its parent, or take dedicatedPower out",
  ]);
  expect(await wrong(node("srv-1", "{ driver: fake, dedicatedPower: false }"))).toEqual([]);
});

test("a parent means one machine: neither a Profile nor a template names it, a column does", async () => {
  expect(
    await wrong(
      node("dpus", "{ driver: fake, parent: srv-1 }", "Profile"),
      node("srv-1", "{ profiles: [dpus] }"),
    ),
  ).toEqual(
    expect.arrayContaining([
      "inventory/a.yaml:4 IW-I11 parent means one machine; it is not allowed in a Profile",
    ]),
  );
  const list = (template: string, columns: string, row: string): string =>
    node(
      "dpus",
      `{ template: { spec: { driver: fake${template} } }, columns: [${columns}], rows: [[${row}]] }`,
      "NodeList",
    );
  expect(await wrong(SERVER, list(", parent: srv-1", "metadata.name", "dpu-1"))).toEqual([
    "inventory/a.yaml:9 IW-I11 parent means one machine; it is not allowed in a NodeList's template",
  ]);
  expect(await wrong(SERVER, list("", "metadata.name, spec.parent", "dpu-1, srv-1"))).toEqual([]);
});

test("a child that is to be on while its parent is to be off names both places and the ways out", async () => {
  const server = node("srv-1", "{ driver: fake, power: off }");
  const child = (more: string): string => node("dpu-1", `{ driver: fake, parent: srv-1${more} }`);
  expect(await wrong(server, child(", power: on"))).toEqual([
    "inventory/a.yaml:9 IW-I22 dpu-1 is declared on and draws its power from srv-1, which is declared off (inventory/a.yaml:4); declare one of them otherwise, or dedicatedPower: true where dpu-1 has a supply of its own",
  ]);
  for (const fine of [
    "",
    ", power: off",
    ", power: unmanaged",
    ", power: on, dedicatedPower: true",
  ])
    expect(await wrong(server, child(fine))).toEqual([]);
  expect(await wrong(SERVER, child(", power: on"))).toEqual([]);
});
