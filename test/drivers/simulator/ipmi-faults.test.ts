import { describe, expect, it } from "vitest";
import { CHASSIS_COMMANDS } from "../../../drivers/ipmi/packets/chassis.ts";
import { DEVICE_COMMANDS } from "../../../drivers/ipmi/packets/device.ts";
import { NET_FN } from "../../../drivers/ipmi/packets/lan-message.ts";
import { RAKP_STATUS } from "../../../drivers/ipmi/packets/rakp.ts";
import { type IpmiRig, ipmiRig } from "./ipmi-rig.ts";

const { app, chassis } = NET_FN;

async function sessionRig() {
  const rack = await ipmiRig();
  const session = await rack.console.live();
  const status = (): Buffer => rack.console.request(chassis, CHASSIS_COMMANDS.getStatus);
  const heard = () => rack.console.heard(session, status());
  return { ...rack, session, status, heard };
}

const powerOn = ({ console }: IpmiRig): Buffer =>
  console.request(chassis, CHASSIS_COMMANDS.control, [1]);

describe("lies on the wire", () => {
  it("a request that is lost does nothing, an answer that is lost was meant", async () => {
    const rack = await sessionRig();
    const { simulator, console, session, power } = rack;
    simulator.fault("n1=ipmi-lose-request:1");
    expect(await console.heard(session, powerOn(rack))).toEqual([]);
    expect(await power()).toMatchObject({ PowerState: "Off" });
    simulator.fault("n1=ipmi-lose-answer:1");
    expect(await console.heard(session, powerOn(rack))).toEqual([]);
    expect(await power()).toMatchObject({ PowerState: "PoweringOn" });
    expect(await rack.heard()).toHaveLength(1);
  });

  it("an answer comes twice, the same to the last bit", async () => {
    const { simulator, console, session, status } = await sessionRig();
    simulator.fault("n1=ipmi-double:1");
    const [one, two, ...more] = await console.exchange(session.seal(session.next, status()));
    expect(one).toBeDefined();
    expect(one).toEqual(two);
    expect(more).toEqual([]);
  });

  it("an answer comes behind the next one", async () => {
    const { simulator, console, session, status, heard } = await sessionRig();
    simulator.fault("n1=ipmi-late:1");
    const first = status();
    expect(await console.heard(session, first)).toEqual([]);
    // The pong of before released it.
    expect(await heard()).toMatchObject([
      { sequence: 2, response: { rqSeq: (first.readUInt8(4) >> 2) & 63 } },
      { sequence: 3 },
    ]);
  });

  it("an answer is bytes without sense", async () => {
    const { simulator, heard } = await sessionRig();
    simulator.fault("n1=ipmi-garbage:1");
    expect(await heard()).toEqual([null]);
    expect(await heard()).toMatchObject([{ response: { completion: 0 } }]);
  });

  it("an answer has a number far off, another request's, or another session's", async () => {
    const { simulator, console, session, status } = await sessionRig();
    const { consoleId } = session;
    simulator.fault("n1=ipmi-bad-sequence:1");
    expect(await console.heard(session, status())).toMatchObject([{ sequence: 0x1000 + 2 }]);
    simulator.fault("n1=ipmi-other-request:1");
    const request = status();
    const rqSeq = ((request.readUInt8(4) >> 2) + 1) % 64;
    expect(await console.heard(session, request)).toMatchObject([{ response: { rqSeq } }]);
    simulator.fault("n1=ipmi-other-session:1");
    const [answer] = await console.heard(session, status());
    expect(answer?.sessionId).not.toBe(consoleId);
    expect(await console.heard(session, status())).toMatchObject([{ sessionId: consoleId }]);
  });

  it("slow answers after its time", async () => {
    const { simulator, clock, console, session, status } = await sessionRig();
    simulator.fault("n1=slow:3s");
    let isAnswered = false;
    const asked = console.heard(session, status()).then((heard) => {
      isAnswered = true;
      return heard;
    });
    await new Promise((done) => setTimeout(done, 100));
    expect(isAnswered).toBe(false);
    clock.advance(3000);
    expect(await asked).toHaveLength(1);
  });
});

