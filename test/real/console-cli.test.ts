import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { NET_FN } from "../../drivers/ipmi/packets/lan-message.ts";
import { encodeActivateSol, PAYLOAD_COMMANDS } from "../../drivers/ipmi/packets/sol.ts";
import { IpmiConsole, type Live } from "../drivers/simulator/ipmi-console.ts";
import { type ConsoleRack, consoleRack } from "../engine/cli/console-rack.ts";
import { MAIN } from "../support/run-cli.ts";
import { type Ran, runProgram } from "./ipmi-programs.ts";

/** `node console` at a terminal of its own, under a shell that says how it left the terminal. */
function atTerminal(
  { repo }: ConsoleRack,
  steps: readonly string[],
  ...args: readonly string[]
): Promise<Ran> {
  const shell = join(repo.dir, "shell");
  const command = [process.execPath, MAIN, "node", "console", "n1", ...args].join(" ");
  const lines = ["cd $(dirname $0)", command, "echo exit $?", "stty -a | tr ';' '\\n'"];
  writeFileSync(shell, `#!/bin/sh\n${lines.join("\n")}\n`);
  chmodSync(shell, 0o755);
  const script = fileURLToPath(new URL("type-at-console.py", import.meta.url));
  const env = { HOME: repo.dir, USER: "ops", TZ: "UTC", BMC_PASSWORD: "password" };
  return runProgram("/usr/bin/python3", [script, ...steps, "--", shell], env);
}

/** The terminal is a terminal again. */
const COOKED = /(?<!-)\bicanon\b[^]*(?<!-)\becho\b/;

async function held(rack: ConsoleRack): Promise<readonly [IpmiConsole, Live]> {
  const holder = await IpmiConsole.open(rack.simulator.ipmiAddresses.get("n1") ?? "");
  const session = await holder.live();
  const sol = encodeActivateSol({ instance: 1, isEncrypted: true, isAuthenticated: true });
  await holder.heard(session, holder.request(NET_FN.app, PAYLOAD_COMMANDS.activate, sol));
  await holder.sol(session, { acknowledged: 1 });
  return [holder, session];
}

describe("node console at a terminal", () => {
  test("sends Ctrl-C to the machine, and leaves by its escape", async () => {
    const rack = await consoleRack();
    const steps = ["Console of n1", "hello\r", "hello", "~?", "send a break", "~B", "<break>"];
    const { text } = await atTerminal(rack, [...steps, "\u0003\r", "\u0003", "~."]);
    expect(text).toMatch(/Enter ~\. leaves it, Enter ~\? helps\]\s/);
    expect(text).toContain("<break>");
    expect(text).toMatch(/\[the console is left by its escape, after \d+ s\]\s+exit 0/);
    expect(text).toMatch(COOKED);
  });

  test("asks before it takes it from somebody: no leaves it, yes takes it", async () => {
    const rack = await consoleRack();
    const [holder, session] = await held(rack);
    const question = "[y/N]";
    const no = await atTerminal(rack, [question, "\r"]);
    expect(no.text).toMatch(/admin \(from 127\.0\.0\.1\) has its console.*Take it over\? \[y\/N\]/);
    expect(no.text).toMatch(/exit 4/);
    expect(await holder.sol(session, { acknowledged: 1 })).toEqual([]);
    const yes = await atTerminal(rack, [question, "y\r", "Console of n1", "\r~."]);
    expect(yes.text).toMatch(/taken over from admin \(from 127\.0\.0\.1\)[^]*exit 0/);
    expect(await holder.sol(session, { acknowledged: 1 })).toMatchObject([{ isEnding: true }]);
  });

  test("gives the terminal back also when somebody takes it, and when it is told to stop", async () => {
    const rack = await consoleRack();
    const running = atTerminal(rack, ["Console of n1", "here\r"]);
    await until(() => rack.simulator.log.some(({ path }) => path === "Activate Payload"));
    const taker = await IpmiConsole.open(rack.simulator.ipmiAddresses.get("n1") ?? "");
    const session = await taker.live();
    const off = Buffer.from([1, 1, 0, 0, 0, 0]);
    await taker.heard(session, taker.request(NET_FN.app, PAYLOAD_COMMANDS.deactivate, off));
    const { text } = await running;
    expect(text).toMatch(/somebody else took it[^]*IW-B27\s+exit 1/);
    expect(text).toMatch(COOKED);
    const timed = await atTerminal(rack, [], "--for", "1s");
    expect(timed.text).toMatch(/left when its time was over[^]*exit 0/);
    expect(timed.text).toMatch(COOKED);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  for (let looks = 0; looks < 1000 && !isSo(); looks += 1)
    await new Promise((done) => setTimeout(done, 10));
}
