import { describe, expect, it } from "vitest";
import { CHASSIS_COMMANDS } from "../../../drivers/ipmi/packets/chassis.ts";
import { DEVICE_COMMANDS } from "../../../drivers/ipmi/packets/device.ts";
import { NET_FN } from "../../../drivers/ipmi/packets/lan-message.ts";
import {
  encodeOpenRequest,
  encodeRakp1,
  encodeRakp3,
  RAKP_STATUS,
} from "../../../drivers/ipmi/packets/rakp.ts";
import {
  decodeAuthCapabilities,
  decodeSuiteRecords,
  SESSION_COMMANDS,
} from "../../../drivers/ipmi/packets/session-commands.ts";
import { valueOf } from "../ipmi/packets/arbitraries.ts";
import { seededRandom } from "../../support/fake-clock.ts";
import { MD5_15, SUITE_3 } from "../ipmi/packets/captured.ts";
import { IpmiConsole, type Live } from "./ipmi-console.ts";
import { ipmiRig } from "./ipmi-rig.ts";

const { app, chassis } = NET_FN;
/** Numbers of its three algorithms. */
const SUITE_17 = { rakp: 3, integrity: 4, confidentiality: 1 };
const KG = Buffer.from("a key of twenty byte");

function must(session: Live | string): Live {
  if (typeof session === "string") throw new Error(session);
  return session;
}

describe("before a session", () => {
  it("a presence ping is answered, and bytes that are nothing are not", async () => {
    const { console } = await ipmiRig();
    expect(await console.exchange(Buffer.from("nothing that is known"))).toEqual([]);
  });

  it("no bytes make it fall: mutated packets of a real login and of sessions", async () => {
    const { console } = await ipmiRig();
    const random = seededRandom(7);
    const session = must(await console.login());
    const status = session.seal(1, console.request(chassis, CHASSIS_COMMANDS.getStatus));
    const known = [...SUITE_3, ...MD5_15].map((line) => Buffer.from(line.slice(2), "hex"));
    for (let count = 0; count < 1500; count += 1) {
      const all = [...known, status];
      const bytes = Buffer.from(all[Math.floor(random.next() * all.length)] ?? status);
      for (let flips = 0; flips < 3; flips += 1)
        bytes.writeUInt8(Math.floor(random.next() * 256), Math.floor(random.next() * bytes.length));
      const cut = random.next() < 0.3 ? Math.floor(random.next() * bytes.length) : bytes.length;
      await console.exchange(bytes.subarray(0, cut));
    }
    must(await console.login());
  });

  it("says what it speaks: both versions, two suites, and whether there is a Kg", async () => {
    const { console } = await ipmiRig({ kg: KG });
    const { data } = await console.outside(app, 0x38, [0x8e, 4]);
    expect(valueOf(decodeAuthCapabilities(data))).toMatchObject({
      channel: 1,
      authTypes: ["md5", "password"],
      hasKg: true,
      hasNamedUsers: true,
      hasAnonymous: false,
      speaks15: true,
      speaks20: true,
    });
    const suites = await console.outside(
      app,
      SESSION_COMMANDS.getChannelCipherSuites,
      [0x0e, 0, 0x80],
    );
    expect(valueOf(decodeSuiteRecords(suites.data.subarray(1)))).toMatchObject([
      { id: 3 },
      { id: 17 },
    ]);
  });

  it("gives nothing away but what is meant for it: D4h for the rest, known or not", async () => {
    const { console } = await ipmiRig();
    for (const [netFn, command] of [
      [chassis, CHASSIS_COMMANDS.getStatus],
      [chassis, CHASSIS_COMMANDS.control],
      [app, 0x63],
    ] as const)
      expect((await console.outside(netFn, command, [1])).completion).toBe(0xd4);
  });
});

