import { describe, expect, it } from "vitest";
import { CHASSIS_COMMANDS } from "../../../drivers/ipmi/packets/chassis.ts";
import { decodeDeviceId, DEVICE_COMMANDS } from "../../../drivers/ipmi/packets/device.ts";
import {
  decodeLanResponse,
  encodeLanRequest,
  lanRequest,
  type LanResponse,
  NET_FN,
} from "../../../drivers/ipmi/packets/lan-message.ts";
import {
  encodeSendMessage,
  type Handling,
  SEND_MESSAGE,
} from "../../../drivers/ipmi/packets/send-message.ts";
import { SESSION_COMMANDS } from "../../../drivers/ipmi/packets/session-commands.ts";
import { CHASSIS_MACHINES_MAX } from "../../../drivers/simulator/ipmi/chassis.ts";
import {
  FaultError,
  type IpmiFace,
  startSimulator,
} from "../../../drivers/simulator/start-simulator.ts";
import { aMachine } from "../../support/rack.ts";
import { mutated, randomOf } from "../ipmi/packets/fuzzing.ts";
import type { Login } from "./ipmi-console.ts";
import { type IpmiRig, ipmiRig } from "./ipmi-rig.ts";

const { app, chassis } = NET_FN;
const N1 = 0x22;
const N2 = 0x24;

interface Asked {
  readonly channel?: number;
  readonly handling?: Handling;
  readonly netFn?: number;
  readonly command?: number;
  readonly data?: readonly number[];
}

interface ChassisRig extends IpmiRig {
  /** What comes back for a request to somebody on the bus, in order. */
  readonly pass: (address: number, asked?: Asked) => Promise<readonly LanResponse[]>;
  /** The same for any data of Send Message. */
  readonly send: (data: Buffer) => Promise<readonly LanResponse[]>;
}

async function chassisRig(face: IpmiFace = {}, login: Login = {}): Promise<ChassisRig> {
  const rack = await ipmiRig({ layout: "one-port", ...face });
  const session = await rack.console.live(login);
  const send = async (data: Buffer): Promise<readonly LanResponse[]> => {
    const heard = await rack.console.heard(session, rack.console.request(app, SEND_MESSAGE, data));
    return heard.flatMap((one) => (one === null ? [] : [one.response]));
  };
  return {
    ...rack,
    send,
    pass: (address, asked = {}) => {
      const { channel = 7, handling = "tracked" } = asked;
      return send(encodeSendMessage({ channel, handling, message: messageTo(address, asked) }));
    },
  };
}

/** Get Device ID, unless another command is asked. */
function messageTo(address: number, asked: Asked): Buffer {
  const { netFn = app, command = DEVICE_COMMANDS.getDeviceId, data = [] } = asked;
  const request = lanRequest(netFn, command, Buffer.from(data), 9);
  return encodeLanRequest({ ...request, responder: address, requester: 0x20 });
}

const powerOn = { netFn: chassis, command: CHASSIS_COMMANDS.control, data: [1] };
const codes = (heard: readonly LanResponse[]): readonly string[] =>
  heard.map(
    ({ responder, completion }) => `${responder.toString(16)}h ${completion.toString(16)}h`,
  );

describe("a chassis's BMC refuses to pass on", () => {
  it.each<[string, number, Asked, string]>([
    ["to nobody", 0x7e, {}, "20h 83h"],
    ["to a machine at another channel", N1, { channel: 3 }, "20h cch"],
    ["what nobody tracks", N1, { handling: "untracked" }, "20h cch"],
    ["raw bytes", N1, { handling: "raw" }, "20h cch"],
    ["to nobody behind it at channel 0", N1, { channel: 0 }, "20h 83h"],
  ])("%s", async (_name, address, asked, code) => {
    const { pass, acts } = await chassisRig();
    expect(codes(await pass(address, { ...powerOn, ...asked }))).toEqual([code]);
    expect(acts().filter(({ machine }) => machine !== null)).toEqual([]);
  });

  it("without data, and outside a session", async () => {
    const { console, send } = await chassisRig();
    expect(codes(await send(Buffer.alloc(0)))).toEqual(["20h c7h"]);
    const data = encodeSendMessage({ channel: 7, handling: "tracked", message: messageTo(N1, {}) });
    expect((await console.outside(app, SEND_MESSAGE, [...data])).completion).toBe(0xd4);
  });

  it("anything where each machine has a port of its own", async () => {
    const { pass } = await chassisRig({ layout: "port-per-bmc" });
    expect(codes(await pass(N1))).toEqual(["20h c1h"]);
  });

  it("more machines than a bus has addresses for, and a fault of a machine that is not there", async () => {
    const machines = Array.from({ length: CHASSIS_MACHINES_MAX + 1 }, (_, n) => aMachine(`n${n}`));
    const started = startSimulator({ machines, ipmi: { layout: "one-port" } });
    await expect(started).rejects.toThrow(FaultError);
    await expect(started).rejects.toThrow(/room for 103 machines, and there are 104; start fewer/);
    const { simulator } = await chassisRig();
    expect(simulator.fault("n9=ipmi-nak")?.message).toContain("no simulated machine is called n9");
    expect(simulator.fault("n1=ipmi-nak:/9")?.message).toContain(
      "takes a number, and a completion code",
    );
    expect(simulator.fault("chassis-manager=session-limit:1")).toBeNull();
  });
});

