import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { NET_FN } from "../../drivers/ipmi/packets/lan-message.ts";
import { encodeActivateSol, PAYLOAD_COMMANDS } from "../../drivers/ipmi/packets/sol.ts";
import { IpmiConsole } from "../drivers/simulator/ipmi-console.ts";
import { ADMIN, type Ran, SUITE_17, SUITE_3, type Tools, tools, until } from "./ipmi-programs.ts";

/** Types at a program that wants a terminal. */
function atTerminal(
  { run }: Tools,
  steps: readonly string[],
  program: readonly string[],
): Promise<Ran> {
  const script = fileURLToPath(new URL("type-at-console.py", import.meta.url));
  return run("/usr/bin/python3", [script, ...steps, "--", ...program]);
}

describe("the console", () => {
  const DIALOGUE = ["Console of n1", "hello", "hello"] as const;

  test.each([SUITE_3, SUITE_17])("is ipmitool's (%s %s %s %s)", async (...how) => {
    const rack = await tools();
    await rack.ipmitool(how, ...ADMIN, "power", "on");
    await until(rack.machine, "On");
    const [host = "", port = ""] = rack.at.split(":");
    const who = ["-H", host, "-p", port, ...ADMIN];
    const program = ["ipmitool", ...how, ...who, "sol", "activate"];
    const { text } = await atTerminal(rack, [...DIALOGUE, "\r~."], program);
    expect(text).toMatch(/SOL Session operational[^]*Console of n1[^]*hello[^]*terminated/);
    expect(rack.simulator.log.map(({ path }) => path)).toContain("Activate Payload");
    const info = await rack.ipmitool(how, ...ADMIN, "sol", "info", "1");
    expect(info.text).toMatch(/Enabled +: true[^]*Volatile Bit Rate.*: 115.2/);
  });

  test("somebody's who has it already is not taken by ipmitool", async () => {
    const rack = await tools();
    await rack.ipmitool(SUITE_17, ...ADMIN, "power", "on");
    await until(rack.machine, "On");
    const [host = "", port = ""] = rack.at.split(":");
    const program = ["ipmitool", ...SUITE_17, "-H", host, "-p", port, ...ADMIN, "sol", "activate"];
    const holder = await IpmiConsole.open(rack.simulator.ipmiAddresses.get("n1") ?? "");
    const session = await holder.live({ password: "s3cret-pw" });
    const sol = encodeActivateSol({ instance: 1, isEncrypted: true, isAuthenticated: true });
    await holder.heard(session, holder.request(NET_FN.app, PAYLOAD_COMMANDS.activate, sol));
    const second = await atTerminal(rack, [], program);
    expect(second.text).toContain("SOL payload already active on another session");
    await rack.ipmitool(SUITE_17, ...ADMIN, "sol", "deactivate");
    expect(await holder.sol(session, { acknowledged: 1 })).toMatchObject([{ isEnding: true }]);
    const third = await atTerminal(rack, [...DIALOGUE, "\r~."], program);
    expect(third.text).toContain("SOL Session operational");
  });

  test("is ipmiconsole's, and pings are answered, at the port that they know", async () => {
    const rack = await tools({ port: 623 }, "127.0.0.77");
    const { at, freeipmi, machine, run } = rack;
    const who = ["-u", "admin", "-p", "s3cret-pw"];
    await freeipmi("ipmipower", ...who, "-D", "LAN_2_0", "-I", "17", "--on");
    await until(machine, "On");
    for (const id of ["3", "17"]) {
      const program = ["ipmiconsole", "-h", at, ...who, "-I", id];
      const { text } = await atTerminal(rack, [...DIALOGUE, "&."], program);
      expect(text).toMatch(/SOL established[^]*Console of n1[^]*hello[^]*closing the connection/);
    }
    expect((await run("ipmiping", ["-c", "1", at])).text).toContain("1 responses received");
    expect((await run("rmcpping", ["-c", "1", at])).text).toContain("1 pongs received");
  });
});
