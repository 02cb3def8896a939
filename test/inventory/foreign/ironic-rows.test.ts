import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Imported } from "../../../inventory/foreign/import-nodes.ts";
import {
  aChassisRow,
  aGroupRow,
  aPortRow,
  aRow,
  importedTogether,
  said,
  uuidAt,
} from "../../support/an-export.ts";

const CHASSIS = "c4a55150-0000-4000-8000-000000000001";

/** What the first node of an import is in our words, and each thing that is said of it. */
function first(result: Imported): { readonly spec: unknown; readonly notes: readonly string[] } {
  expect(said(result)).toEqual([]);
  const [node] = result.nodes;
  const { spec } = parse(node?.document ?? "") as { readonly spec: unknown };
  const notes = node?.notes.map(({ part, field, value, why, todo }) =>
    [part === undefined ? "node" : `${part.noun} ${part.name}`, field, value, why, todo].join(
      " | ",
    ),
  );
  return { spec, notes: notes ?? [] };
}

describe("a chassis", () => {
  const seated = (uuid: string, chassis: Record<string, unknown>): Imported =>
    importedTogether({
      "nodes.json": [aRow({ "Chassis UUID": uuid })],
      "chassis.json": [aChassisRow({ UUID: uuid, ...chassis })],
    });

  test("that our own reader would refuse is an error at its row", () => {
    expect(said(seated(CHASSIS, { Description: "x".repeat(5000) }))).toEqual([
      expect.stringMatching(
        /^chassis\.json:2:3 IW-I\d\d chassis-c4a55150 makes no document: .*description.*; correct the export$/,
      ),
    ]);
  });

  test("whose uuid is none gets none, and that is said", () => {
    const result = seated("blade-1", {});
    expect(said(result)).toEqual([]);
    const [chassis] = result.chassis;
    expect(parse(chassis?.document ?? "")).toHaveProperty("metadata", { name: "chassis-blade-1" });
    expect(chassis?.notes.map(({ field, why }) => `${field}: ${why}`)).toEqual([
      "uuid: it is no UUID; the engine gives the chassis one of its own",
    ]);
    expect(first(result).spec).toMatchObject({ chassis: "chassis-blade-1" });
  });
});

test("a node whose uuid is none keeps its ports", () => {
  const result = importedTogether({
    "nodes.json": [aRow({ UUID: "Node-1" })],
    "ports.json": [aPortRow({ "Node UUID": "node-1" })],
  });
  expect(result.left).toEqual([]);
  const { spec, notes } = first(result);
  expect(spec).toMatchObject({ ports: { "nic-52-54-00-00-00-01": { mac: "52:54:00:00:00:01" } } });
  expect(notes[0]).toContain("node | uuid");
});

describe("a list that is not read is an error that names those that are", () => {
  const READ =
    /IW-I15 this row is of no list that is read; those are node, volume target, volume connector, allocation, port group, port and chassis: openstack baremetal LIST list --long -f json/;
  test.each<[string, Record<string, unknown>]>([
    ["deploy templates", { UUID: uuidAt(701), Name: "CUSTOM_RAID" }],
    ["deploy templates, long", { UUID: uuidAt(701), Name: "CUSTOM_RAID", Steps: [], Extra: {} }],
    ["runbooks", { UUID: uuidAt(702), Name: "CUSTOM_R", Steps: [], Public: false, Owner: null }],
    [
      "inspection rules",
      { UUID: uuidAt(703), Description: "big ones", Phase: "main", Priority: 0, Sensitive: false },
    ],
    ["flavors", { ID: uuidAt(704), Name: "m1.large", RAM: 512 }],
    ["conductors", { Hostname: "c1", "Conductor Group": "", Alive: true }],
  ])("%s", (_, row) => {
    const result = importedTogether({ "nodes.json": [aRow()], "rows.json": [row] });
    expect(said(result)).toEqual([expect.stringMatching(READ)]);
  });

  test("a short list of nodes or chassis is told for what it is", () => {
    const node = { UUID: uuidAt(1), Name: "n", "Provisioning State": "active" };
    expect(said(importedTogether({ "nodes.json": [node] }))[0]).toContain(
      "the node has no driver: this is a short list",
    );
    const chassis = { UUID: CHASSIS, Description: "blade chassis 3" };
    expect(said(importedTogether({ "nodes.json": [aRow()], "chassis.json": [chassis] }))).toEqual([
      expect.stringContaining("the chassis has no extra: this is a short list"),
    ]);
  });
});

