import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { readableVersions, VERSIONS, wayFrom } from "../../inventory/conversions.ts";
import { convertText } from "../../inventory/convert-text.ts";
import { parseFile } from "../../inventory/parse-file.ts";
import { API_VERSION } from "../../schemas/documents.ts";
import { BACK, NEXT, SINCE_ALPHA } from "../support/made-up-versions.ts";

const OLD = `# rack r7, by hand
apiVersion: ironwright/v1alpha1   # the first there was
kind: Node


metadata: {  name:   n1  }        # keeps its blanks
spec:
    # what it is made of
    hardwareType: fake            # in memory
    traits:
    - CUSTOM_A
    - "CUSTOM_B"
    power: { state: on }   # since 2024
    description: >-
      two
      lines
---
# already new: not a byte of it is touched
apiVersion:   ironwright/v1
kind: Node
metadata: {name: n2}
spec: {driver: fake}
`;

test("production reads one version, and every row of its table leads to it", () => {
  expect(VERSIONS.current).toBe(API_VERSION);
  const readable = readableVersions(VERSIONS);
  for (const { from } of VERSIONS.conversions) expect(readable).toContain(from);
});

test("the way is the shortest, and there is none from what nobody knows", () => {
  expect(readableVersions(NEXT)).toEqual(["ironwright/v2", "ironwright/v1", "ironwright/v1alpha1"]);
  const names = wayFrom("ironwright/v1alpha1", NEXT)?.map(({ to }) => to);
  expect(names).toEqual(["ironwright/v1", "ironwright/v2"]);
  expect(wayFrom("ironwright/v2", NEXT)).toEqual([]);
  expect(wayFrom("ironwright/v9", NEXT)).toBeNull();
});

test("a conversion changes the lines that it means, and no other byte", () => {
  const { text, from } = convertText(OLD, SINCE_ALPHA);
  expect(from).toEqual(["ironwright/v1alpha1"]);
  const before = OLD.split("\n");
  const after = text.split("\n");
  expect(after).toHaveLength(before.length);
  const changed = after.flatMap((line, at) => (line === before[at] ? [] : [line]));
  expect(changed).toEqual([
    "apiVersion: ironwright/v1 # the first there was",
    "    driver: fake # in memory",
    "    power: on # since 2024",
  ]);
  expect(convertText(text, SINCE_ALPHA)).toEqual({ text, from: [] });
});

test("CRLF stays CRLF, and several steps are one rewriting", () => {
  const { text } = convertText(OLD.replaceAll("\n", "\r\n"), NEXT);
  expect(text.replaceAll("\r\n", "")).not.toContain("\n");
  expect(text).toContain("    summary: >-\r\n      two\r\n      lines\r\n");
  expect(text.match(/ironwright\/v2/g)).toHaveLength(2);
});

test("a file of an older version is read as the current one, with places of its own lines", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const { documents, diagnostics } = parseFile(bytes(OLD), SINCE_ALPHA);
  expect(diagnostics).toEqual([]);
  expect(documents.map(({ metadata }) => metadata["name"])).toEqual(["n1", "n2"]);
  expect(documents[0]?.spec).toMatchObject({ driver: "fake", power: "on" });
  expect(documents[0]?.spots["/spec/driver"]).toEqual([9, 5]);
  const wrong = parseFile(bytes(OLD.replace("state: on", "state: onn")), SINCE_ALPHA);
  expect(wrong.diagnostics).toEqual([
    expect.objectContaining({
      line: 13,
      code: "IW-I04",
      message: expect.stringContaining("did you mean on"),
    }),
  ]);
});

test.each([
  ["ironwright/v9", "this version reads ironwright/v1"],
  ["ironwright/v1alpha1", "this version reads ironwright/v1"],
  ["metal3.io/v1alpha1", "ironwright migrate FILE"],
  ["v1", "write apiVersion: ironwright/v1"],
])("apiVersion %s says what is read, and the way", (version, words) => {
  const text = `apiVersion: ${version}\nkind: BareMetalHost\nmetadata: { name: n1 }\nspec: {}\n`;
  const { diagnostics } = parseFile(new TextEncoder().encode(text));
  expect(diagnostics).toEqual([
    expect.objectContaining({
      code: "IW-I15",
      line: 1,
      column: 1,
      message: expect.stringContaining(words),
    }),
  ]);
});

