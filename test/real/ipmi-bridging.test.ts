import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IpmiDriver } from "../../drivers/ipmi/ipmi-driver.ts";
import type { NodeSpec } from "../../schemas/documents.ts";
import { known } from "../../schemas/observation.ts";
import { performContext, testNode, testPorts } from "../drivers/support/driver-bench.ts";
import { ADMIN, SUITE_17, SUITE_3, tools, until } from "./ipmi-programs.ts";

const MD5 = ["-I", "lan", "-A", "MD5"];
/** The first machine of a chassis of ours, and the second one; by the controller in between, too. */
const N1 = ["-b", "7", "-t", "0x22"];
const N2 = ["-b", "7", "-t", "0x24"];
const TRANSIT = ["-B", "0", "-T", "0x82"];

/** Two machines in a chassis of ours. */
const inChassis = (bridged: "apart" | "within" = "apart"): ReturnType<typeof tools> =>
  tools({ layout: "one-port", bridged }, "127.0.0.1", ["n1", "n2"]);

describe.each([
  ["suite 3", SUITE_3],
  ["suite 17", SUITE_17],
  ["IPMI 1.5", MD5],
])("ipmitool of Debian, at a simulated chassis by %s", (_suite, how) => {
  it.each([
    ["singly, answers apart", [], "apart"],
    ["singly, answers within", [], "within"],
    // Where the BMC, too, has the transit's answer within its own, ipmitool's lanplus finds none.
    ["doubly, answers apart", TRANSIT, "apart"],
  ] as const)("switches one machine and reads it: %s", async (_name, via, bridged) => {
    const { acts, ipmitool, machine, simulator } = await inChassis(bridged);
    const power = async (target: readonly string[], word: string): Promise<string> =>
      (await ipmitool([...how, ...via, ...target], ...ADMIN, "chassis", "power", word)).text;
    const other = simulator.machines.get("n2");
    if (other === undefined) throw new Error("there is no second machine");
    expect(await power(N2, "status")).toContain("Chassis Power is off");
    expect(await power(N2, "on")).toContain("Power Control: Up/On");
    await until(other, "On");
    expect(await power(N2, "status")).toContain("Chassis Power is on");
    expect(await power(N1, "status")).toContain("Chassis Power is off");
    expect(machine.power(Date.now())).toBe("Off");
    expect(acts()).toEqual([["Chassis Control", { control: "on" }, "powering on"]]);
  });

  it("reads who each of them is, and the chassis itself", async () => {
    const { ipmitool } = await inChassis();
    const fru = async (...at: string[]): Promise<string> =>
      (await ipmitool([...how, ...at], ...ADMIN, "fru", "print", "0")).text;
    expect(await fru(...N1)).toContain("S-n1");
    expect(await fru(...N2)).toContain("S-n2");
    expect(await fru()).toContain("SIMCHASSIS1");
  });

  it("is told where nobody is", async () => {
    const { ipmitool } = await inChassis();
    const nobody = [...how, "-b", "7", "-t", "0x7e"];
    const { text } = await ipmitool(nobody, ...ADMIN, "chassis", "power", "status");
    expect(text).toMatch(/Unable to get Chassis Power Status|failed: Unknown \(0x83\)/);
  });
});

/** OpenIPMI's simulator, with a BMC and two more controllers on its bus, each with a chassis of its own. */
interface Sim {
  readonly dir: string;
  readonly port: number;
  readonly process: ChildProcess;
}

const PASSWORD = "s3cret-pw";
const SATELLITES = ["24", "30"] as const;

const LAN = (dir: string, port: number): string => `name "sim"
set_working_mc 0x20
startlan 1
  addr 127.0.0.1 ${port}
  priv_limit admin
  allowed_auths_callback none md2 md5 straight
  allowed_auths_user none md2 md5 straight
  allowed_auths_operator none md2 md5 straight
  allowed_auths_admin none md2 md5 straight
  guid 4c4c454400384b008053b7c04f343633
endlan
chassis_control "${dir}/chassis 20"
user 1 true "" "none" user 10 none md2 md5 straight
user 2 true "admin" "${PASSWORD}" admin 10 none md2 md5 straight
${SATELLITES.map((address) => `set_working_mc 0x${address}\nchassis_control "${dir}/chassis ${address}"\n`).join("")}`;

