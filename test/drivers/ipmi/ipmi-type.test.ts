import { describe, expect, it } from "vitest";
import { ipmiType } from "../../../drivers/ipmi/ipmi-type.ts";
import { parseIpmiAddress } from "../../../drivers/ipmi/ipmi-address.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import { testNode } from "../support/driver-bench.ts";

describe("settings of a node", () => {
  it.each([
    ["10.0.0.7", "ipmi://10.0.0.7", 623],
    ["10.0.0.7:6230", "ipmi://10.0.0.7:6230", 6230],
    ["ipmi://BMC-7.example:623/", "ipmi://bmc-7.example", 623],
    ["IPMI://10.0.0.7", "ipmi://10.0.0.7", 623],
    ["fd00::1", "ipmi://[fd00::1]", 623],
    ["ipmi://[fd00::1]:624", "ipmi://[fd00::1]:624", 624],
  ])("the address %s is %s", (text, origin, port) => {
    expect(parseIpmiAddress(text)).toMatchObject({ origin, port });
  });

  it.each([
    ["", "is no host"],
    ["https://10.0.0.7", "no such URL"],
    ["ipmi://root:calvin@10.0.0.7", "holds a user or password"],
    ["10.0.0.7:0", "1 to 65535"],
    ["10.0.0.7:x", "1 to 65535"],
    ["ipmi://10.0.0.7/path", "1 to 65535"],
    ["[10.0.0.7]", "is no host"],
    ["a b", "is no host"],
  ])("the address %j is refused: %s", (text, words) => {
    const refused = parseIpmiAddress(text);
    expect(typeof refused === "string" ? refused : JSON.stringify(refused)).toMatch(
      new RegExp(`${words}|is no host`),
    );
    expect(JSON.stringify(refused)).not.toContain("calvin");
  });

  const password = { env: "BMC_PASSWORD" };
  it.each<[NodeSpec["bmc"], string]>([
    [{}, "/bmc"],
    [{ address: "10.0.0.7" }, "/bmc"],
    [{ address: "10.0.0.7", password, username: "a name of 17 bytes" }, "/bmc/username"],
    [{ address: "10.0.0.7", password, cipherSuite: "8" }, "/bmc/cipherSuite"],
    [{ address: "10.0.0.7", password, cipherSuite: 3, ipmiVersion: 1.5 }, "/bmc/cipherSuite"],
    [{ address: "10.0.0.7", password, kg: password, ipmiVersion: 1.5 }, "/bmc/kg"],
    [{ address: "10.0.0.7", password, tls: { verify: false } }, "/bmc/tls"],
    [{ address: "10.0.0.7", password, system: "/redfish/v1/Systems/1" }, "/bmc/system"],
    [{ address: "10.0.0.7", password, auth: "basic" }, "/bmc/auth"],
  ])("%j is found at %s", (bmc, path) => {
    const found = ipmiType.validate(testNode("n1", { driver: "ipmi", bmc }));
    expect(found.map((one) => one.path)).toContain(path);
    for (const { message } of found) expect(message).toMatch(/\S.*; \S|; /);
  });

  it("suite, version and privilege may be written as people do", () => {
    for (const more of [
      { cipherSuite: "17" },
      { cipherSuite: 17 },
      { cipherSuite: "auto", privilege: "operator" as const, ipmiVersion: 2 as const },
    ]) {
      const bmc = { address: "10.0.0.7", password, ...more };
      const node = testNode("n1", { driver: "ipmi", bmc });
      expect(ipmiType.validate(node)).toEqual([]);
      expect(ipmiType.properties.safeParse(node.spec).success).toBe(true);
    }
  });
});

describe("bmc.bridging", () => {
  const target = { channel: 7, address: 0x24 };
  const found = (bridging: NonNullable<NodeSpec["bmc"]>["bridging"]): readonly string[] => {
    const bmc = { address: "10.0.0.7", password: { env: "BMC_PASSWORD" }, bridging };
    const findings = ipmiType.validate(testNode("n1", { driver: "ipmi", bmc }));
    return findings.map(({ path, message }) => `${path}: ${message}`);
  };

  it.each<[NonNullable<NodeSpec["bmc"]>["bridging"], string, string]>([
    [{}, "/bmc/bridging", "bridging.target.channel is missing; write target: { channel: 7, "],
    [{ target: { channel: 7 } }, "/bmc/bridging", "bridging.target.address is missing; write"],
    [{ target: { address: 0x24 } }, "/bmc/bridging", "bridging.target.channel is missing"],
    [{ target, transit: { channel: 0 } }, "/bmc/bridging", "transit.address is missing"],
    [{ target: { ...target, channel: 12 } }, "/bmc/bridging/target/channel", "write 0 to 11"],
    [{ target: { ...target, channel: -1 } }, "/bmc/bridging/target/channel", "write 0 to 11"],
    [{ target: { ...target, address: 0x25 } }, "/bmc/bridging/target/address", "0x25, and slave"],
    [{ target: { ...target, address: 0x25 } }, "/bmc/bridging/target/address", "write 0x24, or"],
    [{ target: { ...target, address: 0x124 } }, "/bmc/bridging/target/address", "no slave address"],
    [{ target: { ...target, address: 0 } }, "/bmc/bridging/target/address", "write 0x10 to 0xee"],
    [
      { target, transit: { channel: 0, address: 0xf0 } },
      "/bmc/bridging/transit/address",
      "bridging.transit.address is 0xf0, which is no slave address",
    ],
    [{ target, localAddress: 0x21 }, "/bmc/bridging/localAddress", "localAddress is 0x21, and"],
    [{ target: { channel: 0, address: 0x20 } }, "/bmc/bridging/target/address", "the BMC itself"],
    [{ target, localAddress: 0x24 }, "/bmc/bridging/target/address", "the BMC itself"],
    [
      { target, transit: { channel: 0, address: 0x20 } },
      "/bmc/bridging/transit/address",
      "the BMC itself; leave bmc.bridging out, or",
    ],
  ])("%j is found at %s", (bridging, path, words) => {
    const said = found(bridging).find((one) => one.startsWith(`${path}: bmc.`));
    expect(said).toContain(words);
  });

  it("says all that is wrong at once", () => {
    const wrong = { channel: 14, address: 0x27 };
    expect(found({ target: wrong, transit: wrong, localAddress: 1 })).toHaveLength(5);
  });

  it("takes single and double bridging, and a transit's own bus may have a 20h", () => {
    expect(found({ target })).toEqual([]);
    const transit = { channel: 0, address: 0x82 };
    expect(found({ target: { channel: 7, address: 0x20 }, transit })).toEqual([]);
  });
});
