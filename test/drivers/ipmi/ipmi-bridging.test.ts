import { describe, expect, it, onTestFinished } from "vitest";
import { IpmiDriver } from "../../../drivers/ipmi/ipmi-driver.ts";
import {
  type IpmiFace,
  type Simulator,
  startSimulator,
} from "../../../drivers/simulator/start-simulator.ts";
import type { DriverAction } from "../../../schemas/action.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import { known, type Observation } from "../../../schemas/observation.ts";
import { aMachine } from "../../support/rack.ts";
import { performContext, testNode, testPorts, withLimits } from "../support/driver-bench.ts";

const TRANSIT = { channel: 0, address: 0x82 };
type Bmc = NonNullable<NodeSpec["bmc"]>;

interface Chassis {
  readonly simulator: Simulator;
  readonly see: (
    name: string,
    ...facets: Parameters<IpmiDriver["observe"]>[1]
  ) => Promise<Observation>;
  readonly sensors: (name: string) => ReturnType<NonNullable<IpmiDriver["readVendor"]>>;
  readonly act: (name: string, action: DriverAction) => ReturnType<IpmiDriver["perform"]>;
  /** Acts of another process. */
  readonly another: () => Chassis["act"];
  /** What was written down of acts: whose, and what came of them. */
  readonly acts: () => readonly string[];
  /** Logins that opened a session. */
  readonly logins: () => number;
}

/** Two machines behind one chassis's BMC, and one driver for both. */
async function chassis(face: IpmiFace = {}, spec: Partial<Bmc> = {}): Promise<Chassis> {
  const simulator = await startSimulator({
    machines: [aMachine("n1"), aMachine("n2")],
    timings: { powerOnMs: 0, powerOffMs: 0, gracefulMs: 0 },
    password: "calvin",
    ipmi: { layout: "one-port", ...face },
  });
  onTestFinished(() => simulator.close());
  const settings = withLimits({ requestSeconds: 1, connectSeconds: 1 });
  const opened = (): IpmiDriver => {
    const timings = { firstMs: 60, growth: 1.5 };
    const one = new IpmiDriver(testPorts({ settings }), { timings });
    onTestFinished(() => one.close());
    return one;
  };
  const driver = opened();
  const nodeOf = (name: string): ReturnType<typeof testNode> => {
    const address = simulator.ipmiAddresses.get(name) ?? "";
    const target = simulator.ipmiTargets.get(name);
    const login = { username: "admin", password: { env: "BMC_PASSWORD" } };
    const bridging = { target, ...spec.bridging };
    return testNode(name, { driver: "ipmi", bmc: { address, ...login, ...spec, bridging } });
  };
  const lines = (path: string): Simulator["log"] =>
    simulator.log.filter((call) => call.path === path && call.status === 0);
  return {
    simulator,
    see: (name, ...facets) => driver.observe(nodeOf(name), facets),
    sensors: (name) => driver.readVendor(nodeOf(name), { method: "get_sensors", args: {} }),
    act: (name, action) => driver.perform(nodeOf(name), action, performContext()),
    another: () => {
      const successor = opened();
      return (name, action) => successor.perform(nodeOf(name), action, performContext());
    },
    acts: () =>
      simulator.log.flatMap(({ machine, effect }) =>
        machine === null ? [] : [`${machine}: ${effect}`],
      ),
    logins: () => lines("Login").length,
  };
}

const ON = { verb: "power.on" } as const;
const OPEN = { verb: "session.open" } as const;

