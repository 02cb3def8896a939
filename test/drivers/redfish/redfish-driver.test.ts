import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Driver } from "../../../drivers/driver.ts";
import { redfishType } from "../../../drivers/redfish/redfish-type.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { known } from "../../../schemas/observation.ts";
import {
  performContext,
  testNode,
  type TestPorts,
  testPorts,
  withLimits,
} from "../support/driver-bench.ts";
import {
  redfishError,
  sendJson,
  type SmallBmc,
  type SmallBmcOptions,
  startSmallBmc,
  SYSTEM_1,
} from "../support/small-bmc.ts";

const LOGIN = { username: "root", password: "calvin" };
const POST_SESSION = "POST /redfish/v1/SessionService/Sessions";

let open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open) await one.close();
  open = [];
});

async function small(options: SmallBmcOptions = LOGIN): Promise<SmallBmc> {
  const bmc = await startSmallBmc(options);
  open.push(bmc);
  return bmc;
}

function driver(options: TestPorts = {}): Driver {
  const made = redfishType.open(testPorts(options));
  open.unshift(made);
  return made;
}

function nodeAt(bmc: SmallBmc, more: NonNullable<NodeSpec["bmc"]> = {}, name = "n1"): FleetNode {
  const login = { username: "root", password: { env: "BMC_PASSWORD" } };
  return testNode(name, { driver: "redfish", bmc: { address: bmc.url, ...login, ...more } });
}

describe("reading over Redfish", () => {
  let bmc: SmallBmc;
  beforeEach(async () => {
    bmc = await small();
  });

  it("a warm power reading is exactly one GET", async () => {
    const one = driver();
    await one.observe(nodeAt(bmc), ["power"]);
    bmc.log.length = 0;
    const seen = await one.observe(nodeAt(bmc), ["power"]);
    expect(known(seen, "power")).toBe("off");
    expect(bmc.logged()).toEqual([`GET ${SYSTEM_1}`]);
  });

  it("a warm power reading is one GET too where the reset types are in an ActionInfo", async () => {
    const other = await small({ ...LOGIN, resetTypes: "action-info" });
    const one = driver();
    const first = await one.observe(nodeAt(other), ["power"]);
    expect(first.capabilities.resetTypes).toEqual(["On", "ForceOff"]);
    other.log.length = 0;
    await one.observe(nodeAt(other), ["power"]);
    expect(other.logged()).toEqual([`GET ${SYSTEM_1}`]);
  });

  it("makes one session for a BMC and ends it at the end", async () => {
    const one = driver();
    await Promise.all([1, 2, 3].map(() => one.observe(nodeAt(bmc), ["power"])));
    expect(bmc.logged().filter((line) => line === POST_SESSION)).toHaveLength(1);
    expect(bmc.sessions.size).toBe(1);
    await one.close();
    expect(bmc.sessions.size).toBe(0);
  });

  it("logs in anew for a reading when the session has gone", async () => {
    const one = driver();
    await one.observe(nodeAt(bmc), ["power"]);
    bmc.sessions.clear();
    const seen = await one.observe(nodeAt(bmc), ["power"]);
    expect(known(seen, "power")).toBe("off");
    expect(bmc.sessions.size).toBe(1);
  });

  it("reads identity, firmware, BIOS and secure boot", async () => {
    const seen = await driver().observe(nodeAt(bmc), ["identity", "bios", "secureBoot", "tasks"]);
    expect(known(seen, "identity")).toEqual({
      manufacturer: "Contoso",
      serial: "SN1",
      systemUuid: "38947555-7742-3448-3784-823347823831",
    });
    expect(known(seen, "bios")).toEqual({ Turbo: "On", Cores: 8 });
    expect(known(seen, "secureBoot")).toEqual({ enabled: false, currentBoot: false });
    expect(known(seen, "tasks")).toEqual([]);
    expect(seen.bmcFirmware).toBe("1.2.3");
    expect(seen.transport).toEqual({ tls: "plain", fence: "session" });
  });

  it("takes filler values for no identity", async () => {
    const filler = await small({
      ...LOGIN,
      extra: {
        SerialNumber: "To be filled by O.E.M.",
        UUID: "00000000-0000-0000-0000-000000000000",
        Manufacturer: " ",
      },
    });
    const seen = await driver().observe(nodeAt(filler), ["identity"]);
    expect(known(seen, "identity")).toEqual({});
  });

  it("a Dell's serial is its service tag", async () => {
    const dell = await small({ ...LOGIN, vendor: "Dell" });
    const seen = await driver().observe(nodeAt(dell), ["identity"]);
    expect(known(seen, "identity")?.serial).toBe("TAG-SN1");
  });

  it("a power state that is neither on nor off is unknown, with a reason", async () => {
    for (const [state, code] of [
      ["Paused", "IW-B06"],
      [null, "IW-B18"],
    ] as const) {
      const odd = await small({ ...LOGIN, extra: { PowerState: state } });
      const seen = await driver().observe(nodeAt(odd), ["power"]);
      expect(seen.facets.power).toMatchObject({ known: false, why: { code } });
      expect(seen.unreachable).toBeNull();
    }
  });

  it("a facet that cannot be read hides no other", async () => {
    bmc.misbehave = (seen, response) => {
      if (!seen.path.endsWith("/SecureBoot")) return false;
      sendJson(response, 500, null);
      return true;
    };
    const seen = await driver().observe(nodeAt(bmc), ["power", "secureBoot"]);
    expect(known(seen, "power")).toBe("off");
    expect(seen.facets.secureBoot).toMatchObject({ known: false, why: { code: "IW-B08" } });
  });

  it("asks a busy BMC again for a reading", async () => {
    let busy = 2;
    bmc.misbehave = (seen, response) => {
      if (seen.path !== SYSTEM_1 || busy === 0) return false;
      busy -= 1;
      sendJson(response, 503, null, { "retry-after": "1" });
      return true;
    };
    const seen = await driver().observe(nodeAt(bmc), ["power"]);
    expect(known(seen, "power")).toBe("off");
  });

  it("says how long a busy BMC wants to be left alone", async () => {
    bmc.misbehave = (seen, response) => {
      if (seen.path !== SYSTEM_1) return false;
      sendJson(response, 503, null, { "retry-after": "120" });
      return true;
    };
    const seen = await driver().observe(nodeAt(bmc), ["power"]);
    expect(seen.unreachable).toMatchObject({
      code: "IW-B08",
      kind: "transient",
      retryAfterMs: 120_000,
    });
  });
});

