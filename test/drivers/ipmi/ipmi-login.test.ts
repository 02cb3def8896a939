import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { DriverPorts, Login, LoginVerdict } from "../../../drivers/driver.ts";
import { encodeLanRequest, lanRequest } from "../../../drivers/ipmi/packets/lan-message.ts";
import { decodeDatagram, ipmiDatagram } from "../../../drivers/ipmi/packets/datagram.ts";
import { encodeSession15 } from "../../../drivers/ipmi/packets/session15.ts";
import { type Failure, failure } from "../../../schemas/failure.ts";
import { Secret } from "../../../schemas/secret.ts";
import { known } from "../../../schemas/observation.ts";
import { performContext } from "../support/driver-bench.ts";
import { ipmiRig, type IpmiRig, type RigOptions } from "./support/ipmi-rig.ts";

/** Why power cannot be read; null where it can. */
async function refusalOf(rig: IpmiRig): Promise<Failure | null> {
  const seen = await rig.driver.observe(rig.node, ["power"]);
  return seen.unreachable ?? (seen.facets.power?.known === false ? seen.facets.power.why : null);
}

async function withRig<T>(options: RigOptions, run: (rig: IpmiRig) => Promise<T>): Promise<T> {
  const rig = await ipmiRig(options);
  try {
    return await run(rig);
  } finally {
    await rig.close();
  }
}

const KG = Buffer.from("0123456789abcdef0123456789abcdef01234567", "hex");

