import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NET_FN } from "../../../drivers/ipmi/packets/lan-message.ts";
import { encodeActivateSol, PAYLOAD_COMMANDS } from "../../../drivers/ipmi/packets/sol.ts";
import { IpmiConsole, type Live } from "../../drivers/simulator/ipmi-console.ts";
import { aRack } from "../../support/rack.ts";
import { type ConsoleRack, consoleRack } from "./console-rack.ts";

const ACTIVATE = encodeActivateSol({ instance: 1, isEncrypted: true, isAuthenticated: true });

/** Somebody else has the console, by a user whose name would turn the terminal red. */
async function heldBy(rack: ConsoleRack): Promise<readonly [IpmiConsole, Live]> {
  const holder = await IpmiConsole.open(rack.simulator.ipmiAddresses.get("n1") ?? "");
  const session = await holder.live({ username: "\u001B[31mnight", privilege: "operator" });
  await holder.heard(session, holder.request(NET_FN.app, PAYLOAD_COMMANDS.activate, ACTIVATE));
  // It has heard the greeting.
  await holder.sol(session, { acknowledged: 1 });
  return [holder, session];
}

describe("node console refuses", () => {
  it("wrong words, what is read-only, and a log that is something else, before anybody logs in", async () => {
    const rack = await consoleRack();
    const { dir } = rack.repo;
    writeFileSync(join(dir, "notes.txt"), "my notes\n");
    for (const [args, code, words] of [
      [["n1", "--escape", "ab"], 64, /--escape "ab" is no single character; write ~/],
      [["n1", "--for", "5"], 64, /--for "5" is no time; write 30s, 5m or 2h/],
      [["n1", "--json"], 64, /prints one form only/],
      [["n1", "--read-only"], 4, /IW-B16/],
      [["n1", "--log", "notes.txt"], 1, /is there already, and is no log of a console/],
      [["n1", "--state", "none"], 3, /IW-S02/],
    ] as const) {
      const ran = await rack.console("", ...args);
      expect([args, ran.code, ran.out]).toEqual([args, code, ""]);
      expect(ran.err).toMatch(words);
    }
    expect(readFileSync(join(dir, "notes.txt"), "utf8")).toBe("my notes\n");
    rack.repo.write("ironwright.yaml", "mode: observe\n");
    const ran = await rack.console("", "n1", "--unrecorded");
    expect([ran.code, ran.err]).toEqual([4, expect.stringMatching(/mode is observe.*IW-P09/)]);
    expect(rack.simulator.log).toEqual([]);
  });

  it("a node whose hardware type has none, and names those that have", async () => {
    const rack = await aRack(["n1"]);
    const ran = await rack.run("node", "console", "n1");
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(
      /hardware type redfish opens no console; those that do are: ipmi +IW-B18/,
    );
  });

  it("a BMC that does not give it out, and makes no log then", async () => {
    const rack = await consoleRack();
    for (const [fault, code] of [
      ["ipmi-sol-code:81", "IW-B25"],
      ["ipmi-suites:none", "IW-B22"],
      ["wrong-password", "IW-B04"],
    ]) {
      rack.simulator.clearFaults("n1");
      rack.simulator.fault(`n1=${fault}`);
      const ran = await rack.console("", "n1", "--log", "n1.log");
      expect([fault, ran.code, ran.out]).toEqual([fault, 1, ""]);
      expect(ran.err).toContain(code);
      expect(ran.err).not.toContain("    at ");
    }
    expect(existsSync(join(rack.repo.dir, "n1.log"))).toBe(false);
    expect(await rack.history()).toEqual([]);
  });

  it("to take it from somebody where nobody can be asked; the name is only text", async () => {
    const rack = await consoleRack();
    const [holder, session] = await heldBy(rack);
    const ran = await rack.console("", "n1");
    expect([ran.code, ran.out]).toEqual([4, ""]);
    expect(ran.err).toMatch(
      /\[31mnight \(from 127\.0\.0\.1\) has its console.*--take-over +IW-B26/,
    );
    expect(ran.err).not.toContain("\u001B");
    // It still has it.
    expect(await holder.sol(session, { acknowledged: 1 })).toEqual([]);
  });
});

describe("node console in a pipe", () => {
  it("types what comes in, shows what the machine says, and is in the history", async () => {
    const rack = await consoleRack();
    const ran = await rack.console("ls\r", "n1");
    expect(ran).toMatchObject({ code: 0, out: "Console of n1\r\nls\r" });
    expect(ran.err).toMatch(
      /console of n1 at ipmi:.*left at the end of what was typed, after \d+ s/s,
    );
    expect(ran.err).not.toContain("password");
    expect(await rack.history()).toEqual([
      ["console.opened", expect.stringMatching(/^console at ipmi:\/\/127/)],
      ["console.closed", "left at the end of what was typed; 18 bytes were shown"],
    ]);
    expect(rack.simulator.log.map(({ path }) => path)).toEqual([
      "Login",
      "Activate Payload",
      "Deactivate Payload",
      "Close Session",
    ]);
  });

  it("takes it over when it was said so, and tells from whom", async () => {
    const rack = await consoleRack();
    const [holder, session] = await heldBy(rack);
    const ran = await rack.console("", "n1", "--take-over");
    expect(ran).toMatchObject({ code: 0, out: "Console of n1\r\n" });
    expect(ran.err).toMatch(/taken over from.*\[31mnight \(from 127\.0\.0\.1\)/);
    expect(await holder.sol(session, { acknowledged: 1 })).toMatchObject([{ isEnding: true }]);
    const [[event, message] = []] = await rack.history();
    expect([event, message]).toEqual([
      "console.taken",
      expect.stringMatching(/from.*\[31mnight \(from 127/),
    ]);
  });

  it("ends when somebody takes it, and does not fight", async () => {
    const rack = await consoleRack();
    const { child, ended } = rack.type(null, "n1");
    await once(child.stdout ?? child, "data");
    const holder = await IpmiConsole.open(rack.simulator.ipmiAddresses.get("n1") ?? "");
    const session = await holder.live();
    const off = Buffer.from([1, 1, 0, 0, 0, 0]);
    await holder.heard(session, holder.request(NET_FN.app, PAYLOAD_COMMANDS.deactivate, off));
    const ran = await ended;
    expect([ran.code, ran.err]).toEqual([
      1,
      expect.stringMatching(/somebody else took it.*IW-B27/s),
    ]);
    expect((await rack.history()).at(-1)?.[0]).toBe("console.closed");
  });

  it("writes a log that only its owner reads, with who, when and where, and goes on in it", async () => {
    const rack = await consoleRack();
    for (const text of ["one\r", "two\r"]) await rack.console(text, "n1", "--log", "n1.log");
    const path = join(rack.repo.dir, "n1.log");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const lines = readFileSync(path, "utf8").replaceAll("\r", "\n").split(/\n+/);
    const opened = /^=== console of n1 at ipmi:\/\/127.* opened at 2\S+Z by ops@\S+ ===$/;
    const closed = /^=== console of n1 left at the end .* at 2\S+Z by ops@\S+ ===$/;
    const [first, last] = [expect.stringMatching(opened), expect.stringMatching(closed)];
    const greeting = "Console of n1";
    expect(lines).toEqual([first, greeting, "one", last, first, greeting, "two", last, ""]);
  });

  it("is left by SIGTERM and SIGHUP with everything closed, and when its time is over, also where there is no store", async () => {
    const rack = await consoleRack();
    for (const [signal, words] of [
      ["SIGTERM", /left by a signal at .* ===\n$/],
      ["SIGHUP", /left when its terminal went away at .* ===\n$/],
    ] as const) {
      const { child, ended } = rack.type(null, "n1", "--log", "n1.log");
      await once(child.stdout ?? child, "data");
      child.kill(signal);
      expect(await ended).toMatchObject({ code: 0, out: "Console of n1\r\n" });
      expect(readFileSync(join(rack.repo.dir, "n1.log"), "utf8")).toMatch(words);
      expect(rack.simulator.log.at(-1)?.path).toBe("Close Session");
    }
    const elsewhere = ["--unrecorded", "--state", "none"];
    const timed = await rack.console("", "n1", "--for", "1s", ...elsewhere);
    expect(timed.err).toMatch(/nothing of this is written into the history/);
    expect([timed.code, timed.err]).toEqual([
      0,
      expect.stringMatching(/left when its time was over/),
    ]);
  });

  it("comes back by itself when its session is lost", async () => {
    const rack = await consoleRack();
    const { child, ended } = rack.type(null, "n1", "--for", "2m");
    let out = "";
    const back = new Promise<void>((done) => {
      child.stdout?.on("data", (bytes: Buffer) => {
        out += bytes.toString();
        if (out === "Console of n1\r\nConsole of n1\r\n") done();
      });
    });
    await once(child.stdout ?? child, "data");
    rack.simulator.fault("n1=expire-sessions");
    // Where nothing is typed it takes half a minute to be noticed.
    await back;
    child.kill("SIGTERM");
    const ran = await ended;
    expect(ran.code).toBe(0);
    expect(ran.err).toMatch(/console is lost:.*is back after/s);
  }, 90_000);

  it("does not go on with the end of a script whose middle is lost", async () => {
    const rack = await consoleRack();
    const { child, ended } = rack.type(null, "n1", "--for", "2m");
    await once(child.stdout ?? child, "data");
    rack.simulator.fault("n1=expire-sessions");
    child.stdin?.write("x");
    const ran = await ended;
    expect(ran.code).toBe(1);
    expect(ran.err).toContain("what was typed last may not have arrived");
    expect(ran.err).not.toContain("Trying to come back");
    expect((await rack.history()).map(([event]) => event)).toEqual([
      "console.opened",
      "console.closed",
    ]);
  }, 60_000);

  it("reads /dev/null as what is typed, and is in the history and the log from its beginning", async () => {
    const rack = await consoleRack();
    const ran = await rack.run("node", "console", "n1", "--log", "n1.log");
    expect([ran.code, ran.out]).toEqual([0, "Console of n1\r\n"]);
    expect(readFileSync(join(rack.repo.dir, "n1.log"), "utf8")).toMatch(/^=== console of n1 at /);
    expect((await rack.history()).map(([event]) => event)).toEqual([
      "console.opened",
      "console.closed",
    ]);
  }, 30_000);

  it("says that a machine that is off took nothing", async () => {
    const rack = await consoleRack();
    rack.simulator.pressPowerButton("n1");
    const ran = await rack.console("ls\r", "n1");
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(
      /it is off, asleep or busy.*the machine did not take all that was typed/s,
    );
  }, 30_000);
});
