import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IpmiDriver } from "../../drivers/ipmi/ipmi-driver.ts";
import type { DriverAction } from "../../schemas/action.ts";
import type { NodeSpec } from "../../schemas/documents.ts";
import type { Failure } from "../../schemas/failure.ts";
import { known } from "../../schemas/observation.ts";
import { performContext, testNode, testPorts } from "../drivers/support/driver-bench.ts";

/** OpenIPMI's simulator: an IPMI stack that is none of ours. It knows suite 3 and no 17, and IPMI 1.5. */
interface Sim {
  readonly dir: string;
  readonly port: number;
  readonly process: ChildProcess;
}

const PASSWORD = "s3cret-pw";

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
chassis_control "${dir}/chassis"
user 1 true "" "none" user 10 none md2 md5 straight
user 2 true "admin" "${PASSWORD}" admin 10 none md2 md5 straight
`;

const EMULATION = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`;

/** Keeps power and boot in files, and each \`set\` as a line. */
const CHASSIS = (dir: string): string => `#!/bin/sh
op=$1; shift
if [ "$op" = set ]; then
  echo "$@" >> ${dir}/sets
  while [ $# -gt 1 ]; do echo "$2" > ${dir}/$1; shift 2; done
else
  while [ $# -gt 0 ]; do echo "$1:$(cat ${dir}/$1 2>/dev/null || echo 0)"; shift; done
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
  await writeFile(join(dir, "boot"), "default\n");
  await writeFile(join(dir, "sets"), "");
  await chmod(join(dir, "chassis"), 0o755);
  const args = ["-c", "lan.conf", "-f", "sim.emu", "-s", join(dir, "state"), "-n"];
  const child = spawn("ipmi_sim", args, { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
  await once(child, "spawn");
  return { dir, port, process: child };
}

let sim: Sim;
beforeAll(async () => {
  sim = await startSim();
});
afterAll(async () => {
  sim.process.kill("SIGKILL");
  await once(sim.process, "exit");
  await rm(sim.dir, { recursive: true, force: true });
});

/** Lets a driver speak with the simulator, and closes it. */
async function withDriver<T>(
  spec: NodeSpec["bmc"],
  run: (
    driver: IpmiDriver,
    node: ReturnType<typeof testNode>,
    lines: readonly string[],
  ) => Promise<T>,
  secret = PASSWORD,
): Promise<T> {
  const lines: string[] = [];
  const debug = (line: string): void => void lines.push(line);
  const driver = new IpmiDriver({ ...testPorts({ secret }), debug });
  const bmc = {
    address: `ipmi://127.0.0.1:${sim.port}`,
    username: "admin",
    password: { env: "BMC_PASSWORD" },
    ...spec,
  };
  try {
    return await run(driver, testNode("n1", { driver: "ipmi", bmc }), lines);
  } finally {
    await driver.close();
  }
}

describe.each([
  ["auto, which falls back to suite 3", {}, "rmcp+"],
  ["suite 3", { cipherSuite: 3 }, "rmcp+"],
  ["IPMI 1.5 with MD5", { ipmiVersion: 1.5 as const }, "ipmi-1.5"],
])("ipmi_sim of OpenIPMI, %s", (_name, spec: NodeSpec["bmc"], tls) => {
  it("is read: power, boot device, identity, tasks", async () => {
    await withDriver(spec, async (driver, node) => {
      const facets = ["power", "bootDevice", "identity", "tasks", "eventLog"] as const;
      const seen = await driver.observe(node, facets);
      expect(seen.unreachable).toBeNull();
      expect(seen.transport).toEqual({ tls, fence: "session" });
      expect(known(seen, "bootDevice")).toEqual({ device: "none", persistent: false });
      expect(known(seen, "tasks")).toEqual([]);
      expect(known(seen, "eventLog")).toEqual([]);
      expect(known(seen, "power")).toMatch(/^(on|off)$/);
      expect(known(seen, "identity")?.systemUuid).toMatch(/^[0-9a-f-]{36}$/);
    });
  });

  it("is switched on and off and given a boot device, each once", async () => {
    await writeFile(join(sim.dir, "sets"), "");
    await withDriver(spec, async (driver, node) => {
      const perform = (action: DriverAction): Promise<{ readonly sent: unknown }> =>
        driver.perform(node, action, performContext());
      expect((await perform({ verb: "session.open" })).sent).toBe(true);
      for (const [verb, power] of [
        ["power.on", "on"],
        ["power.off", "off"],
        ["power.on", "on"],
      ] as const) {
        expect(await perform({ verb })).toEqual({ sent: true });
        expect(known(await driver.observe(node, ["power"]), "power")).toBe(power);
      }
      const device = { verb: "management.setBootDevice", device: "pxe", persistent: true } as const;
      expect(await perform(device)).toEqual({ sent: true });
    });
    const sets = await readFile(join(sim.dir, "sets"), "utf8");
    expect(sets.trim().split("\n")).toEqual(["power 1", "power 0", "power 1", "boot pxe"]);
  });

  it("ends a session by its name, and again", async () => {
    await withDriver(spec, async (driver, node) => {
      const opened = await driver.perform(node, { verb: "session.open" }, performContext());
      const session = "session" in opened ? (opened.session ?? "") : "";
      const end = { verb: "session.end", session } as const;
      expect(await driver.perform(node, end, performContext())).toEqual({ sent: true });
      expect(await driver.perform(node, end, performContext())).toEqual({ sent: true });
    });
  });
});

describe("ipmi_sim of OpenIPMI refuses", () => {
  it.each<[string, NodeSpec["bmc"], string, string]>([
    ["a wrong user", { username: "nobody" }, "IW-B04", PASSWORD],
    ["suite 17", { cipherSuite: 17 }, "IW-B22", PASSWORD],
    ["a wrong password", {}, "IW-B04", "another one"],
  ])("%s", async (_name, spec, code, secret) => {
    const why = await withDriver<Failure | null>(
      spec,
      async (driver, node) => (await driver.observe(node, ["power"])).unreachable,
      secret,
    );
    expect(why).toMatchObject({ code });
    expect(JSON.stringify(why)).not.toContain(secret);
  });

  it("an act in a session of a user, who may only read", async () => {
    await withDriver({ privilege: "user" }, async (driver, node) => {
      await driver.perform(node, { verb: "session.open" }, performContext());
      const performed = await driver.perform(node, { verb: "power.off" }, performContext());
      expect(performed).toMatchObject({ sent: "refused", failure: { code: "IW-B20" } });
    });
  });
});
