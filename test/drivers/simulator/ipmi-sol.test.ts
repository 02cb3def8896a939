import { describe, expect, it } from "vitest";
import { NET_FN } from "../../../drivers/ipmi/packets/lan-message.ts";
import {
  decodeSolActivated,
  encodeActivateSol,
  encodeDeactivateSol,
  PAYLOAD_COMMANDS,
} from "../../../drivers/ipmi/packets/sol.ts";
import { valueOf } from "../ipmi/packets/arbitraries.ts";
import { IpmiConsole, type Live } from "./ipmi-console.ts";
import { ipmiRig } from "./ipmi-rig.ts";

const ACTIVATE = encodeActivateSol({ instance: 1, isEncrypted: true, isAuthenticated: true });
const GREETING = "Console of n1\r\n";

/** A machine that is on, and a session. */
async function solRig() {
  const rack = await ipmiRig();
  await rack.reset("On");
  rack.clock.advance(100);
  const session = await rack.console.live();
  return { ...rack, session };
}

/** What came back when a session asked for the console: the completion code, and the letters that followed. */
async function activate(console: IpmiConsole, session: Live): Promise<readonly unknown[]> {
  const asked = console.request(NET_FN.app, PAYLOAD_COMMANDS.activate, ACTIVATE);
  const heard = await console.exchange(session.seal(session.next, asked));
  session.next += 1;
  return heard.map((bytes) => {
    const sol = session.openSol(bytes);
    return sol === null ? session.open(bytes)?.response.completion : sol.letters.toString();
  });
}

describe("Serial over LAN", () => {
  it("greets, echoes what is typed, and types nothing twice", async () => {
    const { console, session } = await solRig();
    expect(await activate(console, session)).toEqual([0, GREETING]);
    const typed = { number: 1, acknowledged: 1, letters: Buffer.from("ls") };
    const echoed = {
      number: 2,
      acknowledged: 1,
      acceptedCount: 2,
      isRefused: false,
      letters: Buffer.from("ls"),
    };
    expect(await console.sol(session, typed)).toMatchObject([echoed]);
    expect(await console.sol(session, typed)).toMatchObject([echoed]);
    expect(await console.sol(session, { acknowledged: 2 })).toEqual([]);
    const next = { number: 2, letters: Buffer.from("!") };
    expect(await console.sol(session, next)).toMatchObject([
      { number: 3, acknowledged: 2, letters: Buffer.from("!") },
    ]);
  });

  it("takes nothing while the machine is off", async () => {
    const { clock, console, session, reset } = await solRig();
    await activate(console, session);
    await reset("ForceOff");
    clock.advance(100);
    const typed = { number: 1, letters: Buffer.from("ls") };
    expect(await console.sol(session, typed)).toMatchObject([
      { acknowledged: 1, acceptedCount: 0, isRefused: true, isUnavailable: true },
    ]);
  });

  it("is one session's until it is taken away; then that session is told", async () => {
    const { acts, console, session, simulator } = await solRig();
    await activate(console, session);
    const other = await IpmiConsole.open(simulator.ipmiAddresses.get("n1") ?? "");
    const second = await other.live({
      username: "oper",
      password: "operpass",
      privilege: "operator",
    });
    expect(await activate(other, second)).toEqual([0x80]);
    const { app } = NET_FN;
    const off = encodeDeactivateSol(1);
    expect((await other.ask(second, app, PAYLOAD_COMMANDS.deactivate, off)).completion).toBe(0);
    expect(await console.sol(session, { acknowledged: 1 })).toMatchObject([{ isEnding: true }]);
    expect((await other.ask(second, app, PAYLOAD_COMMANDS.deactivate, off)).completion).toBe(0x80);
    expect(await activate(other, second)).toEqual([0, GREETING]);
    expect(
      acts()
        .slice(2)
        .map(({ path, effect }) => [path, effect]),
    ).toEqual([
      ["Login", "session opened"],
      ["Activate Payload", "refused"],
      ["Deactivate Payload", "console closed"],
      ["Deactivate Payload", "refused"],
      ["Activate Payload", "console opened"],
    ]);
  });

  it("is free again when its session is gone; nobody of low level or in the clear gets it", async () => {
    const { console, session, simulator } = await solRig();
    const guest = await console.live({
      username: "guest",
      password: "guestpass",
      privilege: "user",
    });
    expect(await activate(console, guest)).toEqual([0xd4]);
    const clear = encodeActivateSol({ instance: 1, isEncrypted: false, isAuthenticated: true });
    const { app } = NET_FN;
    expect((await console.ask(session, app, PAYLOAD_COMMANDS.activate, clear)).completion).toBe(
      0x84,
    );
    await activate(console, session);
    simulator.fault("n1=expire-sessions");
    const again = await console.live();
    expect(await activate(console, again)).toEqual([0, GREETING]);
  });

  it("says its port, which is that of the sessions", async () => {
    const { console, session, simulator } = await solRig();
    const asked = console.request(NET_FN.app, PAYLOAD_COMMANDS.activate, ACTIVATE);
    const [answer] = await console.heard(session, asked);
    const { port, inboundBytes } = valueOf(
      decodeSolActivated(answer?.response.data ?? Buffer.alloc(0)),
    );
    expect(`ipmi://127.0.0.1:${port}`).toBe(simulator.ipmiAddresses.get("n1"));
    expect(inboundBytes).toBe(204);
  });
});