describe("a login over RMCP+ (IPMI 2.0, 13.15 to 13.24)", () => {
  it.each([
    ["a wrong password", { bmc: { password: "hobbes" } }, "IW-B04", "another password"],
    ["a wrong user", { bmc: { username: "admin" } }, "IW-B04", "does not know this user"],
    ["too little privilege", { bmc: { privilege: 2 } }, "IW-B20", "the privilege"],
    ["a wrong Kg", { bmc: { kg: KG } }, "IW-B21", "another key (Kg)"],
    ["no suite in common", { bmc: { suites: [] } }, "IW-B22", "none of the cipher suites"],
    [
      "a suite that the BMC has not",
      { bmc: { suites: [3] }, spec: { address: "", cipherSuite: 17 } },
      "IW-B22",
      "none of the cipher suites",
    ],
    ["a BMC of IPMI 1.5 alone", { bmc: { speaks20: false } }, "IW-B22", "bmc.ipmiVersion: 1.5"],
    ["no free session", { bmc: { slots: 0 } }, "IW-B09", "no free session"],
  ])("%s is told as what it is", async (_name, options: RigOptions, code, words) => {
    const { spec, ...rest } = options;
    await withRig(rest, async (rig) => {
      const bmc = { ...rig.node.spec.bmc, ...spec, address: rig.bmc.address };
      const node = { ...rig.node, spec: { ...rig.node.spec, bmc } };
      const why = await refusalOf({ ...rig, node });
      expect(why).toMatchObject({ code });
      expect(why?.message).toContain(words);
    });
  });

  it("a host that is silent, answers garbage, or answers for another session: three failures", async () => {
    const silent = await withRig({}, (rig) => {
      rig.bmc.drop = () => true;
      return refusalOf(rig);
    });
    expect(silent).toMatchObject({ code: "IW-B01", kind: "transient" });
    const garbage = await withRig({}, (rig) => {
      rig.bmc.reply = () => [Buffer.from("HTTP/1.1 400 Bad Request\r\n")];
      return refusalOf(rig);
    });
    expect(garbage).toMatchObject({ code: "IW-B23", kind: "stalled" });
    const stranger = await withRig({}, async (rig) => {
      await rig.driver.observe(rig.node, ["power"]);
      const [session] = rig.bmc.sessions.values();
      rig.bmc.reply = () => [rig.bmc.sealed({ ...session!, consoleId: 77 }, Buffer.from("00"))];
      return refusalOf(rig);
    });
    expect(stranger).toMatchObject({ code: "IW-B24" });
    expect(new Set([silent, garbage, stranger].map((why) => why?.message)).size).toBe(3);
  });

  it("a password is tried once, and not again until it changes", async () => {
    await withRig({ bmc: { password: "hobbes" } }, async (rig) => {
      await refusalOf(rig);
      expect(await refusalOf(rig)).toMatchObject({ code: "IW-B04" });
      expect(rig.bmc.logins.filter((type) => type === "rakp1")).toHaveLength(1);
      expect(rig.bmc.sessions.size, "the login that was given up keeps no slot").toBe(0);
    });
  });

  it("the guard is asked before each login and is told what came of it", async () => {
    const told: (readonly [string, LoginVerdict])[] = [];
    const logins = {
      begin: (): Promise<"go"> => Promise.resolve("go"),
      end: ({ address }: Login, verdict: LoginVerdict): Promise<void> => {
        told.push([address, verdict]);
        return Promise.resolve();
      },
      waitMaxMs: 0,
    };
    const verdicts: readonly (readonly [RigOptions["bmc"], LoginVerdict])[] = [
      [{}, "accepted"],
      [{ password: "hobbes" }, "refused"],
      [{ username: "admin" }, "refused"],
      [{ slots: 0 }, "other"],
      [{ kg: KG }, "other"],
    ];
    for (const [bmc, verdict] of verdicts)
      await withRig({ ...(bmc === undefined ? {} : { bmc }), wire: { logins } }, async (rig) => {
        await refusalOf(rig);
        expect(told.pop()).toEqual([rig.bmc.address, verdict]);
      });
    const no = failure("stalled", "IW-B04", "it was refused elsewhere; correct it");
    const begin = (): Promise<Failure> => Promise.resolve(no);
    await withRig({ wire: { logins: { ...logins, begin } } }, async (rig) => {
      expect(await refusalOf(rig)).toEqual(no);
      expect(rig.bmc.logins, "nothing secret was sent").toEqual([]);
    });
  });

  it("an address outside bmc.networks is sent nothing at all", async () => {
    const settings = { bmc: { networks: ["10.0.0.0/8"] } };
    await withRig({ ports: { settings: (all) => ({ ...all, ...settings }) } }, async (rig) => {
      expect(await refusalOf(rig)).toMatchObject({ code: "IW-B15" });
      expect(rig.bmc.datagramCount).toBe(0);
    });
  });

  it("a name is resolved, judged, and spoken to; one that DNS does not know is IW-B02", async () => {
    await withRig({ driver: { resolve: () => Promise.resolve(["127.0.0.1"]) } }, async (rig) => {
      const bmc = { ...rig.node.spec.bmc, address: `bmc-7.example:${rig.bmc.port}` };
      const node = { ...rig.node, spec: { ...rig.node.spec, bmc } };
      expect(await refusalOf({ ...rig, node })).toBeNull();
    });
    await withRig({ driver: { resolve: () => Promise.resolve([]) } }, async (rig) => {
      const bmc = { ...rig.node.spec.bmc, address: `bmc-7.example:${rig.bmc.port}` };
      const node = { ...rig.node, spec: { ...rig.node.spec, bmc } };
      expect(await refusalOf({ ...rig, node })).toMatchObject({ code: "IW-B02" });
    });
  });

  it("auto begins with the best of the suites that the BMC lists, however long its list is", async () => {
    const listed = [0, 1, 2, 3, 6, 7, 8, 11, 12];
    await withRig({ bmc: { suites: [3], listed } }, async (rig) => {
      expect(await refusalOf(rig)).toBeNull();
      expect(openings(rig)).toBe(1);
    });
  });

  it.each([
    ["lists nothing", []],
    ["lists what it does not take", [17]],
    ["lists suites that are not spoken here", [1, 2]],
    ["leaves the list unanswered", null],
  ])("auto takes suite 17 first and falls back to 3 where the BMC %s", async (_name, listed) => {
    await withRig({ bmc: { suites: [3], listed } }, async (rig) => {
      expect(await refusalOf(rig)).toBeNull();
      expect(openings(rig)).toBe(2);
    });
  });

  it("a BMC whose suites are all too weak is told with what it lists", async () => {
    await withRig({ bmc: { suites: [], listed: [0, 1, 2] } }, async (rig) => {
      expect(await refusalOf(rig)).toMatchObject({ code: "IW-B22", cause: "it lists 0, 1, 2" });
    });
  });

  it("a BMC that lists its suites and lets no login through is silent, and not without a suite", async () => {
    await withRig({}, async (rig) => {
      rig.bmc.drop = (bytes) => bytes[5] === 0x10;
      expect(await refusalOf(rig)).toMatchObject({ code: "IW-B01", kind: "transient" });
    });
  });

  it("auto remembers what worked", async () => {
    const bmc = { suites: [3], listed: null };
    await withRig({ bmc, driver: { idleMs: 20 } }, async (rig) => {
      expect(await refusalOf(rig)).toBeNull();
      expect(openings(rig)).toBe(2);
      rig.bmc.forget();
      expect(await refusalOf(rig)).toBeNull();
      expect(openings(rig)).toBe(3);
    });
  });

  it("auto falls back where a BMC leaves suite 17 unanswered", async () => {
    await withRig({ bmc: { suites: [3] } }, async (rig) => {
      // Of the Open Session Request the algorithms: HMAC-SHA256 is number 3.
      rig.bmc.drop = (bytes) => bytes[5] === 0x10 && bytes[16 + 12] === 3;
      expect(await refusalOf(rig)).toBeNull();
      expect([...rig.bmc.sessions.values()][0]?.suite.id).toBe(3);
    });
  });

  it.each([
    ["40 hexadecimal digits", KG.toString("hex"), KG],
    ["0x and digits", `0x${KG.toString("hex")}`, KG],
    ["letters", "twenty letters of kg", Buffer.from("twenty letters of kg")],
  ])("Kg as %s opens a session", async (_name, text, kg) => {
    const options = { bmc: { kg }, spec: { kg: { env: "KG" } }, wire: secrets({ KG: text }) };
    await withRig(options, async (rig) => {
      expect(await refusalOf(rig)).toBeNull();
    });
  });

  it("a password or Kg that is too long is told, and nothing is sent of it", async () => {
    for (const env of ["KG", "BMC_PASSWORD"]) {
      const wire = secrets({ [env]: "twenty-one letters ..." });
      await withRig({ spec: { kg: { env: "KG" } }, wire }, async (rig) => {
        const why = await refusalOf(rig);
        expect(why?.message).toContain("longer than");
        expect(why?.message).not.toContain("letters ...");
        expect(rig.bmc.logins).toEqual([]);
      });
    }
  });

  it("packets of the login that are lost, doubled or late do no harm", async () => {
    for (const lost of [0x10, 0x12, 0x14])
      await withRig({}, async (rig) => {
        let isFirst = true;
        rig.bmc.drop = (bytes) => {
          const isIt = bytes[5] === lost && isFirst;
          if (isIt) isFirst = false;
          return isIt;
        };
        expect(await refusalOf(rig), `a lost ${lost}`).toBeNull();
      });
    for (const lost of [0x11, 0x13, 0x15])
      await withRig({}, async (rig) => {
        let isFirst = true;
        rig.bmc.reply = (bytes) => {
          const isIt = bytes[5] === lost && isFirst;
          if (isIt) isFirst = false;
          return isIt ? [] : [bytes, bytes];
        };
        expect(await refusalOf(rig), `a lost answer ${lost}`).toBeNull();
      });
  });
});

