import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** OpenIPMI's simulator: an IPMI stack that is none of ours. It knows suite 3 and no 17, and IPMI 1.5. */
export interface Sim {
  readonly dir: string;
  readonly port: number;
  readonly process: ChildProcess;
}

export const PASSWORD = "s3cret-pw";

/** Of a controller on its bus: its address, the rest of its line \`mc_add\`. */
export type OnBus = readonly [address: string, rest: string];

interface More {
  /** Lines of its configuration. */
  readonly lines?: string;
  readonly onBus?: readonly OnBus[];
}

const LAN = (dir: string, port: number, { lines = "", onBus = [] }: More): string => `name "sim"
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
${lines}
${onBus.map(([address]) => `set_working_mc 0x${address}\nchassis_control "${dir}/chassis ${address}"\n`).join("")}`;

const EMULATION = ({ onBus = [] }: More): string => `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
${onBus.map(([address, rest]) => `mc_add 0x${address} ${rest}\nmc_enable 0x${address}\n`).join("")}`;

/** Keeps power and boot in files, and each \`set\` as a line; of a controller on the bus with its address before them. */
const CHASSIS = (dir: string): string => `#!/bin/sh
case $1 in get|set) whose=; file=${dir}/;; *) whose="$1 "; file=${dir}/$1-; shift;; esac
op=$1; shift
if [ "$op" = set ]; then
  echo "$whose$@" >> ${dir}/sets
  while [ $# -gt 1 ]; do echo "$2" > $file$1; shift 2; done
else
  while [ $# -gt 0 ]; do echo "$1:$(cat $file$1 2>/dev/null || echo 0)"; shift; done
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

export async function startSim(more: More = {}): Promise<Sim> {
  const dir = await mkdtemp(join(tmpdir(), "ipmi-sim-"));
  const port = await freePort();
  await writeFile(join(dir, "lan.conf"), LAN(dir, port, more));
  await writeFile(join(dir, "sim.emu"), EMULATION(more));
  await writeFile(join(dir, "chassis"), CHASSIS(dir));
  await writeFile(join(dir, "boot"), "default\n");
  await writeFile(join(dir, "sets"), "");
  await chmod(join(dir, "chassis"), 0o755);
  const args = ["-c", "lan.conf", "-f", "sim.emu", "-s", join(dir, "state"), "-n"];
  const child = spawn("ipmi_sim", args, { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
  await once(child, "spawn");
  return { dir, port, process: child };
}

export async function stopSim({ process, dir }: Sim): Promise<void> {
  process.kill("SIGKILL");
  await once(process, "exit");
  await rm(dir, { recursive: true, force: true });
}
