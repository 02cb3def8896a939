import * as fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { loadFleet } from "../../inventory/load-fleet.ts";
import { escapeKey, type Folding, lay, type Layer } from "../../inventory/merge.ts";
import { isMap } from "../../schemas/is-map.ts";
import { defaultSettings } from "../../schemas/settings.ts";
import { tempRepo } from "../support/temp-repo.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Pointers to null in a document, as a parsed one brings them. */
function nullsOf(value: unknown, pointer = ""): readonly string[] {
  if (value === null) return [pointer];
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    nullsOf(item, `${pointer}/${escapeKey(key)}`),
  );
}

/** A document as a layer; its values come from `name:pointer`. */
function layer(value: Fields, name: string): Layer<string> {
  return { value, nulls: nullsOf(value), originOf: (pointer) => `${name}:${pointer}` };
}

function folded(...layers: readonly Layer<string>[]): Folding<string> {
  const folding: Folding<string> = { value: {}, origins: {} };
  for (const one of layers) lay(folding, one);
  return folding;
}

/** Several documents as one: what they fold to, and all that any of them takes away. */
function composed(...layers: readonly Layer<string>[]): Layer<string> {
  const { value, origins } = folded(...layers);
  return {
    value,
    nulls: layers.flatMap(({ nulls }) => nulls),
    originOf: (pointer) => origins[pointer] ?? "nowhere",
  };
}

const scalar = fc.option(
  fc.oneof(fc.constantFrom("on", "off", ""), fc.integer({ min: 0, max: 3 })),
  {
    nil: null,
  },
);
const list = fc.option(fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 3 }), { nil: null });

/** Under one key stands one kind of value, as the schema has it nearly everywhere. */
const leaves = { scalar, list, "odd/~key": scalar };
const inner = fc.record(leaves, { requiredKeys: [] });
const middle = fc.record({ ...leaves, map: fc.option(inner, { nil: null }) }, { requiredKeys: [] });
const document = fc.record(
  { ...leaves, map: fc.option(middle, { nil: null }), traits: list, profiles: list, holds: list },
  { requiredKeys: [] },
);

const RUNS = { numRuns: 2000, seed: 20_261_124 };

test("law: it is of no matter which neighbours of a chain are folded first", () => {
  fc.assert(
    fc.property(document, document, document, (one, two, three) => {
      const [a, b, c] = [layer(one, "a"), layer(two, "b"), layer(three, "c")];
      const whole = folded(a, b, c);
      for (const other of [folded(composed(a, b), c), folded(a, composed(b, c))]) {
        expect(other.value).toEqual(whole.value);
        expect(leafOrigins(other)).toEqual(leafOrigins(whole));
      }
    }),
    RUNS,
  );
});

/** A map is where its first part is, so only what is no map has one place for sure. */
function leafOrigins({ value, origins }: Folding<string>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(origins).filter(([pointer]) => !isMap(at(value, pointer))),
  );
}

test("law: a document twice in a row is the document once", () => {
  fc.assert(
    fc.property(document, document, (one, two) => {
      const [a, b] = [layer(one, "a"), layer(two, "b")];
      expect(folded(a, b, b).value).toEqual(folded(a, b).value);
    }),
    RUNS,
  );
});

test("law: every value that is left has an origin, and says of it the last document that wrote it", () => {
  fc.assert(
    fc.property(document, document, (one, two) => {
      const { value, origins } = folded(layer(one, "a"), layer(two, "b"));
      const last = (key: string): string => (Object.hasOwn(two, key) ? "b" : "a");
      for (const key of ["scalar", "list"])
        if (Object.hasOwn(value, key)) expect(origins[`/${key}`]).toBe(`${last(key)}:/${key}`);
      for (const pointer of Object.keys(origins)) expect(at(value, pointer)).not.toBeUndefined();
      const isKnown = (pointer: string): boolean =>
        Object.keys(origins).some((known) => known === pointer || known.startsWith(`${pointer}/`));
      for (const key of Object.keys(value))
        expect([key, isKnown(`/${escapeKey(key)}`)]).toEqual([key, true]);
    }),
    RUNS,
  );
});

function at(value: unknown, pointer: string): unknown {
  return pointer
    .slice(1)
    .split("/")
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>((here, key) => {
      if (Array.isArray(here)) return here[Number(key)] as unknown;
      return isMap(here) ? here[key] : undefined;
    }, value);
}

test("not a law: who comes later wins, so the order of a chain matters", () => {
  const [a, b] = [layer({ power: "on" }, "a"), layer({ power: "off" }, "b")];
  expect(folded(a, b).value).not.toEqual(folded(b, a).value);
});

test("not a law: null takes away what was there so far, and not what comes later", () => {
  const [a, gone] = [layer({ map: { scalar: 1 } }, "a"), layer({ map: null }, "gone")];
  expect(folded(a, gone).value).toEqual({});
  expect(folded(gone, a).value).toEqual({ map: { scalar: 1 } });
});

test("not a law: a scalar between two maps ends the first, which it can't do once it is folded away", () => {
  // `protected: true` after `protected: { reason }` is such a place: no reason is left over from before.
  const [a, b, c] = [
    layer({ protected: { reason: "mon quorum" } }, "a"),
    layer({ protected: true }, "b"),
    layer({ protected: {} }, "c"),
  ];
  expect(folded(a, b, c).value).toEqual({ protected: {} });
  expect(folded(a, composed(b, c)).value).toEqual({ protected: { reason: "mon quorum" } });
});

const spec = fc.record(
  {
    power: fc.constantFrom("on", "off", null),
    boot: fc.option(
      fc.record(
        {
          mode: fc.constantFrom("uefi", "bios", null),
          device: fc.constantFrom("disk", "pxe", null),
        },
        { requiredKeys: [] },
      ),
      { nil: null },
    ),
    traits: fc.uniqueArray(fc.constantFrom("CUSTOM_A", "CUSTOM_B", "CUSTOM_C")),
    resourceClass: fc.constantFrom("small", "large", null),
    properties: fc.option(
      fc.dictionary(fc.constantFrom("a", "b", "c/d"), fc.oneof(fc.integer(), fc.string())),
      { nil: null },
    ),
  },
  { requiredKeys: [] },
);

/** Nobody gets a node without a driver. */
function documentOf(kind: string, name: string, more: object): string {
  return stringify({ apiVersion: "ironwright/v1", kind, metadata: { name }, spec: more });
}

test("law: profiles A then B are the profile that stands on A and B", async () => {
  const settings = { ...defaultSettings(), fleet: "6c1c1d9e-0000-4000-8000-000000000001" };
  await fc.assert(
    fc.asyncProperty(spec, spec, spec, async (a, b, own) => {
      const repo = await tempRepo({
        "inventory/all.yaml": [
          documentOf("Profile", "a", { ...a, driver: "fake" }),
          documentOf("Profile", "b", b),
          documentOf("Profile", "both", { profiles: ["a", "b"] }),
          documentOf("Node", "n1", { ...own, profiles: ["a", "b"] }),
          documentOf("Node", "n2", { ...own, profiles: ["both"] }),
        ].join("---\n"),
      });
      const { fleet, diagnostics } = await loadFleet({ dir: repo.dir, settings });
      expect(diagnostics).toEqual([]);
      const [n1, n2] = (fleet?.nodes ?? []).map((node) => ({ ...node.spec, profiles: [] }));
      expect(n2).toEqual(n1);
      expect(n1).not.toBeUndefined();
    }),
    { numRuns: 60, seed: RUNS.seed },
  );
});