describe("a chassis's BMC", () => {
  it("passes on, and brings the answer in a message of its own, the machine's", async () => {
    const { pass, acts, power } = await chassisRig();
    expect(codes(await pass(N1, powerOn))).toEqual(["20h 0h", "22h 0h"]);
    expect(await power()).toMatchObject({ PowerState: "PoweringOn" });
    expect(acts().at(-1)).toMatchObject({ machine: "n1", path: "Chassis Control", status: 0 });
  });

  it("or within its own", async () => {
    const { pass } = await chassisRig({ bridged: "within" });
    const [answer, ...more] = await pass(N2);
    expect(more).toEqual([]);
    const within = decodeLanResponse(answer?.data ?? Buffer.alloc(0));
    expect(within).toMatchObject({ ok: true, value: { responder: N2, rqSeq: 9, completion: 0 } });
  });

  it("is a machine of its own", async () => {
    const { console, pass } = await chassisRig();
    const own = await console.ask(await console.live(), app, DEVICE_COMMANDS.getDeviceId);
    const [, theirs] = await pass(N1);
    const makers = [own, theirs].map((one) => {
      const id = decodeDeviceId(one?.data ?? Buffer.alloc(0));
      return id.ok ? id.value.manufacturer : id.reason;
    });
    expect(makers).toEqual([32_473, 674]);
  });

  it("takes a request with a wrong checksum that the machine then leaves unanswered", async () => {
    const { acts, send } = await chassisRig();
    const message = messageTo(N1, powerOn);
    message.writeUInt8(message.readUInt8(message.length - 1) ^ 1, message.length - 1);
    const data = encodeSendMessage({ channel: 7, handling: "tracked", message });
    expect(codes(await send(data))).toEqual(["20h 0h"]);
    expect(acts().filter(({ machine }) => machine !== null)).toEqual([]);
  });

  it("lets a machine be without sessions: their commands are not known, and its reset ends none", async () => {
    const { clock, pass } = await chassisRig();
    const privilege = { command: SESSION_COMMANDS.setSessionPrivilege, data: [4] };
    expect(codes(await pass(N1, privilege))).toEqual(["20h 0h", "22h c1h"]);
    expect(codes(await pass(N1, { command: DEVICE_COMMANDS.coldReset }))).toEqual([
      "20h 0h",
      "22h 0h",
    ]);
    expect(codes(await pass(N1))).toEqual(["20h 83h"]);
    expect(codes(await pass(N2))).toEqual(["20h 0h", "24h 0h"]);
    clock.advance(1001);
    expect(codes(await pass(N1))).toEqual(["20h 0h", "22h 0h"]);
  });

  it("lets a machine do only what the session's level allows", async () => {
    const guest = { username: "guest", password: "guestpass", privilege: "user" } as const;
    const { pass } = await chassisRig({}, guest);
    expect(codes(await pass(N1))).toEqual(["20h 0h", "22h 0h"]);
    expect(codes(await pass(N1, powerOn))).toEqual(["20h 0h", "22h d4h"]);
  });

  it("does not fall by any bytes that are passed on", { timeout: 60_000 }, async () => {
    const { pass, send } = await chassisRig();
    const seeds = [0, 7].map((channel) =>
      encodeSendMessage({ channel, handling: "tracked", message: messageTo(N1, {}) }),
    );
    const random = randomOf(7);
    for (let at = 0; at < 300; at += 1) await send(mutated(random, seeds).subarray(0, 60));
    expect(codes(await pass(N2))).toEqual(["20h 0h", "24h 0h"]);
  });
});