describe("which system", () => {
  it("is the only one when none is named", async () => {
    const bmc = await small();
    expect(known(await driver().observe(nodeAt(bmc), ["power"]), "power")).toBe("off");
  });

  it("must be named where there are several, and they are listed", async () => {
    const bmc = await small({ ...LOGIN, systems: 2 });
    const seen = await driver().observe(nodeAt(bmc), ["power"]);
    expect(seen.unreachable?.code).toBe("IW-B13");
    expect(seen.unreachable?.message).toContain("/redfish/v1/Systems/1, /redfish/v1/Systems/2");
  });

  it("that is not there is told with those that are", async () => {
    const bmc = await small();
    const seen = await driver().observe(nodeAt(bmc, { system: "/redfish/v1/Systems/9" }), [
      "power",
    ]);
    expect(seen.unreachable?.code).toBe("IW-B13");
    expect(seen.unreachable?.message).toContain(SYSTEM_1);
  });
});

describe("a password", () => {
  it("that is wrong is sent once, and not again until it changes", async () => {
    const bmc = await small();
    let secret = "wrong";
    const one = driver({ secret: () => secret });
    for (let round = 0; round < 3; round += 1) {
      const seen = await one.observe(nodeAt(bmc), ["power"]);
      expect(seen.unreachable).toMatchObject({ code: "IW-B04", kind: "stalled" });
      expect(JSON.stringify(seen)).not.toContain("wrong");
    }
    expect(bmc.logged().filter((line) => line === POST_SESSION)).toHaveLength(1);
    secret = "calvin";
    expect(known(await one.observe(nodeAt(bmc), ["power"]), "power")).toBe("off");
  });

  it("that is wrong is sent once with basic authentication too", async () => {
    const bmc = await small({ ...LOGIN, sessions: false });
    const one = driver({ secret: "wrong" });
    await one.observe(nodeAt(bmc), ["power"]);
    await one.observe(nodeAt(bmc), ["power"]);
    expect(bmc.log.filter((seen) => seen.headers.authorization !== undefined)).toHaveLength(1);
  });

  it("that three BMCs refused is tried at no fourth", async () => {
    const bmcs = await Promise.all([1, 2, 3, 4, 5, 6].map(() => small()));
    const one = driver({ secret: "wrong" });
    await Promise.all(bmcs.map((bmc, at) => one.observe(nodeAt(bmc, {}, `n${at}`), ["power"])));
    const tried = bmcs.filter((bmc) => bmc.logged().includes(POST_SESSION));
    expect(tried).toHaveLength(3);
  });

  it("is sent nowhere outside bmc.networks: not a byte", async () => {
    const bmc = await small();
    const settings = testPorts().settings;
    const one = driver({ settings: () => ({ ...settings, bmc: { networks: ["10.0.0.0/8"] } }) });
    const seen = await one.observe(nodeAt(bmc), ["power"]);
    expect(seen.unreachable?.code).toBe("IW-B15");
    expect(bmc.log).toEqual([]);
  });

  it("quoted back by the BMC is taken out of what is told", async () => {
    const bmc = await small();
    bmc.misbehave = (seen, response) => {
      if (seen.method !== "POST") return false;
      sendJson(response, 401, redfishError("Denied", "no such password: calvin"));
      return true;
    };
    const seen = await driver().observe(nodeAt(bmc), ["power"]);
    expect(JSON.stringify(seen)).not.toContain("calvin");
    expect(seen.unreachable?.cause).toContain("[secret]");
  });

  it("finds no free session: IW-B09, again later", async () => {
    const bmc = await small({ ...LOGIN, sessionsMax: 0 });
    bmc.misbehave = () => false;
    const seen = await driver().observe(nodeAt(bmc), ["power"]);
    expect(seen.unreachable).toMatchObject({ code: "IW-B09", kind: "transient" });
  });
});