describe("a machine that is not reached behind its chassis's BMC", () => {
  it("whose slot is empty: a read says so, and is not sent on and on", async () => {
    const { see, simulator } = await chassis();
    simulator.fault("n1=ipmi-nak:1");
    const seen = await see("n1", "power", "identity");
    expect(seen.unreachable).toMatchObject({ kind: "transient", code: "IW-B13" });
    expect(seen.unreachable?.message).toMatch(
      /^BMC ipmi:\/\/127.0.0.1:\d+ channel 7 address 22h is not there: nobody took the request \(completion code 83h of Send Message\); check /,
    );
    expect(seen.unreachable?.cause).toBe("completion code 83h of Send Message");
    // A read that goes on would find it there again.
    expect(known(await see("n1", "power"), "power")).toBe("off");
  });

  it.each([
    ["/80", "stalled", "IW-B10", "without a session of its own"],
    ["/c1", "stalled", "IW-B18", "the controller before it knows no bridging"],
    [
      "/cc",
      "stalled",
      "IW-B10",
      "is on no channel of the controller before it (completion code CCh of Send Message); correct",
    ],
    ["/d3", "transient", "IW-B13", "is not reached by the controller before it"],
    ["/d4", "stalled", "IW-B20", "the session's privilege is too low for bridging"],
    [
      "/d5",
      "transient",
      "IW-B10",
      "is not reached: its bridge refuses the command in its present state",
    ],
  ])("by the code %s: a read fails, and says why", async (code, kind, failure, words) => {
    const { see, simulator } = await chassis();
    simulator.fault(`n1=ipmi-nak:${code}`);
    const reading = (await see("n1", "power")).facets["power"];
    expect(reading).toMatchObject({ known: false, why: { kind, code: failure } });
    expect(JSON.stringify(reading)).toContain("channel 7 address 22h");
    expect(JSON.stringify(reading)).toContain(words);
  });

  it.each(["/81", "/82", "/c0"])("for a moment (%s): a read comes through", async (code) => {
    const { see, simulator } = await chassis();
    simulator.fault(`n1=ipmi-nak:1${code}`);
    expect(known(await see("n1", "power"), "power")).toBe("off");
  });

  it.each([
    ["83", "refused", "IW-B13"],
    ["81", "refused", "IW-B08"],
    ["82", "unknown", "IW-B12"],
    ["c3", "unknown", "IW-B12"],
    ["cc", "refused", "IW-B10"],
  ])("by the code %sh: an act is %s", async (code, sent, failure) => {
    const { act, acts, simulator } = await chassis();
    await act("n1", OPEN);
    simulator.fault(`n1=ipmi-nak:/${code}`);
    const performed = await act("n1", ON);
    expect(performed).toMatchObject({ sent, failure: { code: failure } });
    expect(JSON.stringify(performed)).toContain("channel 7 address 22h");
    expect(acts()).toEqual([]);
  });

  it("because the address is wrong: so behind a transit, and the transit's own", async () => {
    const target = { channel: 7, address: 0x7e };
    const twice = await chassis({}, { bridging: { target, transit: TRANSIT } });
    const seen = await twice.see("n1", "power");
    expect(seen.unreachable?.message).toMatch(
      /:\d+ channel 0 address 82h channel 7 address 7Eh is not there/,
    );
    const astray = await chassis({}, { bridging: { transit: { channel: 0, address: 0x84 } } });
    const lost = await astray.see("n1", "power");
    expect(lost.unreachable?.message).toMatch(/:\d+ channel 0 address 84h is not there/);
  });

  it.each(["apart", "within"] as const)(
    "that takes all and says nothing (%s) costs the other no session",
    async (bridged) => {
      const { act, logins, see, simulator } = await chassis({ bridged });
      await act("n2", OPEN);
      simulator.fault("n1=ipmi-lose-request");
      const seen = await see("n1", "power");
      expect(seen.unreachable).toMatchObject({ code: "IW-B01" });
      expect(seen.unreachable?.message).toContain("channel 7 address 22h does not answer; the BMC");
      expect(await act("n2", ON)).toEqual({ sent: true });
      expect(logins()).toBe(1);
    },
  );

  it("does not know what came of an act whose answer was lost, and looking tells", async () => {
    const { act, acts, see, simulator } = await chassis();
    await act("n1", OPEN);
    simulator.fault("n1=drop-after");
    const performed = await act("n1", ON);
    expect(performed).toMatchObject({ sent: "unknown", failure: { code: "IW-B12" } });
    expect(JSON.stringify(performed)).toContain("channel 7 address 22h did not answer the act");
    expect(known(await see("n1", "power"), "power")).toBe("on");
    expect(acts()).toEqual(["n1: powering on"]);
  });

  it("is told from a BMC that passes nothing on", async () => {
    const { see } = await chassis({ layout: "port-per-bmc" }, { bridging: { target: TRANSIT } });
    const seen = await see("n1", "power");
    expect(JSON.stringify(seen)).toContain("the controller before it knows no bridging");
  });
});

