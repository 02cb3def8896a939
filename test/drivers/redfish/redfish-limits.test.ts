import { describe, expect, it } from "vitest";
import { type TestPorts, testPorts, withLimits } from "../support/driver-bench.ts";
import { driver, LOGIN, nodeAt, small } from "../support/redfish-rig.ts";
import { sendJson, type SmallBmc, SYSTEM_1 } from "../support/small-bmc.ts";

describe("limits of an answer", () => {
  async function observed(
    misbehave: SmallBmc["misbehave"],
    ports: TestPorts = {},
  ): Promise<string | undefined> {
    const bmc = await small();
    bmc.misbehave = misbehave;
    const seen = await driver(ports).observe(nodeAt(bmc), ["power"]);
    return seen.unreachable?.code;
  }
  const onSystem =
    (answer: (response: Parameters<SmallBmc["misbehave"]>[1]) => void): SmallBmc["misbehave"] =>
    (seen, response) => {
      if (seen.path !== SYSTEM_1) return false;
      answer(response);
      return true;
    };

  it("a huge answer by its Content-Length: IW-B07", async () => {
    const huge = onSystem((response) => sendJson(response, 200, { a: "x".repeat(5000) }));
    expect(await observed(huge, { settings: withLimits({ answerBytes: 4096 }) })).toBe("IW-B07");
  });

  it("an endless answer: IW-B07, and it is not read to its end", async () => {
    let sent = 0;
    const endless = onSystem((response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const more = (): void => {
        if (response.destroyed) return;
        sent += 1024;
        response.write(" ".repeat(1024), () => setImmediate(more));
      };
      more();
    });
    expect(await observed(endless, { settings: withLimits({ answerBytes: 65_536 }) })).toBe(
      "IW-B07",
    );
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  it("a truncated answer: IW-B06", async () => {
    const cut = onSystem((response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write('{"PowerState": "O');
      setTimeout(() => response.destroy(), 10);
    });
    expect(await observed(cut)).toBe("IW-B06");
  });

  it("JSON that ends early: IW-B06", async () => {
    const cut = onSystem((response) => response.end('{"PowerState": "O'));
    expect(await observed(cut)).toBe("IW-B06");
  });

  it("JSON nested without bound: IW-B06", async () => {
    const deep = onSystem((response) =>
      response.end(`${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`),
    );
    expect(await observed(deep)).toBe("IW-B06");
  });

  it("a BMC that hangs: IW-B01 at the request's limit", async () => {
    const hang = onSystem(() => undefined);
    const ports = testPorts();
    const settings = withLimits({ requestSeconds: 0.1 })(ports.settings);
    expect(await observed(hang, { settings: () => settings })).toBe("IW-B01");
  });

  it("a web server that is no Redfish service: IW-B05", async () => {
    const html: SmallBmc["misbehave"] = (_seen, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<html>printer</html>");
      return true;
    };
    expect(await observed(html)).toBe("IW-B05");
    expect(await observed((_seen, response) => (sendJson(response, 404, null), true))).toBe(
      "IW-B05",
    );
    expect(await observed((_seen, response) => (sendJson(response, 200, { a: 1 }), true))).toBe(
      "IW-B05",
    );
  });

  it("a redirect to another host is not followed: IW-B05, and the token stays here", async () => {
    const other = await small({});
    const code = await observed(
      onSystem((response) =>
        sendJson(response, 302, null, { location: `${other.url}/redfish/v1/` }),
      ),
    );
    expect(code).toBe("IW-B05");
    expect(other.log).toEqual([]);
  });

  it("a redirect on the same host is followed, and a circle is not", async () => {
    const bmc = await small();
    bmc.misbehave = (seen, response) => {
      if (seen.path !== SYSTEM_1) return false;
      sendJson(response, 308, null, { location: `${SYSTEM_1}?here` });
      return true;
    };
    const seen = await driver().observe(nodeAt(bmc), ["power"]);
    expect(seen.unreachable?.code).toBe("IW-B13");
    bmc.misbehave = (seen2, response) => {
      if (seen2.path !== SYSTEM_1) return false;
      sendJson(response, 308, null, { location: SYSTEM_1 });
      return true;
    };
    expect((await driver().observe(nodeAt(bmc), ["power"])).unreachable?.code).toBe("IW-B05");
  });

  it("a redirect may be relative to what was asked", async () => {
    const bmc = await small();
    bmc.misbehave = (seen, response) => {
      if (seen.path !== "/redfish/v1/Systems/old") return false;
      sendJson(response, 301, null, { location: "1" });
      return true;
    };
    const node = nodeAt(bmc, { system: "/redfish/v1/Systems/old" });
    expect((await driver().observe(node, ["power"])).facets.power).toMatchObject({ value: "off" });
  });

  it("no more requests at once to one BMC than limits.perBmc", async () => {
    const bmc = await small({ ...LOGIN, systems: 8 });
    const one = driver();
    const nodes = bmc.systems.map((_, at) =>
      nodeAt(bmc, { system: `/redfish/v1/Systems/${at + 1}` }, `n${at}`),
    );
    await one.observe(nodes[0]!, ["power"]);
    let running = 0;
    let most = 0;
    bmc.misbehave = (seen, response) => {
      running += 1;
      most = Math.max(most, running);
      setTimeout(() => {
        running -= 1;
        sendJson(response, 200, { PowerState: "On" });
      }, 10);
      return true;
    };
    await Promise.all(nodes.map((node) => one.observe(node, ["power"])));
    expect(most).toBe(2);
  });
});
