import { describe, expect, it, onTestFinished } from "vitest";
import { parseDocument } from "yaml";
import { addressesIn } from "../../../drivers/ipmi/address-range.ts";
import { discoverIpmi, type IpmiHow, type IpmiSearch } from "../../../drivers/ipmi/discover.ts";
import {
  type IpmiFace,
  type Simulator,
  startSimulator,
} from "../../../drivers/simulator/start-simulator.ts";
import { nodeDocumentSchema } from "../../../schemas/documents.ts";
import { aMachine } from "../../support/rack.ts";
import { testPorts, withLimits } from "../support/driver-bench.ts";

const PORTS = testPorts({ settings: withLimits({ requestSeconds: 1, connectSeconds: 1 }) });

const HOW: IpmiHow = {
  username: "root",
  password: { env: "BMC_PASSWORD" },
  kg: undefined,
  privilege: undefined,
  is15: false,
};

/** BMCs of these machines, each at a port of its own. */
async function rackOf(names: readonly string[], face: IpmiFace = {}): Promise<Simulator> {
  const simulator = await startSimulator({
    machines: names.map((name) => aMachine(name)),
    username: "root",
    password: "calvin",
    ipmi: face,
  });
  onTestFinished(() => simulator.close());
  return simulator;
}

async function searched(
  places: readonly string[],
  how: Partial<IpmiHow> = {},
  ports = PORTS,
): Promise<IpmiSearch> {
  const found = await discoverIpmi(places, { ...HOW, ...how }, ports);
  if (!found.ok) throw new Error(found.failure.message);
  return found.value;
}

function all({ ipmiAddresses }: Simulator): readonly string[] {
  return [...ipmiAddresses.values()];
}

describe("addressesIn()", () => {
  it.each([
    ["ipmi://10.0.0.0/8", "has 16777216 addresses, and at most 4096"],
    ["ipmi://10.0.0.0/33", "is no network"],
    ["ipmi://10.0.0.256/24", "is no network"],
    ["ipmi://10.0.0.1/x", "the address is no host"],
    ["ipmi://user:secret@10.0.0.1", "holds a user or password"],
  ])("%s", (text, said) => {
    const addresses = addressesIn(text);
    expect(addresses).toContain(said);
    expect(addresses).not.toContain("secret");
  });

  it.each([
    ["ipmi://10.0.0.1/", ["ipmi://10.0.0.1"]],
    ["ipmi://10.0.0.5/30", ["ipmi://10.0.0.5", "ipmi://10.0.0.6"]],
    ["ipmi://10.0.0.4/31", ["ipmi://10.0.0.4", "ipmi://10.0.0.5"]],
    ["ipmi://255.255.255.255/32", ["ipmi://255.255.255.255"]],
    ["ipmi://10.0.0.255/30:6230", ["ipmi://10.0.0.253:6230", "ipmi://10.0.0.254:6230"]],
    ["ipmi://[2001:DB8::1]:6230", ["ipmi://[2001:db8::1]:6230"]],
  ])("%s is %j", (text, origins) => {
    const addresses = addressesIn(text);
    expect(typeof addresses === "string" ? addresses : addresses.map((one) => one.origin)).toEqual(
      origins,
    );
  });

  it("of the largest network are all but two", () => {
    expect(addressesIn("ipmi://10.16.0.0/20")).toHaveLength(4094);
  });
});