describe("a login by RMCP+", () => {
  it.each([3, 17] as const)("opens a session with suite %i", async (suite) => {
    const { console, acts } = await ipmiRig();
    const session = await console.live({ suite });
    const answer = await console.ask(session, app, DEVICE_COMMANDS.getDeviceId);
    expect(answer.completion).toBe(0);
    expect(acts()).toMatchObject([
      { machine: null, path: "Login", body: { username: "admin" }, effect: "session opened" },
    ]);
  });

  it("comes through where answers are lost and its messages come again", async () => {
    const { console, acts } = await ipmiRig({ sessionLimit: 1 });
    const session = must(await console.login({ isRepeating: true }));
    expect((await console.ask(session, app, DEVICE_COMMANDS.getDeviceId)).completion).toBe(0);
    expect(acts()).toHaveLength(1);
  });

  it("wants both keys where there is a Kg", async () => {
    const { console } = await ipmiRig({ kg: KG });
    expect(await console.login()).toBe("rakp4 code");
    expect(await console.login({ kg: Buffer.from("another key") })).toBe("rakp4 code");
    must(await console.login({ kg: KG }));
  });

  it.each([
    ["a wrong password is found by the console", { password: "wrong" }, "rakp2 code"],
    ["an unknown user", { username: "nobody" }, `rakp2 ${RAKP_STATUS.unauthorizedName}`],
    [
      "a wrong password of a console that does not look",
      { password: "wrong", isBlind: true },
      `rakp4 ${RAKP_STATUS.invalidCheckValue}`,
    ],
    [
      "more than the user may",
      { username: "guest", password: "guestpass", privilege: "operator" },
      `rakp2 ${RAKP_STATUS.unauthorizedRole}`,
    ],
    [
      "more than the user may, looked up by name alone",
      { username: "guest", privilege: "operator", isNameOnly: true },
      `rakp2 ${RAKP_STATUS.unauthorizedRole}`,
    ],
  ] as const)("refuses %s", async (_what, login, refusal) => {
    const { console } = await ipmiRig();
    expect(await console.login(login)).toBe(refusal);
  });

  it("refuses a suite that it does not speak, and a session that it does not know", async () => {
    const { console, simulator } = await ipmiRig({ suites: [3] });
    expect(await console.login()).toBe(`open ${RAKP_STATUS.noSuiteMatch}`);
    must(await console.login({ suite: 3 }));
    simulator.fault("n1=ipmi-suites:17");
    expect(await console.login({ suite: 3 })).toBe(`open ${RAKP_STATUS.noSuiteMatch}`);
    must(await console.login());
    const stranger = { tag: 9, bmcId: 0x1234_5678 };
    const known = { privilege: 4, isNameOnly: false, username: Buffer.from("admin") };
    const rakp1 = encodeRakp1({ ...stranger, ...known, consoleRandom: Buffer.alloc(16) });
    expect((await console.payload("rakp1", rakp1))?.[1]).toBe(RAKP_STATUS.invalidSessionId);
    const rakp3 = encodeRakp3({ ...stranger, status: 0, code: Buffer.alloc(32) });
    expect((await console.payload("rakp3", rakp3))?.[1]).toBe(RAKP_STATUS.invalidSessionId);
  });

  it("no password, key or code is written down", async () => {
    const { console, acts } = await ipmiRig({ kg: KG });
    await console.live({ kg: KG });
    await console.login({ password: "wrong" });
    await console.login15();
    const text = JSON.stringify(acts());
    expect(text).not.toMatch(/password"|wrong|twenty/);
    expect(acts().length).toBeGreaterThan(1);
  });
});

describe("a login by IPMI 1.5", () => {
  it.each(["md5", "password"] as const)("opens a session with %s", async (authType) => {
    const { console } = await ipmiRig();
    const session = must(await console.login15({ authType }));
    expect((await console.ask(session, app, DEVICE_COMMANDS.getDeviceId)).completion).toBe(0);
    expect((await console.ask(session, app, DEVICE_COMMANDS.getDeviceId)).completion).toBe(0);
  });

  it.each([
    ["an unknown user", { username: "nobody" }, "challenge 129"],
    ["a wrong password, without a word", { password: "wrong" }, "silence"],
    [
      "more than the user may",
      { username: "guest", password: "guestpass", privilege: "operator" },
      "activate 134",
    ],
  ] as const)("refuses %s", async (_what, login, refusal) => {
    const { console } = await ipmiRig();
    expect(await console.login15(login)).toBe(refusal);
  });

  it("is all that a BMC of before RMCP+ offers", async () => {
    const { console } = await ipmiRig({}, ["n1=ipmi-suites:none"]);
    expect((await console.outside(app, 0x38, [0x8e, 4])).completion).toBe(0xcc);
    const { data } = await console.outside(app, 0x38, [0x0e, 4]);
    expect(valueOf(decodeAuthCapabilities(data))).toMatchObject({
      speaks15: true,
      speaks20: false,
    });
    expect(await console.payload("openSessionRequest", Buffer.alloc(32))).toBeNull();
    must(await console.login15());
  });
});

describe("a session", () => {
  it("begins as user and rises as far as its user may", async () => {
    const { console, acts } = await ipmiRig();
    const session = must(
      await console.login({ username: "oper", password: "operpass", privilege: "operator" }),
    );
    const raise = async (level: number) =>
      (await console.ask(session, app, SESSION_COMMANDS.setSessionPrivilege, [level])).completion;
    const power = async (control: number) =>
      (await console.ask(session, chassis, CHASSIS_COMMANDS.control, [control])).completion;
    expect(await power(1)).toBe(0xd4);
    expect(await raise(4)).toBe(0x81);
    expect(await raise(3)).toBe(0);
    expect(await power(1)).toBe(0);
    expect((await console.ask(session, app, DEVICE_COMMANDS.coldReset)).completion).toBe(0xd4);
    expect(acts().map(({ path, status }) => [path, status])).toEqual([
      ["Login", 0],
      ["Chassis Control", 0xd4],
      ["Chassis Control", 0],
      ["Cold Reset", 0xd4],
    ]);
  });

  it.each(["1.5", "2.0"] as const)(
    "of IPMI %s takes each number once and none from outside its window",
    async (version) => {
      const { console } = await ipmiRig();
      const session = version === "2.0" ? await console.live() : must(await console.login15());
      const first = session.next;
      const status = (): Buffer => console.request(chassis, CHASSIS_COMMANDS.getStatus);
      expect(await console.heard(session, status())).toHaveLength(1);
      expect(await console.heard(session, status(), first)).toEqual([]);
      expect(await console.heard(session, status(), first + 7)).toHaveLength(1);
      expect(await console.heard(session, status(), first + 3)).toHaveLength(1);
      expect(await console.heard(session, status(), first + 100)).toEqual([]);
      expect(await console.heard(session, status(), 0)).toEqual([]);
    },
  );

  it("numbers its own packets from 1 on, and in IPMI 1.5 from where the console said", async () => {
    const { console } = await ipmiRig();
    const ask = (): Buffer => console.request(app, DEVICE_COMMANDS.getDeviceId);
    const session = must(await console.login());
    const heard = [
      ...(await console.heard(session, ask())),
      ...(await console.heard(session, ask())),
    ];
    expect(heard).toMatchObject([
      { sequence: 1, sessionId: session.consoleId },
      { sequence: 2, sessionId: session.consoleId },
    ]);
    const old = must(await console.login15());
    expect(await console.heard(old, ask())).toMatchObject([{ sequence: 78, sessionId: old.id }]);
  });

  it("a packet that was changed on its way is dropped", async () => {
    const { console } = await ipmiRig();
    const session = must(await console.login());
    const sealed = session.seal(1, console.request(app, DEVICE_COMMANDS.getDeviceId));
    sealed.writeUInt8(sealed.readUInt8(20) ^ 1, 20);
    expect(await console.exchange(sealed)).toEqual([]);
  });

  it("takes one of five slots; one more is refused until one is closed or was idle for a minute", async () => {
    const { console, clock, simulator } = await ipmiRig();
    const sessions = [];
    for (let at = 0; at < 5; at += 1) sessions.push(await console.live());
    const full = `open ${RAKP_STATUS.noResources}`;
    expect(await console.login()).toBe(full);
    expect(await console.login15()).toBe("activate 129");
    const [first, second] = sessions;
    if (first === undefined || second === undefined) throw new Error("there are five");
    const id = Buffer.alloc(4);
    id.writeUInt32LE(first.id);
    expect((await console.ask(first, app, SESSION_COMMANDS.closeSession, id)).completion).toBe(0);
    must(await console.login());
    expect(await console.login()).toBe(full);
    clock.advance(50_000);
    await console.ask(second, app, DEVICE_COMMANDS.getDeviceId);
    clock.advance(20_000);
    for (let at = 0; at < 4; at += 1) must(await console.login());
    expect(await console.login()).toBe(full);
    expect((await console.ask(second, app, DEVICE_COMMANDS.getDeviceId)).completion).toBe(0);
    simulator.fault("n1=session-limit:9");
    must(await console.login());
  });

  it("a login that has begun is forgotten when eight others have begun, or after ten seconds", async () => {
    const { clock, console } = await ipmiRig();
    const begin = async (): Promise<number> => {
      const request = { tag: 1, privilege: 4, consoleId: 7, algorithms: SUITE_17 };
      const answer = await console.payload("openSessionRequest", encodeOpenRequest(request));
      return answer?.readUInt32LE(8) ?? 0;
    };
    const statusOf = async (bmcId: number) => {
      const known = { privilege: 4, isNameOnly: false, username: Buffer.from("admin") };
      const rakp1 = { tag: 2, bmcId, consoleRandom: Buffer.alloc(16), ...known };
      return (await console.payload("rakp1", encodeRakp1(rakp1)))?.[1];
    };
    const ids = [];
    for (let count = 0; count < 9; count += 1) ids.push(await begin());
    expect(await statusOf(ids[0] ?? 0)).toBe(RAKP_STATUS.invalidSessionId);
    expect(await statusOf(ids[1] ?? 0)).toBe(0);
    clock.advance(10_001);
    expect(await statusOf(ids[1] ?? 0)).toBe(RAKP_STATUS.invalidSessionId);
  });

  it("logins that go no further keep nobody out", async () => {
    const { console } = await ipmiRig({ sessionLimit: 1 });
    for (let at = 0; at < 20; at += 1)
      expect(await console.login({ username: "x" })).toMatch("rakp2");
    must(await console.login());
  });

  it("of another may be closed by an administrator alone", async () => {
    const { console, simulator } = await ipmiRig();
    const other = await IpmiConsole.open(simulator.ipmiAddresses.get("n1") ?? "");
    const guest = await other.live({ username: "guest", password: "guestpass", privilege: "user" });
    const admin = await console.live();
    const close = async (by: Live, id: number) => {
      const data = Buffer.alloc(4);
      data.writeUInt32LE(id);
      return (await console.ask(by, app, SESSION_COMMANDS.closeSession, data)).completion;
    };
    expect(await close(guest, admin.id)).toBe(0xd4);
    expect(await close(admin, (guest.id ^ 1) >>> 0)).toBe(0x87);
    expect(await close(admin, guest.id)).toBe(0);
    expect(await close(admin, guest.id)).toBe(0x87);
  });
});
