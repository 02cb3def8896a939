import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  aConnectorRow,
  aGroupRow,
  aPortRow,
  aRow,
  aTargetRow,
  importedTogether,
  said,
} from "../../support/an-export.ts";

// A reader refuses this one key by name.
const word = fc.string().filter((one) => one !== "__proto__");
const text = fc.oneof(word, fc.constantFrom("True", "None", "{'a': 1}", "0", "password"));
const anything = fc.oneof(
  text,
  fc.boolean(),
  fc.integer(),
  fc.double(),
  fc.constant(null),
  fc.array(text),
  fc.dictionary(text, fc.oneof(text, fc.dictionary(text, text))),
);

/** A row of which some columns hold anything. */
function spoilt(
  row: (more: Readonly<Record<string, unknown>>) => Record<string, unknown>,
  columns: readonly string[],
): fc.Arbitrary<Record<string, unknown>> {
  const wild = Object.fromEntries(columns.map((column) => [column, anything]));
  return fc.record(wild, { requiredKeys: [] }).map(row);
}

test("law: whatever stands in the columns, the documents are valid and no row is lost without a word", () => {
  const files = fc.record({
    "nodes.json": fc.constant([aRow()]),
    "ports.json": spoilt(aPortRow, [
      "Extra",
      "Local Link Connection",
      "PXE boot enabled",
      "Physical Network",
      "Internal Info",
      "Is Smart NIC port",
      "Name",
      "Address",
      "Node UUID",
    ]).map((row) => [row]),
    "groups.json": spoilt(aGroupRow, [
      "Address",
      "Name",
      "Mode",
      "Properties",
      "Internal Info",
    ]).map((row) => [row]),
    "connectors.json": spoilt(aConnectorRow, ["Type", "Connector ID", "Extra"]).map((row) => [row]),
    "targets.json": spoilt(aTargetRow, ["Boot Index", "Properties", "Volume ID"]).map((row) => [
      row,
    ]),
  });
  fc.assert(
    fc.property(files, (rows) => {
      const result = importedTogether(rows);
      expect(said(result)).toEqual([]);
      const carried = Object.values(result.parts).reduce((sum, count) => sum + count, 0);
      expect(carried + result.left.length).toBe(4);
    }),
    { numRuns: 300, seed: 7 },
  );
});