/** The byte behind RMCP's header is the authentication type (table 13-8). */
function isMd5(bytes: Buffer): boolean {
  return bytes[4] === 0x02;
}

describe("a login over IPMI 1.5 (IPMI 2.0, 22.16, 22.17)", () => {
  const spec = { ipmiVersion: 1.5 } as const;

  it("opens a session with MD5, reads and acts in it", async () => {
    await withRig({ spec }, async (rig) => {
      const seen = await rig.driver.observe(rig.node, ["power"]);
      expect(known(seen, "power")).toBe("off");
      expect(seen.transport).toEqual({ tls: "ipmi-1.5", fence: "session" });
      await rig.driver.perform(rig.node, { verb: "session.open" }, performContext());
      const done = await rig.driver.perform(rig.node, { verb: "power.on" }, performContext());
      expect(done).toEqual({ sent: true });
      expect(rig.bmc.isOn).toBe(true);
      expect(rig.bmc.logins, "no packet of RMCP+").toEqual([]);
    });
  });

  it.each([
    ["a wrong password", { password: "hobbes" }, "IW-B04", "leaves the login unanswered"],
    ["a wrong user", { username: "admin" }, "IW-B04", "does not know this user"],
    ["too little privilege", { privilege: 2 }, "IW-B20", "the privilege"],
    ["no MD5", { md5: false }, "IW-B22", "with MD5"],
    ["no free session", { slots: 0 }, "IW-B09", "no free session"],
  ])("%s is told as what it is", async (_name, bmc, code, words) => {
    await withRig({ bmc, spec }, async (rig) => {
      const why = await refusalOf(rig);
      expect(why).toMatchObject({ code });
      expect(why?.message).toContain(words);
    });
  });

  it("an activation whose answer is lost begins anew, and condemns no password", async () => {
    await withRig({ spec }, async (rig) => {
      let isFirst = true;
      rig.bmc.reply = (bytes) => {
        const isLost = isFirst && isMd5(bytes);
        if (isLost) isFirst = false;
        return isLost ? [] : [bytes];
      };
      expect(await refusalOf(rig)).toBeNull();
    });
  });

  it("a wrong password is sent twice at most: some BMCs lock a user out after three", async () => {
    await withRig({ bmc: { password: "hobbes" }, spec }, async (rig) => {
      let count = 0;
      rig.bmc.drop = (bytes) => {
        if (isMd5(bytes)) count += 1;
        return false;
      };
      expect(await refusalOf(rig)).toMatchObject({ code: "IW-B04" });
      expect(count).toBe(2);
    });
  });

  it("an activation that is not signed makes no session: anybody could have sent it", async () => {
    await withRig({ spec }, async (rig) => {
      rig.bmc.reply = (bytes) => {
        const datagram = decodeDatagram(bytes);
        if (!isMd5(bytes) || !datagram.ok || datagram.value.kind !== "ipmi15") return [bytes];
        const unsigned = { ...datagram.value.session, authType: "none" as const };
        return [ipmiDatagram(encodeSession15(unsigned, Buffer.alloc(0)))];
      };
      expect(await refusalOf(rig)).toMatchObject({ code: "IW-B24" });
    });
  });

  it("a BMC that does not know RMCP+ is asked without its bit", async () => {
    await withRig({ bmc: { speaks20: false }, spec }, async (rig) => {
      expect(await refusalOf(rig)).toBeNull();
    });
  });
});