describe("discoverIpmi()", () => {
  it("says of each that did not let us in why, without its secret, and goes on", async () => {
    const simulator = await rackOf(["n1", "n2", "n3"]);
    const [n1 = "", n2 = "", n3 = ""] = all(simulator);
    simulator.fault("n1=wrong-password");
    simulator.fault("n2=ipmi-lose-request");
    const { found, silentCount } = await searched([n1, n2, n3, "ipmi://127.0.0.1:1"]);
    expect(found.map(({ failure }) => failure?.code)).toEqual([
      "IW-B04",
      "IW-B01",
      undefined,
      "IW-B01",
    ]);
    expect([silentCount, found[2]?.document]).toEqual([2, expect.stringContaining("S-n3")]);
    expect(JSON.stringify(found)).not.toContain("calvin");
  });

  it("asks no address outside of bmc.networks", async () => {
    const simulator = await rackOf(["n1"]);
    const ports = testPorts({
      settings: (given) => ({ ...given, bmc: { ...given.bmc, networks: ["10.0.0.0/8"] } }),
    });
    const { found } = await searched(all(simulator), {}, ports);
    expect(found[0]?.failure?.code).toBe("IW-B15");
    expect(simulator.log).toEqual([]);
  });

  it("of a network names only what answers, and asks nobody beside it", async () => {
    const simulator = await rackOf(["n1"]);
    const { port } = new URL(all(simulator)[0] ?? "");
    const asked: number[] = [];
    const search = await discoverIpmi([`ipmi://127.0.0.0/30:${port}`], HOW, PORTS, (count) =>
      asked.push(count),
    );
    expect(search.ok && search.value).toMatchObject({ askedCount: 2, silentCount: 1 });
    expect(search.ok && search.value.found.map(({ address }) => address)).toEqual(all(simulator));
    expect(asked).toEqual([1, 2]);
  });

  it("without a password says who is there, and logs in to nobody", async () => {
    const simulator = await rackOf(["n1", "n2"], { kg: Buffer.from("key") });
    simulator.fault("n2=ipmi-suites:none");
    const { found } = await searched(all(simulator), { password: undefined });
    expect(found).toMatchObject([
      { speaks: "IPMI 2.0 and 1.5, with a Kg", document: null, failure: null },
      { speaks: "IPMI 1.5 alone", document: null, failure: null },
    ]);
    expect(simulator.log).toEqual([]);
  });

  it("writes documents that the schema takes, adopted, under names that are each there once", async () => {
    const simulator = await rackOf(["n1", "n2"]);
    simulator.fault("swap=n1,n2");
    const { found } = await searched(all(simulator));
    const documents = found.map(({ document }) => parseDocument(document ?? "").toJS() as unknown);
    const nodes = documents.map((one) => nodeDocumentSchema.parse(one));
    expect(nodes.map(({ metadata }) => metadata.name)).toEqual(["dell-s-n2", "dell-s-n1"]);
    expect(nodes[0]?.spec).toEqual({
      driver: "ipmi",
      identity: {
        manufacturer: "Dell",
        serial: "S-n2",
        systemUuid: "00000000-0000-4000-8000-000000000002",
      },
      bmc: { address: all(simulator)[0], username: "root", password: { env: "BMC_PASSWORD" } },
      provision: { state: "adopted" },
    });
    const twice = await searched([...all(simulator), ...all(simulator)]);
    expect(twice.found).toHaveLength(2);
    expect(simulator.log.filter(({ machine }) => machine !== null)).toEqual([]);
  });

  it("finds one that leaves the presence ping unanswered, one of IPMI 1.5, and one with a Kg", async () => {
    const pingless = await rackOf(["n1"]);
    pingless.fault("n1=ipmi-lose-request:2");
    expect((await searched(all(pingless))).found[0]?.document).toContain("S-n1");
    const old = await rackOf(["n1"], { suites: [] });
    const kg = { env: "BMC_KG" };
    // A forged answer must not talk anybody out of encryption: a person asks for it.
    expect((await searched(all(old), { kg })).found[0]?.failure?.code).toBe("IW-B22");
    expect(old.log).toEqual([]);
    const asked = await searched(all(old), { kg, is15: true });
    expect(asked.found[0]?.document).toMatch(/ipmiVersion: 1.5\n/);
    const other = await rackOf(["n1"], { kg: Buffer.from("another") });
    expect((await searched(all(other))).found[0]?.failure?.code).toBe("IW-B21");
    const keyed = await rackOf(["n1"], { kg: Buffer.from("calvin") });
    const { found } = await searched(all(keyed), { kg, privilege: "operator" });
    expect(found[0]?.document).toContain('    kg: { env: "BMC_KG" }\n    privilege: operator\n');
  });
});
