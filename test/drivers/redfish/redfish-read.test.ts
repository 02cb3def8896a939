import { beforeEach, describe, expect, it } from "vitest";
import { known } from "../../../schemas/observation.ts";
import { driver, LOGIN, nodeAt, POST_SESSION, small } from "../support/redfish-rig.ts";
import { sendJson, type SmallBmc, SYSTEM_1 } from "../support/small-bmc.ts";

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

  it("takes the UUID that many boards share for no identity", async () => {
    const UUID = "03000200-0400-0500-0006-000700080009";
    const board = await small({ ...LOGIN, extra: { SerialNumber: "..........", UUID } });
    const seen = await driver().observe(nodeAt(board), ["identity"]);
    expect(known(seen, "identity")).toEqual({ manufacturer: "Contoso" });
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