describe("a BMC without sessions", () => {
  it("is read and acted on by basic authentication, and the fence is time only", async () => {
    const bmc = await small({ ...LOGIN, sessions: false });
    const one = driver();
    const opened = await one.perform(nodeAt(bmc), { verb: "session.open" }, performContext());
    expect(opened).toEqual({ sent: true });
    await one.perform(nodeAt(bmc), { verb: "power.on" }, performContext());
    const seen = await one.observe(nodeAt(bmc), ["power"]);
    expect(known(seen, "power")).toBe("on");
    expect(seen.transport?.fence).toBe("time-only");
  });

  it("is refused where bmc.auth says session", async () => {
    const bmc = await small({ ...LOGIN, sessions: false });
    const seen = await driver().observe(nodeAt(bmc, { auth: "session" }), ["power"]);
    expect(seen.unreachable?.code).toBe("IW-B18");
  });
});

describe("the session fence", () => {
  it("a session ended by another engine: the act is ambiguous, nothing logs in, nothing is repeated", async () => {
    const bmc = await small();
    const one = driver();
    await one.perform(nodeAt(bmc), { verb: "session.open" }, performContext());
    bmc.log.length = 0;
    const check = () => {
      // Between the check and the answer somebody takes over.
      bmc.sessions.clear();
      return Promise.resolve(null);
    };
    const performed = await one.perform(
      nodeAt(bmc),
      { verb: "power.on" },
      performContext({ check }),
    );
    expect(performed).toMatchObject({
      sent: "unknown",
      failure: { code: "IW-B14", kind: "ambiguous" },
    });
    expect(bmc.mutations()).toHaveLength(1);
    expect(bmc.logged()).not.toContain(POST_SESSION);
    expect(bmc.systems[0]?.power).toBe("Off");
  });

  it("a reading may log in again, but the new session carries no act that was opened before", async () => {
    const bmc = await small();
    const one = driver();
    await one.perform(nodeAt(bmc), { verb: "session.open" }, performContext());
    bmc.sessions.clear();
    await one.observe(nodeAt(bmc), ["power"]);
    const performed = await one.perform(nodeAt(bmc), { verb: "power.on" }, performContext());
    expect(performed).toMatchObject({ sent: false, failure: { code: "IW-B14" } });
  });

  it("session.open answers the session that reads already made, after asking whether it lives", async () => {
    const bmc = await small();
    const one = driver();
    await one.observe(nodeAt(bmc), ["power"]);
    const opened = await one.perform(nodeAt(bmc), { verb: "session.open" }, performContext());
    expect(opened).toMatchObject({ sent: true, session: [...bmc.sessions.keys()][0] });
    bmc.sessions.clear();
    const again = await one.perform(nodeAt(bmc), { verb: "session.open" }, performContext());
    expect(again).toMatchObject({ sent: true, session: [...bmc.sessions.keys()][0] });
  });

  it("session.end ends a stranger's session by name and looks that it is gone", async () => {
    const bmc = await small();
    const [old, taker] = [driver(), driver()];
    const opened = await old.perform(nodeAt(bmc), { verb: "session.open" }, performContext());
    const session = "session" in opened ? (opened.session ?? "") : "";
    const end = { verb: "session.end", session } as const;
    expect(await taker.perform(nodeAt(bmc), end, performContext())).toEqual({ sent: true });
    expect(bmc.sessions.has(session)).toBe(false);
  });

  it("a session that is said to be ended and is not is told (IW-B11)", async () => {
    const bmc = await small();
    const [old, taker] = [driver(), driver()];
    const opened = await old.perform(nodeAt(bmc), { verb: "session.open" }, performContext());
    const session = "session" in opened ? (opened.session ?? "") : "";
    bmc.misbehave = (seen, response) => {
      if (seen.method !== "DELETE") return false;
      response.writeHead(204).end();
      return true;
    };
    const end = { verb: "session.end", session } as const;
    const ended = await taker.perform(nodeAt(bmc), end, performContext());
    expect(ended).toMatchObject({ sent: "unknown", failure: { code: "IW-B11" } });
  });
});

