import { expect, test } from "vitest";
import { loadFleet } from "../../inventory/load-fleet.ts";
import { defaultSettings } from "../../schemas/settings.ts";
import { tempRepo } from "../support/temp-repo.ts";

const NODES = `apiVersion: ironwright/v1
kind: Node
metadata: { name: n1 }
spec: { driver: fake, provision: { state: adopted } }
---
apiVersion: ironwright/v1
kind: Node
metadata: { name: n2 }
spec: { driver: fake, provision: { state: available }, resourceClass: large }
---
apiVersion: ironwright/v1
kind: Node
metadata: { name: n3 }
spec: { driver: fake, mode: observe }
`;
const PROVISION = '  provision: { state: active, image: { url: "https://images/d.raw" } }\n';

function wish(name: string, spec: string): string {
  return `---\napiVersion: ironwright/v1\nkind: Allocation\nmetadata: { name: ${name} }\nspec:\n${spec}`;
}

async function errorsOf(text: string): Promise<readonly string[]> {
  const repo = await tempRepo({ "inventory/nodes.yaml": NODES, "inventory/wishes.yaml": text });
  const { diagnostics } = await loadFleet({ dir: repo.dir, settings: defaultSettings() });
  return diagnostics.map((d) => `${d.file}:${d.line}:${d.column} ${d.code} ${d.message}`);
}

test.each<[string, string, string]>([
  [
    "a node that is not declared",
    wish("web", "  node: n4\n"),
    "6:3 IW-I06 the node n4 is not declared; did you mean n1?",
  ],
  [
    "a node that is none of its candidates",
    wish("web", "  node: n1\n  candidates: [n2]\n"),
    "6:3 IW-I04 n1 is none of the candidates; name it there, or leave them out",
  ],
  [
    "a node that another one names",
    wish("web", "  node: n1\n") + wish("app", "  node: n1\n"),
    "6:3 IW-I05 the Allocation app (inventory/wishes.yaml:12) names n1 too, and a node is given to one; take it out of one of them",
  ],
  [
    "a node that is only observed",
    wish("web", "  node: n3\n"),
    "6:3 IW-I04 n3 is only observed (mode: observe, inventory/nodes.yaml:14), so nothing is recorded of it and nobody is given it; take the Allocation out, or let the node be managed",
  ],
  [
    "a node that says itself what it runs, and another word for it",
    wish("web", `  node: n1\n${PROVISION}`),
    "7:16 IW-I04 n1 says itself what runs there (state: adopted, inventory/nodes.yaml:4); take provision out here",
  ],
  [
    "neither a node nor a class",
    wish("web", PROVISION),
    "5:1 IW-I10 the Allocation has no resourceClass; write which nodes it is to be one of, or node: NAME for one that is active already",
  ],
  [
    "a name that can't be one",
    wish("web", "  node: N_1\n"),
    "6:3 IW-I04 spec.node is \"N_1\"; it must be an RFC 1123 label: a-z, 0-9 and '-', 63 at most",
  ],
])("an Allocation with %s is an error at its place", async (_, text, said) => {
  expect(await errorsOf(text)).toEqual([`inventory/wishes.yaml:${said}`]);
});

test("an Allocation may name a node alone, with a class, among candidates, and with what runs on one of the pool", async () => {
  const text = [
    wish("a", "  node: n1\n  candidates: [n1, n2]\n"),
    wish("b", `  node: n2\n  resourceClass: large\n${PROVISION}`),
  ];
  expect(await errorsOf(text.join(""))).toEqual([]);
});
