import { describe, expect, it } from "vitest";
import type { DriverPorts } from "../../../../drivers/driver.ts";
import { Secret } from "../../../../schemas/secret.ts";
import { consoleRig, ear } from "./console-rig.ts";

const typed = (text: string): Buffer => Buffer.from(text);

describe("a console that is not given out", () => {
  it.each([
    ["81", "IW-B25", /switched off/],
    ["82", null, /./],
    ["83", "IW-B25", /in the clear alone/],
    ["84", "IW-B25", /for one in the clear/],
    ["85", "IW-B10", /completion code 85h|refused the command/],
    ["86", "IW-B10", /refused the command/],
    ["c1", "IW-B18", /knows no Serial over LAN/],
    ["d4", "IW-B20", /privilege is too low/],
    ["d5", "IW-B10", /in its present state/],
  ])("completion code %s: %s", async (code, expected, words) => {
    const { simulator, open, seen } = await consoleRig();
    simulator.fault(`n1=ipmi-sol-code:${code}`);
    const opened = await open();
    if (expected === null) expect(opened).toMatchObject({ kind: "held" });
    else
      expect(opened).toMatchObject({
        kind: "failed",
        failure: { code: expected, message: expect.stringMatching(words) },
      });
    // Nothing stays behind: its session is closed.
    expect(simulator.log.at(-1)?.path).toBe("Close Session");
    expect(seen).toMatchObject({ text: "", ended: null });
  });

  it("by IPMI 1.5, for which nobody logs in", async () => {
    const { open, said } = await consoleRig({}, { ipmiVersion: 1.5 });
    expect(await open()).toMatchObject({ kind: "failed", failure: { code: "IW-B22" } });
    expect(said()).toEqual([]);
  });

  it("of a machine behind a chassis, to whose own console nobody is led", async () => {
    const bridging = { target: { channel: 7, address: 0x24 } };
    const { open, said } = await consoleRig({}, { bridging });
    expect(await open()).toMatchObject({ kind: "failed", failure: { code: "IW-B18" } });
    expect(said()).toEqual([]);
  });

  it("to a user who may only read", async () => {
    const { open } = await consoleRig({}, { username: "guest", privilege: "user" });
    expect(await open()).toMatchObject({ kind: "failed", failure: { code: "IW-B20" } });
  });

  it("with a wrong password, which is named nowhere", async () => {
    const resolveSecret = () => Promise.resolve(new Secret("wrong-word"));
    const { open, lines } = await consoleRig({}, {}, { resolveSecret });
    const opened = await open();
    expect(opened).toMatchObject({ kind: "failed", failure: { code: "IW-B04" } });
    expect(JSON.stringify([opened, lines])).not.toContain("wrong-word");
  });

  it("on a wire that is read-only, where nothing is sent", async () => {
    const { open, said } = await consoleRig({}, {}, { readOnly: true });
    expect(await open()).toMatchObject({ kind: "failed", failure: { code: "IW-B16" } });
    expect(said()).toEqual([]);
  });

  it("by a BMC that is not there, within the time of a connection", async () => {
    const { open } = await consoleRig({}, { address: "ipmi://127.0.0.1:9" });
    expect(await open()).toMatchObject({ kind: "failed", failure: { code: "IW-B01" } });
  });
});

