import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { madeUpHardware } from "../../drivers/simulator/hardware.ts";
import { type Simulator, startSimulator } from "../../drivers/simulator/start-simulator.ts";
import { aMachine } from "../support/rack.ts";

const run = promisify(execFile);
const PASSWORD = "calvin";

async function simulator(): Promise<Simulator> {
  const started = await startSimulator({
    machines: [aMachine("n1")],
    password: PASSWORD,
    timings: { powerOnMs: 50, powerOffMs: 50, gracefulMs: 50 },
  });
  onTestFinished(() => started.close());
  return started;
}

async function redfishtool(
  rack: Simulator,
  ...args: readonly string[]
): Promise<Record<string, unknown>> {
  const host = (rack.addresses.get("n1") ?? "").replace("http://", "");
  // "Never" means plain HTTP: the simulated rack is on loopback.
  const how = ["-r", host, "-u", "admin", "-p", PASSWORD, "-S", "Never"];
  const { stdout } = await run("redfishtool", [...how, ...args]);
  return stdout.trim() === "" ? {} : (JSON.parse(stdout) as Record<string, unknown>);
}

test("redfishtool of Debian reads a simulated system, by basic authentication and by a session", async () => {
  const rack = await simulator();
  for (const auth of ["Basic", "Session"]) {
    const system = await redfishtool(rack, "-A", auth, "Systems", "-F", "get");
    expect(system).toMatchObject({ SerialNumber: "S-n1", PowerState: "Off", Manufacturer: "Dell" });
  }
});

test("redfishtool of Debian powers a simulated system on and sets its boot device", async () => {
  const rack = await simulator();
  await redfishtool(rack, "Systems", "-F", "reset", "On");
  await new Promise((done) => setTimeout(done, 200));
  expect(await redfishtool(rack, "Systems", "-F", "get")).toMatchObject({ PowerState: "On" });
  await redfishtool(rack, "Systems", "-F", "setBootOverride", "Continuous", "Pxe");
  expect(rack.machines.get("n1")?.boot).toMatchObject({ target: "Pxe", enabled: "Continuous" });
});

test("python3-sushy of Debian, Ironic's own Redfish library, drives a simulated system", async () => {
  const rack = await simulator();
  const script = fileURLToPath(new URL("drive-with-sushy.py", import.meta.url));
  const { stdout } = await run("/usr/bin/python3", [
    script,
    rack.addresses.get("n1") ?? "",
    "admin",
    PASSWORD,
  ]);
  const hardware = madeUpHardware("n1");
  expect(JSON.parse(stdout)).toEqual({
    serial: "S-n1",
    before: "off",
    after: "on",
    boot: ["pxe", "continuous"],
    mode: "uefi",
    secure_boot: true,
    drives: hardware.disks.map(({ name, serial, capacityBytes }) => [name, serial, capacityBytes]),
    cpus: [16, 16],
    memory_gib: 256,
    macs: hardware.nics.map(({ mac }) => mac).toSorted(),
    firmware: ["1.0.0", "2.1.0"],
  });
});