describe("secrets", () => {
  it("are in no failure, no debug line and no packet", async () => {
    const packets: Buffer[] = [];
    const texts: string[] = [];
    const spies: readonly RigOptions[] = [
      {},
      { bmc: { password: "hobbes" } },
      { bmc: { kg: KG } },
      { spec: { ipmiVersion: 1.5 } },
    ];
    for (const options of spies)
      await withRig(options, async (rig) => {
        rig.bmc.drop = (bytes) => {
          packets.push(Buffer.from(bytes));
          return false;
        };
        const stray = encodeLanRequest(lanRequest(6, 1, Buffer.from("calvin"), 1));
        const body = encodeSession15(
          { authType: "none", sequence: 0, sessionId: 0, payload: stray },
          Buffer.alloc(0),
        );
        rig.bmc.reply = (bytes) => [ipmiDatagram(body), bytes];
        texts.push(JSON.stringify(await rig.driver.observe(rig.node, ["power", "identity"])));
        texts.push(...rig.lines);
      });
    expect(packets.length).toBeGreaterThan(10);
    expect(texts.some((text) => text.includes("dropped"))).toBe(true);
    for (const text of texts) expect(text).not.toMatch(/calvin|hobbes/);
    for (const packet of packets) expect(packet.includes("calvin")).toBe(false);
  });
});

/** Secrets by their variable; the password where there is none. */
function secrets(all: Readonly<Record<string, string>>): Partial<DriverPorts> {
  return {
    resolveSecret: (_node, ref) => {
      const { env } = z.object({ env: z.string() }).parse(ref);
      return Promise.resolve(new Secret(all[env] ?? "calvin"));
    },
  };
}

function openings({ bmc }: IpmiRig): number {
  return bmc.logins.filter((type) => type === "openSessionRequest").length;
}
