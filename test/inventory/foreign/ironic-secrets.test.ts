import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  aChassisRow,
  aGroupRow,
  aPortRow,
  aRow,
  aTargetRow,
  importedTogether,
  said,
} from "../../support/an-export.ts";

const CHASSIS = "c4a55150-0000-4000-8000-000000000001";

/** What an import writes, and what it says of what it left out. */
function written(files: Readonly<Record<string, unknown>>): {
  readonly text: string;
  readonly fields: readonly string[];
} {
  const result = importedTogether({
    "nodes.json": [aRow({ "Chassis UUID": CHASSIS })],
    "chassis.json": [aChassisRow()],
    ...files,
  });
  expect(said(result)).toEqual([]);
  const documents = [...result.nodes, ...result.chassis];
  return {
    text: documents.map(({ document }) => document).join("---\n"),
    fields: documents.flatMap(({ notes }) => notes.map(({ field }) => field)),
  };
}

test.each([
  ["target_portal", "https://chap:pw3@10.0.0.1"],
  ["target_portal", "chap:pw3@10.0.0.1:3260"],
  ["target_portal", "https://chap:pw3/4@10.0.0.1"],
  ["target_portals", ["10.0.0.1:3260", "https://chap:pw3@10.0.0.2"]],
  ["target_iqns", { a: "pw3" }],
  ["auth_password", "pw3"],
  ["discovery_auth_password", "pw3"],
  ["chap_pass", "pw3"],
  ["secret_key", "pw3"],
  ["private_key", "pw3"],
  ["keyring", "pw3"],
  ["anything_else", "pw3"],
])("a volume target's %s = %j is not written, and is named", (key, value) => {
  const { text, fields } = written({
    "targets.json": [aTargetRow({ Properties: { target_iqn: "iqn.x:vol", [key]: value } })],
  });
  expect(text).not.toContain("pw3");
  expect(text).toContain("target_iqn: iqn.x:vol");
  expect(fields).toContain(`properties.${key}`);
});

test("what Cinder says of a volume without a secret is kept, lists as lists", () => {
  const properties = {
    access_mode: "rw",
    auth_method: "CHAP",
    auth_username: "chap",
    encrypted: false,
    target_discovered: true,
    target_iqns: ["iqn.x:a", "iqn.x:b"],
    target_lun: 1,
    target_luns: [1, 2],
    target_portals: ["10.0.0.1:3260", "10.0.0.2:3260"],
    target_wwn: ["50014380186b3f65"],
  };
  const { text, fields } = written({ "targets.json": [aTargetRow({ Properties: properties })] });
  expect(fields.filter((field) => field.startsWith("properties."))).toEqual([]);
  for (const line of ["auth_method: CHAP", "encrypted: false", "- iqn.x:b", "- 50014380186b3f65"])
    expect(text).toContain(line);
});

const KEYS = ["api_key", "apiKey", "ilo_pass", "root_pw", "credentials", "ssh_private_key"];

test.each(KEYS)("%s is written into no annotation and no property", (key) => {
  const { text, fields } = written({
    "nodes.json": [
      aRow({ "Chassis UUID": CHASSIS, Extra: { [key]: "pw3" }, Properties: { [key]: "pw3" } }),
    ],
    "chassis.json": [aChassisRow({ Extra: { [key]: "pw3" } })],
    "groups.json": [aGroupRow({ Properties: { [key]: "pw3" } })],
  });
  expect(text).not.toContain("pw3");
  expect(fields.filter((field) => field.endsWith(`.${key}`))).toHaveLength(4);
});

test("law: no user info of an address is written, wherever it stands", () => {
  const where = fc.constantFrom(
    (value: unknown) => ({ "nodes.json": [aRow({ Properties: { cmdb: value } })] }),
    (value: unknown) => ({ "nodes.json": [aRow({ Properties: { capabilities: { a: value } } })] }),
    (value: unknown) => ({ "nodes.json": [aRow({ Extra: { cmdb: value } })] }),
    (value: unknown) => ({ "nodes.json": [aRow({ Description: value })] }),
    (value: unknown) => ({ "nodes.json": [aRow({ Owner: value })] }),
    (value: unknown) => ({ "chassis.json": [aChassisRow({ Extra: { cmdb: value } })] }),
    (value: unknown) => ({ "chassis.json": [aChassisRow({ Description: value })] }),
    (value: unknown) => ({ "groups.json": [aGroupRow({ Properties: { cmdb: value } })] }),
    (value: unknown) => ({ "ports.json": [aPortRow({ Description: value })] }),
    (value: unknown) => ({
      "targets.json": [aTargetRow({ Properties: { target_portal: value } })],
    }),
  );
  const address = fc.constantFrom(
    "https://root:pw3@10.0.0.1",
    "root:pw3@10.0.0.1",
    "its console: ssh://root:pw3@10.0.0.1:22/x",
    "https://root:pw3/a@10.0.0.1",
  );
  fc.assert(
    fc.property(where, address, (file, value) => {
      const seated = { "nodes.json": [aRow({ "Chassis UUID": CHASSIS })], ...file(value) };
      const result = importedTogether({ "chassis.json": [aChassisRow()], ...seated });
      expect(said(result)).toEqual([]);
      const all = [...result.nodes, ...result.chassis];
      expect(all.map(({ document }) => document).join()).not.toContain("pw3");
      expect(all.some(({ notes }) => notes.some(({ why }) => why.includes("secret")))).toBe(true);
    }),
    { numRuns: 200, seed: 3 },
  );
});