test("a document that its schema refuses is converted all the same, and one that is no map is left", () => {
  const odd = "apiVersion: ironwright/v1alpha1\nspec: [ a ]\n---\n- a\n";
  expect(convertText(odd, SINCE_ALPHA).text).toBe(
    "apiVersion: ironwright/v1\nspec: [ a ]\n---\n- a\n",
  );
});

const comment = fc.option(fc.stringMatching(/^[a-z ]{1,12}[a-z]$/), { nil: null });
const blanks = fc.stringMatching(/^ {1,6}$/);
const line = fc.tuple(comment, blanks, fc.boolean());
const KEYS = [
  "hardwareType: fake",
  "power: { state: on }",
  "description: a b",
  "traits: [ CUSTOM_A,  CUSTOM_B ]",
];

/** A document with comments above and behind its lines, blank lines, and blanks of any number. */
const drawn = fc
  .tuple(
    fc.shuffledSubarray(KEYS),
    fc.array(line, { minLength: 8, maxLength: 8 }),
    fc.constantFrom(2, 4),
  )
  .map(([keys, lines, indent]) => {
    const pad = " ".repeat(indent);
    const body = keys.map((key) => `${pad}${key}`);
    const all = [
      "apiVersion: ironwright/v1alpha1",
      "kind: Node",
      "metadata: {name:  n1}",
      "spec:",
      ...body,
    ];
    const text = all.flatMap((one, at) => {
      const [said, gap, blank] = lines[at] ?? [null, " ", false];
      return [
        ...(blank && at > 0 ? [""] : []),
        ...(said === null || at > 3 ? [] : [`# above ${at} ${said}`]),
        said === null || one === "spec:" ? one : `${one}${gap}# behind ${at} ${said}`,
      ];
    });
    return `${text.join("\n")}\n`;
  });

function data(text: string): unknown {
  return parseAllDocuments(text).map((document) => document.toJS() as unknown);
}

function comments(text: string): readonly string[] {
  return text.split("\n").flatMap((one) => /#.*$/.exec(one)?.[0] ?? []);
}

test("law: to the newest version and back is the same data, with every comment in its order", () => {
  fc.assert(
    fc.property(drawn, (text) => {
      const up = convertText(text, NEXT).text;
      const down = convertText(up, BACK).text;
      expect(data(down)).toEqual(data(text));
      expect([comments(up), comments(down)]).toEqual([comments(text), comments(text)]);
      // Up again from there, nothing is left to settle.
      expect(convertText(down, NEXT).text).toBe(up);
    }),
    { numRuns: 200, seed: 7 },
  );
});

test("law: lines that no conversion means are the same bytes after it", () => {
  fc.assert(
    fc.property(drawn, (text) => {
      const meant = /apiVersion|hardwareType|power|description/;
      const kept = (from: string, without: RegExp): readonly string[] =>
        from.split("\n").filter((one) => !without.test(one));
      expect(kept(convertText(text, NEXT).text, /apiVersion|driver|power|summary/)).toEqual(
        kept(text, meant),
      );
    }),
    { numRuns: 200, seed: 7 },
  );
});

test("law: a document of today, as the version before it and back, is the same bytes once it is settled", () => {
  fc.assert(
    fc.property(drawn, (old) => {
      const today = convertText(old, SINCE_ALPHA).text;
      const before = convertText(today, BACK).text;
      expect(before).toContain("ironwright/v1alpha1");
      const again = convertText(before, SINCE_ALPHA).text;
      expect(data(again)).toEqual(data(today));
      expect([comments(before), comments(again)]).toEqual([comments(today), comments(today)]);
      expect(again).toBe(today);
      // What is read is the same, whichever of the two lies there.
      const read = (text: string) => parseFile(new TextEncoder().encode(text), SINCE_ALPHA);
      expect(read(before).documents.map(({ spec }) => spec)).toEqual(
        read(today).documents.map(({ spec }) => spec),
      );
    }),
    { numRuns: 200, seed: 7 },
  );
});