describe("acting over Redfish", () => {
  async function acting(options: SmallBmcOptions = LOGIN, ports: TestPorts = {}) {
    const bmc = await small(options);
    const one = driver(ports);
    await one.perform(nodeAt(bmc), { verb: "session.open" }, performContext());
    return { bmc, act: one.perform.bind(one, nodeAt(bmc)) };
  }

  it("never presses the power button, and forces only what the BMC allows", async () => {
    const { bmc, act } = await acting({ ...LOGIN, resetTypes: ["PushPowerButton", "On"] });
    const performed = await act({ verb: "power.off" }, performContext());
    expect(performed).toMatchObject({ sent: false, failure: { code: "IW-B18", kind: "stalled" } });
    expect(bmc.mutations()).toEqual([]);
  });

  it("takes ForceOn where On is not offered", async () => {
    const { bmc, act } = await acting({ ...LOGIN, resetTypes: ["ForceOn", "ForceOff"] });
    await act({ verb: "power.on" }, performContext());
    expect(bmc.mutations()).toEqual([
      `POST ${SYSTEM_1}/Actions/ComputerSystem.Reset {"ResetType":"ForceOn"}`,
    ]);
  });

  it("sends the first choice to a BMC that says nothing", async () => {
    const { bmc, act } = await acting({ ...LOGIN, resetTypes: "silent" });
    expect(await act({ verb: "power.softOff" }, performContext())).toMatchObject({ sent: true });
    expect(bmc.mutations()[0]).toContain("GracefulShutdown");
  });

  it("sends If-Match where the resource has an ETag", async () => {
    const { bmc, act } = await acting({ ...LOGIN, wantsEtag: true });
    const set = { verb: "management.setBootDevice", device: "pxe", persistent: true } as const;
    expect(await act(set, performContext())).toMatchObject({ sent: true });
    expect(bmc.log.at(-1)?.headers["if-match"]).toBe('"1"');
  });

  it("a resource that moved between reading and writing is a conflict, and nothing is repeated", async () => {
    const { bmc, act } = await acting({ ...LOGIN, wantsEtag: true });
    const check = () => {
      bmc.systems[0]!.revision += 1;
      return Promise.resolve(null);
    };
    const set = { verb: "management.setBootDevice", device: "pxe", persistent: true } as const;
    const performed = await act(set, performContext({ check }));
    expect(performed).toMatchObject({ sent: "refused", failure: { kind: "conflict" } });
    expect(bmc.mutations()).toHaveLength(1);
  });

  it("writes all boot fields together where a quirk says so", async () => {
    const { bmc, act } = await acting({ ...LOGIN, vendor: "Supermicro" });
    await act(
      { verb: "management.setBootDevice", device: "disk", persistent: true },
      performContext(),
    );
    expect(bmc.log.at(-1)?.body).toEqual({
      Boot: {
        BootSourceOverrideTarget: "Hdd",
        BootSourceOverrideEnabled: "Continuous",
        BootSourceOverrideMode: "UEFI",
      },
    });
  });

  it("names the task that a BMC answers with", async () => {
    const { bmc, act } = await acting();
    bmc.misbehave = (seen, response) => {
      if (!seen.path.endsWith("Reset")) return false;
      sendJson(response, 202, {}, { location: "/redfish/v1/TaskService/TaskMonitors/7" });
      return true;
    };
    const performed = await act({ verb: "power.on" }, performContext());
    expect(performed).toEqual({ sent: true, task: "/redfish/v1/TaskService/TaskMonitors/7" });
  });

  it.each([
    [400, "refused", "IW-B10"],
    [403, "refused", "IW-B10"],
    [405, "refused", "IW-B18"],
    [409, "refused", "IW-B10"],
    [503, "refused", "IW-B08"],
    [307, "refused", "IW-B10"],
    [500, "unknown", "IW-B12"],
    [504, "unknown", "IW-B12"],
  ])("an act answered by %i is told as %s, %s", async (status, sent, code) => {
    const { bmc, act } = await acting();
    bmc.misbehave = (seen, response) => {
      if (!seen.path.endsWith("Reset")) return false;
      sendJson(response, status, null, { location: "http://127.0.0.1:1/elsewhere" });
      return true;
    };
    const performed = await act({ verb: "power.on" }, performContext());
    expect(performed).toMatchObject({ sent, failure: { code } });
    expect(bmc.mutations()).toHaveLength(1);
  });

  it("a BMC that takes an act and hangs loses its socket at requestMaxMs", async () => {
    const { bmc, act } = await acting();
    let closed: Promise<void> | null = null;
    bmc.misbehave = (seen) => {
      if (!seen.path.endsWith("Reset")) return false;
      closed = new Promise((resolve) => seen.socket.once("close", () => resolve()));
      return true;
    };
    const performed = await act({ verb: "power.on" }, performContext({ requestMaxMs: 100 }));
    expect(performed).toMatchObject({ sent: "unknown", failure: { code: "IW-B12" } });
    await closed;
    expect(bmc.mutations()).toHaveLength(1);
  });

  it("a signal destroys the socket of an act that is under way", async () => {
    const { bmc, act } = await acting();
    const death = new AbortController();
    bmc.misbehave = (seen) => {
      if (!seen.path.endsWith("Reset")) return false;
      death.abort();
      return true;
    };
    const performed = await act({ verb: "power.on" }, performContext({ signal: death.signal }));
    expect(performed).toMatchObject({ sent: "unknown", failure: { code: "IW-B12" } });
  });

  it("uses a connection of its own for each act", async () => {
    const { bmc, act } = await acting();
    await act({ verb: "power.on" }, performContext());
    await act({ verb: "power.off" }, performContext());
    const ports = bmc.log.filter((seen) => seen.path.endsWith("Reset")).map((seen) => seen.socket);
    expect(new Set(ports).size).toBe(2);
    expect(bmc.log.at(-1)?.headers.connection).toBe("close");
  });

  it("does one mutating act at a time on one BMC", async () => {
    const { bmc, act } = await acting();
    let running = 0;
    let most = 0;
    bmc.misbehave = (seen, response) => {
      if (!seen.path.endsWith("Reset")) return false;
      running += 1;
      most = Math.max(most, running);
      setTimeout(() => {
        running -= 1;
        response.writeHead(204).end();
      }, 20);
      return true;
    };
    await Promise.all([1, 2, 3].map(() => act({ verb: "power.on" }, performContext())));
    expect(most).toBe(1);
    expect(bmc.mutations()).toHaveLength(3);
  });
});

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
