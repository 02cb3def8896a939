import { networkInterfaces } from "node:os";
import { describe, expect, it, onTestFinished } from "vitest";
import type { BmcCall } from "../../../drivers/driver.ts";
import { CHASSIS_COMMANDS } from "../../../drivers/ipmi/packets/chassis.ts";
import { NET_FN } from "../../../drivers/ipmi/packets/lan-message.ts";
import { type Failure, failure } from "../../../schemas/failure.ts";
import { known, type PowerState } from "../../../schemas/observation.ts";
import { performContext } from "../support/driver-bench.ts";
import { ipmiRig, type IpmiRig, type RigOptions } from "./support/ipmi-rig.ts";
import type { SeenCommand } from "./support/small-ipmi-machine.ts";

async function rigOf(options: RigOptions = {}): Promise<IpmiRig> {
  const rig = await ipmiRig(options);
  onTestFinished(() => rig.close());
  return rig;
}

async function powerOf({ driver, node }: IpmiRig): Promise<PowerState | undefined> {
  return known(await driver.observe(node, ["power"]), "power");
}

function isStatus({ netFn, command }: SeenCommand): boolean {
  return netFn === NET_FN.chassis && command === CHASSIS_COMMANDS.getStatus;
}

function hasIpv6(): boolean {
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  return all.some(({ address }) => address === "::1");
}

const OPEN = { verb: "session.open" } as const;
const ON = { verb: "power.on" } as const;
const OFF = { verb: "power.off" } as const;

describe("the session with a BMC", () => {
  it.runIf(hasIpv6())("is over IPv6 too, however the address is written", async () => {
    const rig = await rigOf({ bmc: { family: "udp6" } });
    const address = `ipmi://[0:0::0:0:1]:${rig.bmc.port}`;
    const node = {
      ...rig.node,
      spec: { ...rig.node.spec, bmc: { ...rig.node.spec.bmc, address } },
    };
    expect(await powerOf({ ...rig, node })).toBe("off");
  });

  it("is opened at the first need, and a hundred reads are a hundred packets in it", async () => {
    const rig = await rigOf();
    await powerOf(rig);
    const before = rig.bmc.datagramCount;
    for (let count = 0; count < 100; count += 1) expect(await powerOf(rig)).toBe("off");
    expect(rig.bmc.datagramCount - before).toBe(100);
    expect(rig.bmc.active()).toBe(1);
  });

  it("is one, also where many ask at once, and each is answered", async () => {
    const rig = await rigOf();
    const all = await Promise.all(Array.from({ length: 30 }, () => powerOf(rig)));
    expect(new Set(all)).toEqual(new Set(["off"]));
    expect(rig.bmc.active()).toBe(1);
  });

  it("is closed at the BMC when it is idle, and opened again when somebody asks", async () => {
    const rig = await rigOf({ driver: { idleMs: 20 } });
    await powerOf(rig);
    expect(rig.bmc.active()).toBe(1);
    await expect.poll(() => rig.bmc.active()).toBe(0);
    expect(await powerOf(rig)).toBe("off");
  });

  it("that was made ready for an act is kept alive while the act waits for its turn", async () => {
    const rig = await rigOf({ driver: { idleMs: 20 } });
    await rig.driver.perform(rig.node, OPEN, performContext());
    const before = rig.bmc.datagramCount;
    await expect.poll(() => rig.bmc.datagramCount).toBeGreaterThan(before + 3);
    expect(rig.bmc.active()).toBe(1);
    expect(await rig.driver.perform(rig.node, ON, performContext())).toEqual({ sent: true });
  });

  it("is closed at the BMC when the driver is closed", async () => {
    const rig = await rigOf();
    await powerOf(rig);
    await rig.driver.close();
    expect(rig.bmc.active()).toBe(0);
  });

  it("outlives a BMC that stands still for some seconds, which costs no second slot", async () => {
    const rig = await rigOf();
    await powerOf(rig);
    const { length } = rig.bmc.logins;
    let stands = true;
    // It goes on when it is asked what it speaks, outside any session.
    rig.bmc.drop = (bytes) => {
      if (bytes[4] === 0) stands = false;
      return stands;
    };
    expect(await powerOf(rig)).toBe("off");
    expect([rig.bmc.active(), rig.bmc.logins.length]).toEqual([1, length]);
  });

  it("that vanished is opened anew by a read, and by no act", async () => {
    const rig = await rigOf();
    await rig.driver.perform(rig.node, OPEN, performContext());
    rig.bmc.forget();
    const lost = await rig.driver.perform(rig.node, ON, performContext({ requestMaxMs: 100 }));
    expect(lost).toMatchObject({ sent: "unknown", failure: { code: "IW-B12", kind: "ambiguous" } });
    expect(rig.bmc.mutations()).toEqual([]);
    expect(await powerOf(rig)).toBe("off");
    const early = await rig.driver.perform(rig.node, ON, performContext());
    expect(early).toMatchObject({ sent: false, failure: { code: "IW-B14", kind: "conflict" } });
    await rig.driver.perform(rig.node, OPEN, performContext());
    expect(await rig.driver.perform(rig.node, ON, performContext())).toEqual({ sent: true });
  });

  it("is not logged in to by session.open where the engine's check says no", async () => {
    const rig = await rigOf();
    const why = failure("stalled", "IW-L02", "the lease was lost; plan again");
    const check = (): Promise<Failure> => Promise.resolve(why);
    const refused = await rig.driver.perform(rig.node, OPEN, performContext({ check }));
    expect(refused).toEqual({ sent: false, failure: why });
    expect(rig.bmc.logins).toEqual([]);
    await powerOf(rig);
    const kept = await rig.driver.perform(rig.node, OPEN, performContext({ check }));
    expect(kept, "nor is a living session named").toEqual({ sent: false, failure: why });
    expect(await rig.driver.perform(rig.node, ON, performContext())).toMatchObject({ sent: false });
  });

  it("that vanished is opened anew by session.open, which names the new one", async () => {
    const rig = await rigOf();
    const first = await rig.driver.perform(rig.node, OPEN, performContext());
    const second = await rig.driver.perform(rig.node, OPEN, performContext());
    expect(second).toEqual(first);
    rig.bmc.forget();
    const third = await rig.driver.perform(rig.node, OPEN, performContext());
    expect(third.sent).toBe(true);
    expect(third).not.toEqual(first);
  });

  it("of a dead holder is ended by its name, from another process", async () => {
    const rig = await rigOf();
    const opened = await rig.driver.perform(rig.node, OPEN, performContext());
    const session = "session" in opened ? (opened.session ?? "") : "";
    const { driver, node } = await rigOf();
    const bmc = { ...node.spec.bmc, address: rig.bmc.address };
    const there = { ...node, spec: { ...node.spec, bmc } };
    const end = { verb: "session.end", session } as const;
    expect(await driver.perform(there, end, performContext())).toEqual({ sent: true });
    expect(await driver.perform(there, end, performContext()), "gone already").toEqual({
      sent: true,
    });
    const late = await rig.driver.perform(rig.node, ON, performContext({ requestMaxMs: 50 }));
    expect(late.sent, "the old holder's act does not reach the machine").toBe("unknown");
    expect(rig.bmc.isOn).toBe(false);
  });

  it("of a name that is none of IPMI is not looked for", async () => {
    const rig = await rigOf();
    const end = { verb: "session.end", session: "/redfish/v1/Sessions/1" } as const;
    const ended = await rig.driver.perform(rig.node, end, performContext());
    expect(ended).toMatchObject({ sent: false, failure: { code: "IW-B14", kind: "stalled" } });
  });
});