describe("lies of the BMC", () => {
  it.each([
    ["2", [0xc0, 0xc0, 0]],
    ["1/d2", [0xd2, 0, 0]],
  ])("busy:%s refuses requests of a session and does nothing", async (argument, codes) => {
    const { simulator, console, session, power, acts } = await sessionRig();
    simulator.fault(`n1=ipmi-busy:${argument}`);
    const seen = [];
    for (let at = 0; at < 3; at += 1) {
      expect(await power()).toMatchObject({
        PowerState: at < codes.indexOf(0) + 1 ? "Off" : "PoweringOn",
      });
      seen.push((await console.ask(session, chassis, CHASSIS_COMMANDS.control, [1])).completion);
    }
    expect(seen).toEqual(codes);
    expect(
      acts()
        .slice(1)
        .map(({ status }) => status),
    ).toEqual(codes);
  });

  it.each([
    ["2", [0xd5, 0xd5, 0]],
    ["1/cc", [0xcc, 0, 0]],
  ])(
    "refuse:%s refuses acts alone and does nothing; what reads is answered",
    async (what, codes) => {
      const { simulator, console, session, power, heard } = await sessionRig();
      simulator.fault(`n1=ipmi-refuse:${what}`);
      const seen = [];
      for (let at = 0; at < codes.length; at += 1) {
        expect(await heard()).toMatchObject([{ response: { completion: 0 } }]);
        const isOff = at <= codes.indexOf(0);
        expect(await power()).toMatchObject({ PowerState: isOff ? "Off" : "PoweringOn" });
        seen.push((await console.ask(session, chassis, CHASSIS_COMMANDS.control, [1])).completion);
      }
      expect(seen).toEqual(codes);
    },
  );

  it("sessions vanish without a word, by Redfish and by IPMI", async () => {
    const { simulator, heard, console } = await sessionRig();
    simulator.fault("n1=expire-sessions");
    expect(await heard()).toEqual([]);
    await console.live();
  });

  it("slots run out, and the right password is a wrong one", async () => {
    const { simulator, console } = await sessionRig();
    simulator.fault("n1=session-limit:1");
    expect(await console.login()).toBe(`open ${RAKP_STATUS.noResources}`);
    simulator.clearFaults("n1");
    simulator.fault("n1=wrong-password");
    expect(await console.login()).toBe("rakp2 code");
    expect(await console.login15()).toBe("silence");
  });

  it("stale shows the power and the boot flags of before for its time", async () => {
    const { simulator, console, session, clock } = await sessionRig();
    simulator.fault("n1=stale:10s");
    const power = async () =>
      (await console.ask(session, chassis, CHASSIS_COMMANDS.getStatus)).data[0];
    await console.ask(session, chassis, CHASSIS_COMMANDS.control, [1]);
    clock.advance(9_999);
    expect(await power()).toBe(0);
    clock.advance(1);
    expect(await power()).toBe(1);
  });

  it("a BMC that is reset is gone for its time, with its sessions, and the machine stays on", async () => {
    const { acts, console, session, clock, simulator, heard } = await sessionRig();
    await console.ask(session, chassis, CHASSIS_COMMANDS.control, [1]);
    clock.advance(100);
    console.send(session.seal(session.next, console.request(app, DEVICE_COMMANDS.coldReset)));
    session.next += 1;
    while (acts().at(-1)?.path !== "Cold Reset") await new Promise((done) => setImmediate(done));
    let isAnswered = false;
    void console.exchange(Buffer.alloc(1)).then(() => (isAnswered = true));
    await new Promise((done) => setTimeout(done, 100));
    expect(isAnswered).toBe(false);
    clock.advance(1000);
    const [answer, ...more] = await heard();
    expect(answer).toMatchObject({ response: { command: 2, completion: 0 } });
    expect(more).toEqual([]);
    expect(simulator.machines.get("n1")?.power(clock.now())).toBe("On");
    await console.live();
  });

  it.each([
    "n1=ipmi-double:often",
    "n1=ipmi-double:0",
    "n1=ipmi-busy:c0",
    "n1=ipmi-busy:2/xyz",
    "n1=ipmi-suites",
    "n1=ipmi-suites:3;17",
    "n1=ipmi-guid",
    "n1=ipmi-guid:upside-down",
  ])("%s is refused in words", async (text) => {
    const { simulator } = await sessionRig();
    expect(simulator.fault(text)?.message).toMatch(/^fault ".+": .+ (takes|needs) .+; write/);
  });
});