describe("an open console", () => {
  it.each([3, 17])("shows what the machine says, and types, by suite %i", async (suite) => {
    const { opened, seen, said } = await consoleRig({}, { cipherSuite: suite });
    const console = await opened();
    await seen.until(() => seen.text === "Console of n1\r\n");
    expect(console.type(typed("ls\r"))).toBe(3);
    await seen.until(() => seen.text.endsWith("ls\r"));
    console.sendBreak();
    await seen.until(() => seen.text.endsWith("<break>"));
    await console.close();
    expect(seen.ended).toBeNull();
    expect(said().slice(-2)).toEqual(["Deactivate Payload", "Close Session"]);
  });

  it("goes on over a power cycle: what was typed while the machine was off follows", async () => {
    const { opened, seen, simulator } = await consoleRig();
    const console = await opened();
    await seen.until(() => seen.text.includes("Console of n1"));
    simulator.pressPowerButton("n1");
    console.type(typed("ab"));
    await seen.until(() => seen.notices.includes("unavailable"));
    simulator.pressPowerButton("n1");
    await seen.until(() => seen.text.includes("n1 login: ") && seen.text.endsWith("ab"));
    expect(seen.text).toContain("n1: power-on self test");
    expect(seen.notices).toEqual(["unavailable", "available"]);
    await console.close();
  });

  it.each([
    "ipmi-lose-request:2",
    "ipmi-lose-answer:2",
    "ipmi-double:4",
    "ipmi-late:1",
    "ipmi-garbage:2",
    "ipmi-bad-sequence:1",
    "ipmi-other-session:1",
    "ipmi-sol-partial:3",
    "ipmi-sol-refuse:2",
  ])("types and shows each letter once under %s", async (fault) => {
    const { opened, seen, simulator } = await consoleRig();
    const console = await opened();
    await seen.until(() => seen.text.includes("Console of n1\r\n"));
    simulator.fault(`n1=${fault}`);
    console.type(typed("0123456789"));
    await seen.until(() => seen.text.includes("9"));
    console.type(typed("abcdef."));
    await seen.until(() => seen.text.endsWith("."));
    expect(seen.text).toBe("Console of n1\r\n0123456789abcdef.");
    await console.close();
  });

  it("takes much text in parts, as there is room for it", async () => {
    const { opened, seen } = await consoleRig();
    let rest = typed(`${"0123456789".repeat(300)}.`);
    const { ears } = ear();
    const text: string[] = [];
    const pump = (): void => {
      rest = rest.subarray(console.type(rest));
    };
    const output = (bytes: Uint8Array): void => {
      text.push(Buffer.from(bytes).toString());
      seen.text = text.join("");
      if (seen.text.endsWith(".")) done();
    };
    let done = (): void => undefined;
    const all = new Promise<void>((resolve) => (done = resolve));
    const console = await opened({ ears: { ...ears, output, taken: pump } });
    pump();
    await all;
    expect(seen.text).toBe(`Console of n1\r\n${"0123456789".repeat(300)}.`);
    await console.close();
  });

  it("tells when the BMC has lost letters", async () => {
    const { opened, seen, simulator } = await consoleRig();
    const console = await opened();
    simulator.fault("n1=ipmi-sol-overrun:1");
    console.type(typed("x"));
    await seen.until(() => seen.notices.includes("overrun"));
    await console.close();
  });

  it("lives on while nobody types, longer than a BMC keeps a silent session", async () => {
    let looks = 0;
    let lookedAfter = (): void => undefined;
    const long = new Promise<void>((done) => (lookedAfter = done));
    const called: DriverPorts["called"] = ({ kind }) => {
      looks += kind === "read" ? 1 : 0;
      // Each comes after at least 250 ms.
      if (looks === 4) lookedAfter();
    };
    const { opened, seen } = await consoleRig({ sessionTimeoutMs: 600 }, {}, { called });
    const console = await opened();
    await seen.until(() => seen.text.includes("Console"));
    await long;
    console.type(typed("x"));
    await seen.until(() => seen.text.endsWith("x"));
    expect(seen.ended).toBeNull();
    await console.close();
  });
});

describe("a console that is lost", () => {
  it("is noticed though nobody types, and can be opened again", async () => {
    const { opened, seen, simulator } = await consoleRig();
    const console = await opened();
    await seen.until(() => seen.text.includes("Console"));
    simulator.fault("n1=expire-sessions");
    await seen.until(() => seen.ended !== null);
    expect(seen.ended).toMatchObject({ kind: "transient", code: "IW-B01" });
    await console.close();
    const again = await opened();
    await seen.until(() => seen.text.endsWith("Console of n1\r\nConsole of n1\r\n"));
    await again.close();
  });

  it("is taken back without a word from the session that was lost, which the BMC keeps yet", async () => {
    const { opened, open, seen, simulator } = await consoleRig();
    const first = await opened();
    await seen.until(() => seen.text.includes("Console"));
    simulator.fault("n1=ipmi-lose-request");
    await seen.until(() => seen.ended !== null);
    await first.close();
    simulator.clearFaults("n1");
    const again = await open();
    expect(again).toMatchObject({ kind: "open", takenFrom: null });
    if (again.kind === "open") await again.console.close();
  });

  it("is told whose it was, is asked for, and the other is told", async () => {
    const rig = await consoleRig();
    const first = await rig.opened();
    const other = await consoleRig({}, { address: rig.node.spec.bmc?.address });
    const second = ear();
    expect(await other.open({ ears: second.ears })).toEqual({
      kind: "held",
      holder: { user: "admin", address: "127.0.0.1" },
    });
    expect(rig.seen.ended).toBeNull();
    const taken = await other.open({ ears: second.ears, takesOver: true });
    expect(taken).toMatchObject({ kind: "open", takenFrom: { user: "admin" } });
    await rig.seen.until(() => rig.seen.ended !== null);
    expect(rig.seen.ended).toMatchObject({ kind: "conflict", code: "IW-B27" });
    await first.close();
    await second.seen.until(() => second.seen.text.includes("Console"));
    if (taken.kind === "open") await taken.console.close();
  });

  it("is named without control characters, whatever the BMC says", async () => {
    const users = [
      { name: "admin", password: "calvin", privilege: "administrator" },
      { name: "\u001B[2J\u0007x", password: "calvin", privilege: "administrator" },
    ] as const;
    const rig = await consoleRig({ users }, { username: "\u001B[2J\u0007x" });
    const first = await rig.opened();
    const other = await consoleRig({}, { address: rig.node.spec.bmc?.address });
    const held = await other.open();
    expect(held).toMatchObject({ kind: "held", holder: { user: "[2J x" } });
    await first.close();
  });
});
