import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readJson } from "../../inventory/read-json.ts";

function errorOf(text: string): string {
  const { documents, findings } = readJson(text);
  expect(documents).toEqual([]);
  return findings
    .map(({ code, spot, message }) => `${spot.join(":")} ${code} ${message}`)
    .join("\n");
}

test("law: it reads what JSON.parse reads", () => {
  const anyJson = fc
    .jsonValue({ maxDepth: 5 })
    .filter((value) => !JSON.stringify(value).includes("__proto__"));
  fc.assert(
    fc.property(anyJson, fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(readJson(text).documents[0]?.value).toEqual(JSON.parse(text));
    }),
  );
});

test("law: cut off anywhere, it is an error inside the text and never an exception", () => {
  const text = JSON.stringify(
    [{ UUID: 'a\u00e9\\"', Driver: { n: -1.5e3, t: true, f: null } }],
    null,
    1,
  );
  for (let end = 0; end < text.length; end += 1)
    expect(errorOf(text.slice(0, end))).toMatch(/^\d+:\d+ IW-I01 /);
});

test("places are those of keys and items, also on one line of a megabyte", () => {
  const { documents } = readJson('[\n  {"a": 1,\n   "b": {"c": 2}}\n]');
  expect(documents[0]?.spots).toEqual({
    "/0": [2, 3],
    "/0/a": [2, 4],
    "/0/b": [3, 4],
    "/0/b/c": [3, 10],
  });
  const long = JSON.stringify(
    Array.from({ length: 20_000 }, (_, n) => ({ uuid: `n${n}`, driver: "redfish" })),
  );
  expect(readJson(long).findings).toEqual([]);
});

test.each([
  ["[1 2]", '1:4 IW-I01 not JSON: "," must stand here'],
  ["{a: 1}", '1:2 IW-I01 not JSON: a key in "quotes" must stand here'],
  ["[tru]", "1:2 IW-I01 not JSON: a value must stand here"],
  ["[]\n[]", "2:1 IW-I01 not JSON: something stands behind its end; export it again"],
  ['[\n "a\nb"]', "2:2 IW-I01 not JSON: a text in quotes is broken"],
  ['{"a": 1, "a": 2}', "1:10 IW-I05 a key is written twice in one map; remove one of them"],
  ['{"__proto__": 1}', '1:2 IW-I03 the key "__proto__" is not allowed'],
  ["[".repeat(100), "1:66 IW-I13 nested deeper than 64: no export is"],
  [
    '[{"password": "calvin',
    "1:22 IW-I01 the text ends in the middle: it was cut off; export it again",
  ],
])("%s", (text, words) => {
  expect(errorOf(text)).toBe(words);
});