describe("a machine behind its chassis's BMC", () => {
  it.each([
    ["once, by suite 17", {}, {}],
    ["once, by IPMI 1.5", {}, { ipmiVersion: 1.5 as const }],
    ["once, answers within answers", { bridged: "within" as const }, {}],
    ["twice", {}, { bridging: { transit: TRANSIT } }],
    [
      "twice, answers within answers",
      { bridged: "within" as const },
      { bridging: { transit: TRANSIT } },
    ],
  ])("is read and done all to, passed on %s", async (_name, face, spec) => {
    const { act, acts, logins, see } = await chassis(face, spec);
    const seen = await see("n2", "identity", "power", "bootDevice", "indicators", "eventLog");
    expect(seen.vendor).toBe("Dell");
    expect(known(seen, "identity")).toMatchObject({
      serial: "S-n2",
      systemUuid: "00000000-0000-4000-8000-000000000002",
    });
    expect(known(seen, "power")).toBe("off");
    await act("n2", OPEN);
    const boot = { verb: "management.setBootDevice", device: "pxe", persistent: true } as const;
    expect(await act("n2", boot)).toEqual({ sent: true });
    expect(await act("n2", ON)).toEqual({ sent: true });
    const after = await see("n2", "bootDevice", "power");
    expect(known(after, "bootDevice")).toEqual({ device: "pxe", persistent: true });
    expect(known(after, "power")).toBe("on");
    expect(known(await see("n1", "power"), "power")).toBe("off");
    expect(acts().filter((line) => !line.endsWith("taken"))).toEqual(["n2: powering on"]);
    expect(logins()).toBe(1);
  });

  it("shows its own sensors", async () => {
    const { sensors } = await chassis();
    expect(await sensors("n2")).toMatchObject({
      ok: true,
      value: [{ name: "Inlet Temp" }, { name: "CPU1 Temp" }, { name: "Fan1" }, { name: "12V" }],
    });
  });

  it("is another one than its neighbour, and than the chassis itself, in one session", async () => {
    const { see, logins } = await chassis();
    const both = [
      await see("n1", "identity"),
      await see("n2", "identity"),
      await see("n1", "identity"),
    ];
    const serials = both.map((seen) => known(seen, "identity")?.serial);
    expect(serials).toEqual(["S-n1", "S-n2", "S-n1"]);
    expect(logins()).toBe(1);
  });

  it.each([
    "ipmi-lose-request:1",
    "ipmi-lose-answer:1",
    "ipmi-double:3",
    "ipmi-late:1",
    "ipmi-garbage:1",
    "ipmi-other-request:1",
    "ipmi-busy:1",
    "expire-sessions",
    "slow:20ms",
  ])("is read through %s of its own", async (fault) => {
    const { see, simulator } = await chassis();
    await see("n1", "power");
    expect(simulator.fault(`n1=${fault}`)).toBeNull();
    const seen = [await see("n1", "power"), await see("n2", "power"), await see("n1", "power")];
    expect(seen.map((one) => known(one, "power"))).toEqual(["off", "off", "off"]);
  });

  it("a session that is lost is lost to all, and no act goes into another one unnamed", async () => {
    const { act, acts, see, simulator } = await chassis();
    const first = await act("n1", OPEN);
    expect(await act("n2", OPEN)).toEqual(first);
    simulator.fault("chassis-manager=expire-sessions");
    expect(known(await see("n1", "power"), "power")).toBe("off");
    for (const name of ["n1", "n2"])
      expect(await act(name, ON)).toMatchObject({ sent: false, failure: { code: "IW-B14" } });
    expect(await act("n2", OPEN)).not.toEqual(first);
    expect(await act("n2", ON)).toEqual({ sent: true });
    expect(await act("n1", ON)).toMatchObject({ sent: false });
    expect(acts()).toEqual(["n2: powering on"]);
  });

  it("the end of a session by its name, for one, is the end for both, and done twice", async () => {
    const { act } = await chassis();
    const opened = await act("n1", OPEN);
    await act("n2", OPEN);
    const session = "session" in opened ? (opened.session ?? "") : "";
    expect(await act("n1", { verb: "session.end", session })).toEqual({ sent: true });
    expect(await act("n2", ON)).toMatchObject({ sent: false, failure: { code: "IW-B14" } });
    expect(await act("n2", { verb: "session.end", session })).toEqual({ sent: true });
  });

  it("a takeover of one ends the dead holder's session for both, whoever ends it first", async () => {
    const { act, acts, another } = await chassis();
    const opened = await act("n1", OPEN);
    expect(await act("n2", OPEN)).toEqual(opened);
    const session = "session" in opened ? (opened.session ?? "") : "";
    const successor = another();
    for (const name of ["n1", "n2"])
      expect(await successor(name, { verb: "session.end", session })).toEqual({ sent: true });
    // The holder was only paused: what it sends is heard by nobody.
    expect(await act("n2", ON)).toMatchObject({ sent: "unknown" });
    expect(acts()).toEqual([]);
    await successor("n2", OPEN);
    expect(await successor("n2", ON)).toEqual({ sent: true });
    expect(acts()).toEqual(["n2: powering on"]);
  });

  it("both asked at once are answered one after the other", async () => {
    const { see, logins } = await chassis();
    const all = ["n1", "n2", "n1", "n2", "n1", "n2"].map((name) => see(name, "identity"));
    const serials = (await Promise.all(all)).map((seen) => known(seen, "identity")?.serial);
    expect(serials).toEqual(["S-n1", "S-n2", "S-n1", "S-n2", "S-n1", "S-n2"]);
    expect(logins()).toBe(1);
  });

  it("a wrong password is counted once, for the chassis's BMC", async () => {
    const { see, simulator } = await chassis();
    simulator.fault("chassis-manager=wrong-password");
    expect((await see("n1", "power")).unreachable).toMatchObject({ code: "IW-B04" });
    expect((await see("n2", "power")).unreachable).toMatchObject({ code: "IW-B04" });
    const tried = simulator.log.filter(({ path }) => path === "Login");
    expect(tried).toHaveLength(1);
  });
});
