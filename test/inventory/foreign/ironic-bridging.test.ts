import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { aRow, imported } from "../../support/an-export.ts";

function bridged(info: object): {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly fields: readonly string[];
} {
  const login = { ipmi_address: "10.7.0.2", ipmi_username: "ADMIN" };
  const row = aRow({ Driver: "ipmi", "Driver Info": { ...login, ...info } });
  const { nodes, diagnostics } = imported([row]);
  expect(diagnostics).toEqual([]);
  const [node] = nodes;
  if (node === undefined) throw new Error("no node");
  const { spec } = parse(node.document) as { spec: Readonly<Record<string, unknown>> };
  return { spec, text: node.document, fields: node.notes.map(({ field }) => field) };
}

describe("ipmi_bridging", () => {
  const target = { ipmi_target_channel: "7", ipmi_target_address: "0x72" };
  const transit = { ipmi_transit_channel: 0, ipmi_transit_address: "0x82" };

  test.each([
    [
      "an unknown word makes a document that validate refuses",
      { ipmi_bridging: "triple", ...target },
      {},
      "driver_info.ipmi_bridging",
    ],
    [
      "single without a target, too",
      { ipmi_bridging: "single" },
      { target: {} },
      "driver_info.ipmi_target_channel",
    ],
    [
      "an address that is no number",
      { ipmi_bridging: "single", ...target, ipmi_target_address: "72h" },
      { target: { channel: 7 } },
      "driver_info.ipmi_target_address",
    ],
    [
      "dual without its transit",
      { ipmi_bridging: "dual", ...target },
      { target: { channel: 7, address: 0x72 }, transit: {} },
      "driver_info.ipmi_transit_address",
    ],
    [
      "a local address that is no number",
      { ipmi_bridging: "single", ...target, ipmi_local_address: "me" },
      { target: { channel: 7, address: 0x72 } },
      "driver_info.ipmi_local_address",
    ],
  ])("%s", (_name, info, bridging, field) => {
    const { spec, fields } = bridged(info);
    expect(spec["bmc"]).toMatchObject({ bridging });
    expect(fields).toContain(field);
  });

  test("no bridging, said or not, has none; what stands there all the same is said", () => {
    expect(bridged({ ipmi_bridging: "no" }).spec["bmc"]).not.toHaveProperty("bridging");
    const { spec, fields } = bridged(target);
    expect(spec["bmc"]).not.toHaveProperty("bridging");
    expect(fields).toContain("driver_info.ipmi_target_address");
  });

  test("single comes along, without a transit that nobody used", () => {
    const { spec, text, fields } = bridged({ ipmi_bridging: "single", ...target, ...transit });
    expect(spec["bmc"]).toMatchObject({ bridging: { target: { channel: 7, address: 0x72 } } });
    expect(spec["bmc"]).not.toHaveProperty("bridging.transit");
    expect(text).toContain("address: 0x72");
    expect(fields).toContain("driver_info.ipmi_transit_channel");
    expect(fields).not.toContain("driver_info.ipmi_bridging");
  });

  test("dual comes along whole, numbers as ipmitool reads them", () => {
    const { spec, text, fields } = bridged({
      ipmi_bridging: "Dual",
      ipmi_target_channel: "07",
      ipmi_target_address: 114,
      ...transit,
      ipmi_local_address: "0x20",
    });
    expect(spec["bmc"]).toMatchObject({
      bridging: {
        target: { channel: 7, address: 0x72 },
        transit: { channel: 0, address: 0x82 },
        localAddress: 0x20,
      },
    });
    expect(text).toMatch(/0x72[^]*0x82[^]*localAddress: 0x20/);
    expect(fields.filter((field) => /bridging|channel|_address/.test(field))).toEqual([]);
  });
});
