import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Driver } from "../../../drivers/driver.ts";
import { redfishType } from "../../../drivers/redfish/redfish-type.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import { known } from "../../../schemas/observation.ts";
import { type TestCertificate, testCertificate } from "../support/certificate.ts";
import { performContext, testNode, testPorts } from "../support/driver-bench.ts";
import { type SmallBmc, startSmallBmc } from "../support/small-bmc.ts";

type Tls = NonNullable<NonNullable<NodeSpec["bmc"]>["tls"]>;

let own: TestCertificate;
let other: TestCertificate;
let named: TestCertificate;
beforeAll(async () => {
  [own, other, named] = await Promise.all([
    testCertificate(),
    testCertificate(),
    testCertificate("bmc.example"),
  ]);
});

let open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open) await one.close();
  open = [];
});

async function rack(
  cert: TestCertificate,
  tls: Tls | undefined,
  files: Record<string, string> = {},
) {
  const bmc: SmallBmc = await startSmallBmc({ username: "root", password: "calvin", tls: cert });
  const driver: Driver = redfishType.open(testPorts({ files }));
  open.push(driver, bmc);
  const node = testNode("n1", {
    bmc: {
      address: bmc.url,
      username: "root",
      password: { env: "BMC_PASSWORD" },
      ...(tls === undefined ? {} : { tls }),
    },
  });
  return { bmc, driver, node, seen: await driver.observe(node, ["power"]) };
}

describe("a certificate", () => {
  it("that signed itself is refused by default, and nothing is sent", async () => {
    const { bmc, seen } = await rack(own, undefined);
    expect(seen.unreachable).toMatchObject({ code: "IW-B03", kind: "stalled" });
    expect(seen.unreachable?.message).toContain("bmc.tls.pin");
    expect(bmc.log).toEqual([]);
  });

  it("is trusted by a CA file, which is said", async () => {
    const { seen } = await rack(own, { ca: "certs/bmc.pem" }, { "certs/bmc.pem": own.cert });
    expect(known(seen, "power")).toBe("off");
    expect(seen.transport?.tls).toBe("ca-file");
  });

  it("of another issuer than the CA file's is refused", async () => {
    const { bmc, seen } = await rack(own, { ca: "certs/bmc.pem" }, { "certs/bmc.pem": other.cert });
    expect(seen.unreachable?.code).toBe("IW-B03");
    expect(bmc.log).toEqual([]);
  });

  it("for another name is refused though its issuer is trusted", async () => {
    const { seen } = await rack(named, { ca: "certs/bmc.pem" }, { "certs/bmc.pem": named.cert });
    expect(seen.unreachable?.code).toBe("IW-B03");
    expect(seen.unreachable?.message).toContain("another name");
  });

  it("that is pinned is trusted, whoever issued it", async () => {
    const { seen } = await rack(named, { pin: named.pin });
    expect(known(seen, "power")).toBe("off");
    expect(seen.transport).toEqual({ tls: "pinned", fence: "session" });
  });

  it("that is not the pinned one is refused, and nothing is sent", async () => {
    const { bmc, seen } = await rack(own, { pin: other.pin });
    expect(seen.unreachable?.code).toBe("IW-B03");
    expect(bmc.log).toEqual([]);
  });

  it("that is not the pinned one is refused though verify is false", async () => {
    const { seen } = await rack(own, { pin: other.pin, verify: false });
    expect(seen.unreachable?.code).toBe("IW-B03");
  });

  it("is not looked at under verify: false, which is said", async () => {
    const { seen } = await rack(own, { verify: false });
    expect(known(seen, "power")).toBe("off");
    expect(seen.transport?.tls).toBe("unverified");
  });

  it("a CA file that is not there is told by its own failure", async () => {
    const { seen } = await rack(own, { ca: "certs/none.pem" });
    expect(seen.unreachable?.message).toContain("certs/none.pem");
  });

  it("an act is written over its own TLS connection, and is judged by the same pin", async () => {
    const { bmc, driver, node } = await rack(own, { pin: own.pin });
    await driver.perform(node, { verb: "session.open" }, performContext());
    const performed = await driver.perform(node, { verb: "power.on" }, performContext());
    expect(performed).toMatchObject({ sent: true });
    expect(bmc.systems[0]?.power).toBe("On");
  });

  it("a TLS act that hangs loses its socket at requestMaxMs", async () => {
    const { bmc, driver, node } = await rack(own, { pin: own.pin });
    await driver.perform(node, { verb: "session.open" }, performContext());
    const closings: Promise<boolean>[] = [];
    bmc.misbehave = (seen) => {
      if (!seen.path.endsWith("Reset")) return false;
      closings.push(new Promise((resolve) => seen.socket.once("close", resolve)));
      return true;
    };
    const context = performContext({ requestMaxMs: 100 });
    const performed = await driver.perform(node, { verb: "power.on" }, context);
    expect(performed).toMatchObject({ sent: "unknown" });
    // Closed with an error: by RST, not by FIN.
    expect(await Promise.all(closings)).toEqual([true]);
  });

  it("TLS towards a port that speaks plain HTTP: IW-B03 says that it does not speak TLS", async () => {
    const bmc = await startSmallBmc();
    const driver = redfishType.open(testPorts());
    open.push(driver, bmc);
    const address = bmc.url.replace("http:", "https:");
    const seen = await driver.observe(testNode("n1", { bmc: { address } }), ["power"]);
    expect(seen.unreachable?.code).toBe("IW-B03");
    expect(seen.unreachable?.message).toContain("TLS");
  });

  it("HTTP towards a port that speaks TLS is told, not hung on", async () => {
    const bmc = await startSmallBmc({ tls: own });
    const driver = redfishType.open(testPorts());
    open.push(driver, bmc);
    const address = bmc.url.replace("https:", "http:");
    const seen = await driver.observe(testNode("n1", { bmc: { address } }), ["power"]);
    expect(seen.unreachable?.code).toMatch(/IW-B0[15]/);
  });
});
