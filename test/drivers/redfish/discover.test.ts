import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { discover, discoveredYaml, type DiscoverHow } from "../../../drivers/redfish/discover.ts";
import { nodeDocumentSchema } from "../../../schemas/documents.ts";
import { type TestCertificate, testCertificate } from "../support/certificate.ts";
import { testPorts } from "../support/driver-bench.ts";
import { type SmallBmc, type SmallBmcOptions, startSmallBmc } from "../support/small-bmc.ts";

let own: TestCertificate;
beforeAll(async () => {
  own = await testCertificate();
});

let open: SmallBmc[] = [];
afterEach(async () => {
  for (const one of open) await one.close();
  open = [];
});

async function small(options: SmallBmcOptions = {}): Promise<SmallBmc> {
  const bmc = await startSmallBmc({ username: "root", password: "calvin", ...options });
  open.push(bmc);
  return bmc;
}

const HOW: DiscoverHow = {
  username: "root",
  password: { env: "BMC_PASSWORD" },
  auth: "auto",
  verify: true,
  ca: undefined,
  pin: undefined,
};

async function yamlOf(bmc: SmallBmc, how: Partial<DiscoverHow> = {}, files = {}): Promise<string> {
  const found = await discover(bmc.url, { ...HOW, ...how }, testPorts({ files }));
  if (!found.ok) throw new Error(found.failure.message);
  return discoveredYaml(found.value);
}

describe("discover()", () => {
  it("writes a document that the schema takes, adopted and without a secret", async () => {
    const text = await yamlOf(await small());
    expect(text).toBe(`# 3500RX, BMC firmware 1.2.3
apiVersion: ironwright/v1
kind: Node
metadata:
  name: "contoso-sn1"
spec:
  driver: redfish
  identity:
    manufacturer: "Contoso"
    serial: "SN1"
    systemUuid: "38947555-7742-3448-3784-823347823831"
  bmc:
    address: "${open[0]?.url}"
    system: "/redfish/v1/Systems/1"
    username: "root"
    password: { env: "BMC_PASSWORD" }
  provision: { state: adopted }
`);
    expect(text).not.toContain("calvin");
  });

  it("writes one document a system, each with a name of its own", async () => {
    const bmc = await small({ systems: 20, extra: { SerialNumber: "same" } });
    const documents = parseAllDocuments(await yamlOf(bmc)).map((one) =>
      nodeDocumentSchema.parse(one.toJS()),
    );
    expect(documents).toHaveLength(20);
    expect(new Set(documents.map((one) => one.metadata.name)).size).toBe(20);
    expect(documents[19]?.spec.bmc?.system).toBe("/redfish/v1/Systems/20");
  });

  it("only reads, and leaves no session behind", async () => {
    const bmc = await small();
    await yamlOf(bmc);
    expect(bmc.mutations()).toEqual([]);
    expect(bmc.sessions.size).toBe(0);
  });

  it("whatever a BMC calls itself stays one YAML string", async () => {
    const evil = 'x"\n  provision: { state: active }\n# \u2028';
    const bmc = await small({ extra: { SerialNumber: evil, Model: evil, Manufacturer: evil } });
    const [document] = parseAllDocuments(await yamlOf(bmc));
    const node = nodeDocumentSchema.parse(document?.toJS());
    expect(node.spec.provision).toEqual({ state: "adopted" });
    expect(node.spec.identity?.serial).toContain('x"');
  });

  it("names the certificate that it does not trust, so that it can be pinned", async () => {
    const found = await discover((await small({ tls: own })).url, HOW, testPorts());
    expect(found).toMatchObject({ ok: false, failure: { code: "IW-B03" } });
    expect(!found.ok && found.failure.message).toContain(own.pin);
    expect(open[0]?.log).toEqual([]);
  });

  it("without verification pins what it was shown, and writes the pin", async () => {
    const text = await yamlOf(await small({ tls: own }), { verify: false });
    expect(text).toContain(`    tls: { pin: "${own.pin}" }`);
    expect(text).not.toContain("verify");
  });

  it("with a pin or a CA file writes the same", async () => {
    const bmc = await small({ tls: own });
    expect(await yamlOf(bmc, { pin: own.pin })).toContain(`tls: { pin: "${own.pin}" }`);
    const files = { "certs/bmc.pem": own.cert };
    expect(await yamlOf(bmc, { ca: "certs/bmc.pem" }, files)).toContain(
      `tls: { ca: "certs/bmc.pem" }`,
    );
  });

  it("of nothing, of a wrong password and of no URL each has its own failure", async () => {
    const dead = await discover("http://127.0.0.1:1", HOW, testPorts());
    expect(dead).toMatchObject({ ok: false, failure: { code: "IW-B01" } });
    const wrong = await discover((await small()).url, HOW, testPorts({ secret: "wrong" }));
    expect(wrong).toMatchObject({ ok: false, failure: { code: "IW-B04" } });
    const none = await discover("http://", HOW, testPorts());
    expect(none).toMatchObject({ ok: false, failure: { code: "IW-I04" } });
    const path = await discover("10.0.0.7/console", HOW, testPorts());
    expect(path).toMatchObject({ ok: false, failure: { code: "IW-I04" } });
  });
});
