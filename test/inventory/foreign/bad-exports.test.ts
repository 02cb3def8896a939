import { expect, test } from "vitest";
import { readExport } from "../../../inventory/foreign/read-export.ts";
import { readPythonLiteral } from "../../../inventory/foreign/python-literal.ts";
import { aHost, aRow, imported, wrong } from "../../support/an-export.ts";

test.each([
  [
    "a list of something else",
    [{ flavor: "m1.large" }],
    "export.json:2:3 IW-I15 this row is of no list that is read; those are node,",
  ],
  ["a list of words", ["a", "b"], "export.json:2:3 IW-I15 this is no node"],
  [
    "the short list",
    [{ UUID: "u", Name: "n", "Provisioning State": "active" }],
    "export again with --long",
  ],
  [
    "a text that was cut off",
    JSON.stringify([aRow()]).slice(0, -40),
    "IW-I01 the text ends in the middle",
  ],
  [
    "JSON with a comma too many",
    `${JSON.stringify([aRow()]).slice(0, -1)},]`,
    "IW-I01 not JSON: a value",
  ],
])("%s is an error with its place", (_name, value, words) => {
  const errors = wrong(value);
  expect(errors[0]).toMatch(/^export\.json:\d+:\d+ /);
  expect(errors[0]).toContain(words);
});

test("a host without a name is an error with its place", () => {
  expect(wrong({ items: [aHost({}, { metadata: {} })] }, "metal3")).toEqual([
    expect.stringMatching(/^export\.json:3:5 IW-I10 the BareMetalHost has no metadata\.name/),
  ]);
});

test("YAML that can't be read shows nothing of what stands there", () => {
  const yaml = 'kind: BareMetalHost\nspec:\n  password: "calvin\n  a: @calvin\n';
  const errors = wrong(yaml, "metal3");
  expect(errors.length).toBeGreaterThan(0);
  expect(errors.join(" ")).not.toContain("calvin");
});

test("what our own reader would refuse is told at the node, and nothing of it may be used", () => {
  const { diagnostics } = imported([aRow({ "Resource Class": "x".repeat(81) })]);
  expect(diagnostics).toEqual([
    expect.objectContaining({
      line: 2,
      column: 3,
      message: expect.stringContaining("resourceClass"),
    }),
  ]);
});

test("a node without an address makes a document that says what is missing", () => {
  const { nodes, diagnostics } = imported([aRow({ "Driver Info": {} })]);
  expect(diagnostics).toEqual([]);
  expect(nodes[0]?.document).toContain("# - bmc.address: ");
});

test("JSON up to 64 MB is read, YAML up to 8: more is refused by its size", () => {
  const bytes = (size: number, first: string): Uint8Array => {
    const all = new Uint8Array(size).fill(0x20);
    all.set(new TextEncoder().encode(first));
    return all;
  };
  const said = (data: Uint8Array): string =>
    readExport({ file: "f", bytes: data })
      .diagnostics.map(({ message }) => message)
      .join("");
  expect(said(bytes(9 * 1024 * 1024, "[]"))).toBe("");
  expect(said(bytes(65 * 1024 * 1024, "[]"))).toContain("64 MB is the most that is read");
  expect(said(bytes(9 * 1024 * 1024, "a: 1"))).toContain("8 MB is the most that is read");
});

test("ten thousand nodes are named and written in seconds", () => {
  const rows = Array.from({ length: 10_000 }, (_, n) =>
    aRow({
      UUID: `6d2fa3a0-0c6e-4f1c-9d57-${String(n).padStart(12, "0")}`,
      Name: `Node_${n % 5000}.${n}`,
    }),
  );
  const { nodes, diagnostics } = imported(rows);
  expect(diagnostics).toEqual([]);
  expect(new Set(nodes.map(({ name }) => name)).size).toBe(10_000);
}, 120_000);

test.each([
  ["{'a': 'b', 'c': [1, -2.5, None, True, False]}", { a: "b", c: [1, -2.5, null, true, false] }],
  ["{u'a': \"it's\", 'b': 'x\\n\\x41\\u00e9'}", { a: "it's", b: "x\nA\u00e9" }],
  ["{}", {}],
  ["[]", []],
  ["{'a': {'b': []},}", { a: { b: [] } }],
  ["{'a': <object at 0x7f>}", null],
  ["{'a' 'b'}", null],
  ["{'a': 'b'", null],
  ["[".repeat(100), null],
  ["{'a': 1} {'b': 2}", null],
])("Python's %s", (text, value) => {
  expect(readPythonLiteral(text)).toEqual(value);
});