const EMULATION = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
mc_add 0x24 0 no-device-sdrs 0x23 2 4 0x9f 0x2a2 0xf03
mc_enable 0x24
mc_add 0x30 0 no-device-sdrs 0x23 3 0 0x9f 0xb 0xf04
mc_enable 0x30
`;

/** Keeps each controller's power in a file, and each \`set\` as a line. */
const CHASSIS = (dir: string): string => `#!/bin/sh
mc=$1; op=$2; shift 2
if [ "$op" = set ]; then
  echo "$mc $@" >> ${dir}/sets
  while [ $# -gt 1 ]; do echo "$2" > ${dir}/$mc-$1; shift 2; done
else
  while [ $# -gt 0 ]; do echo "$1:$(cat ${dir}/$mc-$1 2>/dev/null || echo 0)"; shift; done
fi
`;

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return port;
}

async function startSim(): Promise<Sim> {
  const dir = await mkdtemp(join(tmpdir(), "ipmi-sim-"));
  const port = await freePort();
  await writeFile(join(dir, "lan.conf"), LAN(dir, port));
  await writeFile(join(dir, "sim.emu"), EMULATION);
  await writeFile(join(dir, "chassis"), CHASSIS(dir));
  await writeFile(join(dir, "sets"), "");
  await chmod(join(dir, "chassis"), 0o755);
  const args = ["-c", "lan.conf", "-f", "sim.emu", "-s", join(dir, "state"), "-n"];
  const child = spawn("ipmi_sim", args, { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
  await once(child, "spawn");
  return { dir, port, process: child };
}

describe("ipmi_sim of OpenIPMI, with controllers on its bus", () => {
  let sim: Sim;
  beforeAll(async () => {
    sim = await startSim();
  });
  afterAll(async () => {
    sim.process.kill("SIGKILL");
    await once(sim.process, "exit");
    await rm(sim.dir, { recursive: true, force: true });
  });

  const nodeOf = (address: number, spec: NodeSpec["bmc"]): ReturnType<typeof testNode> => {
    const at = `ipmi://127.0.0.1:${sim.port}`;
    const login = { username: "admin", password: { env: "BMC_PASSWORD" } };
    const bridging = { target: { channel: 0, address } };
    return testNode(`n${address}`, {
      driver: "ipmi",
      bmc: { address: at, ...login, bridging, ...spec },
    });
  };

  it.each([
    ["suite 3", {}],
    ["IPMI 1.5", { ipmiVersion: 1.5 as const }],
  ])("each is read and switched by itself, in one session, by %s", async (_name, spec) => {
    await writeFile(join(sim.dir, "sets"), "");
    const driver = new IpmiDriver(testPorts({ secret: PASSWORD }));
    const [one, two] = [nodeOf(0x24, spec), nodeOf(0x30, spec)];
    try {
      const seen = [
        await driver.observe(one, ["tasks", "power"]),
        await driver.observe(two, ["tasks"]),
      ];
      expect(seen.map(({ vendor, bmcFirmware }) => [vendor, bmcFirmware])).toEqual([
        ["Dell", "2.04"],
        ["HP", "3.00"],
      ]);
      const opened = await driver.perform(one, { verb: "session.open" }, performContext());
      expect(opened.sent).toBe(true);
      expect(await driver.perform(two, { verb: "session.open" }, performContext())).toEqual(opened);
      expect(await driver.perform(two, { verb: "power.on" }, performContext())).toEqual({
        sent: true,
      });
      expect(known(await driver.observe(two, ["power"]), "power")).toBe("on");
      expect(known(await driver.observe(one, ["power"]), "power")).toBe("off");
      expect(await driver.perform(two, { verb: "power.off" }, performContext())).toEqual({
        sent: true,
      });
    } finally {
      await driver.close();
    }
    const sets = await readFile(join(sim.dir, "sets"), "utf8");
    expect(sets.trim().split("\n")).toEqual(["30 power 1", "30 power 0"]);
  });

  it("one that is not there is told from one that is, and does not cost it the session", async () => {
    const driver = new IpmiDriver(testPorts({ secret: PASSWORD }));
    try {
      const nobody = (await driver.observe(nodeOf(0x40, {}), ["power"])).unreachable;
      expect(nobody).toMatchObject({ code: "IW-B13", kind: "transient" });
      expect(nobody?.message).toContain("channel 0 address 40h is not there");
      await driver.perform(nodeOf(0x40, {}), { verb: "session.open" }, performContext());
      const act = await driver.perform(nodeOf(0x40, {}), { verb: "power.on" }, performContext());
      expect(act).toMatchObject({ sent: "refused", failure: { code: "IW-B13" } });
      expect(known(await driver.observe(nodeOf(0x24, {}), ["power"]), "power")).toBe("off");
    } finally {
      await driver.close();
    }
  });
});