describe("a network and a BMC that err", () => {
  it("a lost request and a lost answer of a read are asked again", async () => {
    const rig = await rigOf();
    await powerOf(rig);
    let lost = 0;
    rig.bmc.misbehave = (seen) => {
      lost += 1;
      return isStatus(seen) && lost <= 2 ? null : undefined;
    };
    expect(await powerOf(rig)).toBe("off");
    expect(lost).toBe(3);
    expect(rig.bmc.active(), "in the same session").toBe(1);
  });

  it("doubled and late answers are dropped, and no read gets another one's answer", async () => {
    const rig = await rigOf();
    const late: Buffer[] = [];
    rig.bmc.reply = (bytes) => {
      late.push(bytes);
      return [...late.slice(-4), bytes, bytes];
    };
    for (let count = 0; count < 40; count += 1) {
      rig.bmc.isOn = count % 2 === 0;
      expect(await powerOf(rig)).toBe(rig.bmc.isOn ? "on" : "off");
    }
    expect(rig.lines.some((line) => line.includes("dropped"))).toBe(true);
  });

  it("answers with session numbers far off are none", async () => {
    const rig = await rigOf();
    await powerOf(rig);
    const [session] = rig.bmc.sessions.values();
    session!.sequence += 1000;
    expect(await powerOf(rig), "another session is opened").toBe("off");
    expect(rig.bmc.active()).toBe(2);
  });

  it("a BMC that answers only for others is asked no more after the first facet", async () => {
    const rig = await rigOf();
    await powerOf(rig);
    const [session] = rig.bmc.sessions.values();
    rig.bmc.reply = () => [rig.bmc.sealed({ ...session!, consoleId: 77 }, Buffer.from("00"))];
    const began = performance.now();
    const facets = ["power", "identity", "bootDevice", "tasks", "eventLog"] as const;
    const seen = await rig.driver.observe(rig.node, facets);
    expect(seen.unreachable).toMatchObject({ code: "IW-B24" });
    expect(performance.now() - began, "one read's time").toBeLessThan(2 * 2000);
  });

  it.each([0xc0, 0xc3, 0xc4, 0xd2])("completion code %i of a read passes", async (completion) => {
    const rig = await rigOf();
    let count = 0;
    rig.bmc.misbehave = (seen) => {
      if (!isStatus(seen)) return undefined;
      count += 1;
      return count <= 2 ? { completion } : undefined;
    };
    expect(await powerOf(rig)).toBe("off");
    expect(count).toBe(3);
  });

  it.each([
    [0xc0, "IW-B08", "transient"],
    [0xc1, "IW-B18", "stalled"],
    [0xcc, "IW-B10", "stalled"],
    [0xd1, "IW-B17", "waiting"],
    [0xd4, "IW-B20", "stalled"],
    [0x80, "IW-B10", "stalled"],
  ])("completion code %i that stays is %s", async (completion, code, kind) => {
    const rig = await rigOf();
    rig.bmc.misbehave = (seen) => (isStatus(seen) ? { completion } : undefined);
    const { facets } = await rig.driver.observe(rig.node, ["power"]);
    expect(facets.power).toMatchObject({ known: false, why: { code, kind } });
  });

  it.each([
    [0xd5, "refused", "IW-B10"],
    [0xd4, "refused", "IW-B20"],
    [0xc0, "refused", "IW-B08"],
    [0xc3, "unknown", "IW-B12"],
    [0xcf, "unknown", "IW-B12"],
    [0xff, "unknown", "IW-B12"],
  ])("an act that is answered by %i is %s and was sent once", async (completion, sent, code) => {
    const rig = await rigOf();
    await rig.driver.perform(rig.node, OPEN, performContext());
    rig.bmc.misbehave = ({ netFn, command }) =>
      netFn === NET_FN.chassis && command === CHASSIS_COMMANDS.control ? { completion } : undefined;
    const performed = await rig.driver.perform(rig.node, ON, performContext());
    expect(performed).toMatchObject({ sent, failure: { code } });
    expect(rig.bmc.mutations()).toHaveLength(1);
  });

  it("an act that is stopped while the engine's check is asked is not sent, and is known not to be", async () => {
    const rig = await rigOf();
    await rig.driver.perform(rig.node, OPEN, performContext());
    const stop = new AbortController();
    const check = (): Promise<null> => {
      stop.abort();
      return Promise.resolve(null);
    };
    const context = performContext({ check, signal: stop.signal });
    expect(await rig.driver.perform(rig.node, ON, context)).toMatchObject({ sent: false });
    expect(rig.bmc.mutations()).toEqual([]);
  });

  it("an act whose answer is lost is one datagram, however long it is waited for", async () => {
    const rig = await rigOf();
    await rig.driver.perform(rig.node, OPEN, performContext());
    rig.bmc.misbehave = ({ netFn, command }) =>
      netFn === NET_FN.chassis && command === CHASSIS_COMMANDS.control ? null : undefined;
    const before = rig.bmc.datagramCount;
    const performed = await rig.driver.perform(rig.node, ON, performContext({ requestMaxMs: 400 }));
    expect(performed).toMatchObject({ sent: "unknown", failure: { code: "IW-B12" } });
    expect(rig.bmc.datagramCount).toBe(before + 1);
  });

  it("an act whose answer comes twice and late is one act, and the next one is its own", async () => {
    const rig = await rigOf();
    await rig.driver.perform(rig.node, OPEN, performContext());
    const late: Buffer[] = [];
    rig.bmc.reply = (bytes) => {
      late.push(bytes);
      return [...late, bytes];
    };
    for (const act of [ON, OFF, ON]) {
      expect(await rig.driver.perform(rig.node, act, performContext())).toEqual({ sent: true });
      expect(rig.bmc.isOn).toBe(act === ON);
    }
    expect(rig.bmc.mutations()).toHaveLength(3);
  });
});

describe("who counts", () => {
  it("is told of each login, read and act with its completion code", async () => {
    const calls: string[] = [];
    const called = ({ kind, result }: BmcCall): void => void calls.push(`${kind} ${result}`);
    const rig = await rigOf({ wire: { called } });
    await powerOf(rig);
    await rig.driver.perform(rig.node, OPEN, performContext());
    await rig.driver.perform(rig.node, ON, performContext());
    expect(calls).toEqual(["login 00h", "read 00h", "read 00h", "act 00h"]);
  });
});
