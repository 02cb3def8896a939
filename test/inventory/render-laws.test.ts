import * as fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { loadFleet } from "../../inventory/load-fleet.ts";
import { parseFile } from "../../inventory/parse-file.ts";
import { renderNode } from "../../inventory/render-node.ts";
import { defaultSettings } from "../../schemas/settings.ts";
import { tempRepo } from "../support/temp-repo.ts";

const settings = { ...defaultSettings(), fleet: "6c1c1d9e-0000-4000-8000-000000000001" };

/** Texts that YAML, or a tool of its older version, would take for something else. */
const TRICKY = [
  "on",
  "off",
  "yes",
  "null",
  "~",
  "true",
  "0123",
  "7E12345",
  "0x1f",
  "2.10",
  "1_000",
  "",
  " ",
  "# no comment",
  "a: b",
  "- a",
  "{a}",
  "[a]",
  "*a",
  "&a",
  "!a",
  "%a",
  "@a",
  "`a",
  "'",
  '"',
  "\\",
  "a\nb",
  "a\n\nb\n",
  "\n",
  "\t",
  "2026-11-24",
  "12:30:45",
  "---",
  "...",
  "ä€𝄞",
  "a #b",
  "a:",
  ":a",
  "=",
  "<<",
  "trailing ",
  "\u0085",
  "\u2028",
  "\u00a0",
  "\ufeff",
  "x".repeat(200),
];
const text = fc.oneof(fc.constantFrom(...TRICKY), fc.string({ unit: "binary", maxLength: 20 }));
const key = fc.oneof(fc.constantFrom("a/b", "a~b", "on", "1", "a b", "#", "x: y"), text).filter(
  // Words that a reader looks for a password behind, and the one key that it refuses by name.
  (one) =>
    one !== "" &&
    !/(?:password|secret|token|address|community|^kg$|__proto__)/i.test(one) &&
    !one.includes("\u0000"),
);
const value = fc.letrec<{ any: unknown; map: Record<string, unknown> }>((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    text,
    fc.integer(),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie("any"), { maxLength: 3 }),
    tie("map"),
  ),
  map: fc.dictionary(key, tie("any"), { maxKeys: 4 }),
}));

const spec = fc.record(
  {
    driver: fc.constant("fake"),
    power: fc.constantFrom("on", "off", "unmanaged"),
    description: text,
    resourceClass: text.filter((one) => one.length > 0 && one.length <= 80),
    traits: fc.uniqueArray(fc.constantFrom("CUSTOM_A", "CUSTOM_B", "HW_CPU_X86_VMX")),
    properties: value.map,
    identity: fc.record({ serial: text.filter((one) => one.length > 0) }),
    maintenance: fc.record({ enabled: fc.boolean(), reason: text }),
    holds: fc.array(fc.record({ scope: fc.constantFrom("all", "power"), reason: text }), {
      maxLength: 2,
    }),
    ports: fc.constant({
      eth0: { mac: "52:54:00:00:00:01", localLink: { portId: "Ethernet3/1" } },
    }),
  },
  { requiredKeys: ["driver"] },
);

test("law: what show --rendered prints is the document again", async () => {
  await fc.assert(
    fc.asyncProperty(spec, fc.dictionary(key, text, { maxKeys: 3 }), async (drawn, labels) => {
      const document = {
        apiVersion: "ironwright/v1",
        kind: "Node",
        metadata: { name: "n1", labels },
        spec: drawn,
      };
      const repo = await tempRepo({ "inventory/n1.yaml": stringify(document, { lineWidth: 0 }) });
      const { fleet, diagnostics } = await loadFleet({ dir: repo.dir, settings });
      expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
      const [node] = fleet?.nodes ?? [];
      if (fleet === null || node === undefined) throw new Error("no node");
      const printed = renderNode(fleet, node);
      const read = parseFile(new TextEncoder().encode(printed));
      expect(read.diagnostics).toEqual([]);
      expect(read.documents.map((one) => one.spec)).toEqual([node.spec]);
      expect(read.documents[0]?.metadata).toMatchObject({ name: "n1" });
      expect(read.documents[0]?.metadata["labels"] ?? {}).toEqual(node.labels);
    }),
    { numRuns: 150, seed: 20_261_124 },
  );
});
