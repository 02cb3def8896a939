import { describe, expect, it } from "vitest";
import { known } from "../../../schemas/observation.ts";
import { performContext, testPorts } from "../support/driver-bench.ts";
import { driver, LOGIN, nodeAt, POST_SESSION, resetSlowly, small } from "../support/redfish-rig.ts";
import { redfishError, sendJson, SYSTEM_1 } from "../support/small-bmc.ts";

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

  it("that is wrong is sent once, whatever the BMC calls its refusal", async () => {
    for (const [status, id] of [
      [401, "InsufficientPrivilege"],
      [401, "GeneralError"],
      [403, "InsufficientPrivilege"],
    ] as const) {
      const bmc = await small();
      bmc.misbehave = (seen, response) => {
        if (seen.method !== "POST") return false;
        sendJson(response, status, redfishError(id));
        return true;
      };
      const one = driver();
      for (let round = 0; round < 3; round += 1) {
        const seen = await one.observe(nodeAt(bmc), ["power"]);
        expect(seen.unreachable, `${status} ${id}`).toMatchObject({ code: "IW-B04" });
      }
      expect(bmc.logged().filter((line) => line === POST_SESSION)).toHaveLength(1);
    }
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

describe("a session that cannot be asked for", () => {
  const opened = async () => {
    const bmc = await small();
    const one = driver();
    const performed = await one.perform(nodeAt(bmc), { verb: "session.open" }, performContext());
    const session = "session" in performed ? (performed.session ?? "") : "";
    return { bmc, one, session };
  };

  it("is left as it is by a busy BMC: no second login", async () => {
    const { bmc, one } = await opened();
    bmc.misbehave = (seen, response) => {
      if (!seen.path.includes("/Sessions/")) return false;
      sendJson(response, 503, null);
      return true;
    };
    const again = await one.perform(nodeAt(bmc), { verb: "session.open" }, performContext());
    expect(again).toMatchObject({ sent: false, failure: { code: "IW-B08" } });
    expect(bmc.logged().filter((line) => line === POST_SESSION)).toHaveLength(1);
  });

  it("lives where its BMC lets nobody read sessions", async () => {
    const { bmc, one, session } = await opened();
    bmc.misbehave = (seen, response) => {
      if (!seen.path.includes("/Sessions/")) return false;
      sendJson(response, 403, null);
      return true;
    };
    const again = await one.perform(nodeAt(bmc), { verb: "session.open" }, performContext());
    expect(again).toEqual({ sent: true, session });
  });

  it("is not gone because a busy BMC does not say: the end of a stranger's is ambiguous", async () => {
    const { bmc, session } = await opened();
    bmc.misbehave = (seen, response) => {
      if (seen.method !== "GET" || !seen.path.includes("/Sessions/")) return false;
      sendJson(response, 503, null);
      return true;
    };
    const end = { verb: "session.end", session } as const;
    const ended = await driver().perform(nodeAt(bmc), end, performContext());
    expect(ended).toMatchObject({
      sent: "unknown",
      failure: { code: "IW-B08", kind: "ambiguous" },
    });
  });

  it("a session.end that is answered by 401 is ambiguous, and no refused password", async () => {
    const { bmc, one } = await opened();
    const check = () => {
      bmc.sessions.clear();
      return Promise.resolve(null);
    };
    const end = { verb: "session.end", session: "/redfish/v1/SessionService/Sessions/7" } as const;
    const ended = await one.perform(nodeAt(bmc), end, performContext({ check }));
    expect(ended).toMatchObject({ sent: "unknown", failure: { code: "IW-B14" } });
    bmc.misbehave = () => false;
    expect(known(await one.observe(nodeAt(bmc), ["power"]), "power")).toBe("off");
  });
});

describe("one BMC", () => {
  it("written in two ways has one session", async () => {
    const bmc = await small({ ...LOGIN, systems: 2 });
    const one = driver();
    const [a, b] = [1, 2].map((at) => `/redfish/v1/Systems/${at}`);
    await one.observe(nodeAt(bmc, { system: a }), ["power"]);
    await one.observe(nodeAt(bmc, { system: b, address: `${bmc.url}/redfish/v1/` }, "n2"), [
      "power",
    ]);
    expect(bmc.sessions.size).toBe(1);
  });

  it("takes one mutating call at a time, also from two of its users", async () => {
    const bmc = await small({ ...LOGIN, systems: 2 });
    const one = driver();
    const nodes = [
      nodeAt(bmc, { system: "/redfish/v1/Systems/1" }),
      nodeAt(bmc, { system: "/redfish/v1/Systems/2", password: { env: "OTHER" } }, "n2"),
    ];
    for (const node of nodes) await one.perform(node, { verb: "session.open" }, performContext());
    const most = resetSlowly(bmc);
    const on = { verb: "power.on" } as const;
    await Promise.all(nodes.map((node) => one.perform(node, on, performContext())));
    expect([bmc.sessions.size, most(), bmc.mutations().length]).toEqual([2, 1, 2]);
  });
});

describe("leaving", () => {
  it("session.end works by basic authentication where strangers hold every session", async () => {
    const bmc = await small({ ...LOGIN, sessionsMax: 1 });
    const [old, taker] = [driver(), driver()];
    const opened = await old.perform(nodeAt(bmc), { verb: "session.open" }, performContext());
    const session = "session" in opened ? (opened.session ?? "") : "";
    const end = { verb: "session.end", session } as const;
    expect(await taker.perform(nodeAt(bmc), end, performContext())).toEqual({ sent: true });
    expect(bmc.sessions.size).toBe(0);
  });

  it("close() gives up what hangs: nobody waits for limits.requestSeconds", async () => {
    const bmc = await small();
    const one = driver();
    await one.observe(nodeAt(bmc), ["power"]);
    const hanging = new Promise<void>((resolve) => {
      bmc.misbehave = (seen) => {
        if (seen.path !== SYSTEM_1) return false;
        resolve();
        return true;
      };
    });
    const seen = one.observe(nodeAt(bmc), ["power"]);
    await hanging;
    await one.close();
    expect((await seen).unreachable?.code).toBe("IW-B01");
    expect(bmc.sessions.size).toBe(0);
  });
});