describe("what is said of a port", () => {
  test("whose bond is another node's: the list was handed in, so it is not asked for", () => {
    const { notes } = first(
      importedTogether({
        "nodes.json": [
          aRow(),
          aRow({ UUID: uuidAt(2), Name: "r7-n02", "Driver Info": { redfish_address: "10.7.0.2" } }),
        ],
        "groups.json": [aGroupRow({ "Node UUID": uuidAt(2) })],
        "ports.json": [aPortRow({ "Portgroup UUID": uuidAt(201) })],
      }),
    );
    expect(notes).toContain(
      `port nic-52-54-00-00-00-01 | portgroup_uuid | ${uuidAt(201)} | the port group is another node's, so the port stands alone | look which of the two is right, and write portGroup at the port where it is to be in a bond of its own node`,
    );
  });

  test("that Ironic keeps off its switch: the word for it, and who must be told", () => {
    const link = { switch_id: "0a:1b:2c:3d:4e:5f", network_type: "unmanaged" };
    const { spec, notes } = first(
      importedTogether({
        "nodes.json": [aRow()],
        "ports.json": [aPortRow({ "Local Link Connection": link })],
      }),
    );
    expect(spec).toMatchObject({
      ports: { "nic-52-54-00-00-00-01": { localLink: { switchId: "0a:1b:2c:3d:4e:5f" } } },
    });
    expect(notes).toContain(
      "port nic-52-54-00-00-00-01 | local_link_connection.network_type | unmanaged | no port has a word for who sets up its switch, and this engine sets up none | where another tool sets up the switch, tell that tool (unmanaged: it keeps off this port)",
    );
  });

  test("where it is plugged in is written without a login", () => {
    const link = { switch_id: "0a:1b:2c:3d:4e:5f", switch_info: "ssh://root:pw3@tor-7" };
    const result = importedTogether({
      "nodes.json": [aRow()],
      "ports.json": [aPortRow({ "Local Link Connection": link })],
    });
    expect(result.nodes[0]?.document).not.toContain("pw3");
    expect(first(result).notes.join()).toContain("local_link_connection.switch_info");
  });
});

describe("a name that two parts of a node have", () => {
  test.each([
    ["a bond and a port", "bond0", "bond0"],
    ["a bond and two ports", "bond0", "bond0"],
  ])("%s: the bond keeps it, for ports name it; each other one is noted", (of, bond, port) => {
    const another = aPortRow({ UUID: uuidAt(102), Address: "52:54:00:00:00:02", Name: port });
    const { spec, notes } = first(
      importedTogether({
        "nodes.json": [aRow()],
        "groups.json": [aGroupRow({ Name: bond })],
        "ports.json": [
          aPortRow({ Name: port, "Portgroup UUID": uuidAt(201) }),
          ...(of === "a bond and two ports" ? [another] : []),
        ],
      }),
    );
    expect(spec).toMatchObject({
      portGroups: { bond0: {} },
      ports: { [`bond0-${uuidAt(101)}`]: { portGroup: "bond0" } },
    });
    expect(notes).toContain(
      `port bond0-${uuidAt(101)} | name | bond0 | another port or port group of the node is called so | another one, where the new one does not please`,
    );
  });

  test("two nodes may each have it", () => {
    const { notes } = first(
      importedTogether({
        "nodes.json": [
          aRow(),
          aRow({ UUID: uuidAt(2), Name: "r7-n02", "Driver Info": { redfish_address: "10.7.0.2" } }),
        ],
        "groups.json": [aGroupRow({ Name: "bond0" })],
        "ports.json": [aPortRow({ Name: "bond0", "Node UUID": uuidAt(2) })],
      }),
    );
    expect(notes.join()).not.toContain("is called so");
  });
});
