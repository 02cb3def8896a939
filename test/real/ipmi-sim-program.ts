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

const LAN = (dir: string, port: number, more: string): string => `name "sim"
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
${more}
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

/** `more`: lines of its configuration besides. */
export async function startSim(more = ""): Promise<Sim> {
  const dir = await mkdtemp(join(tmpdir(), "ipmi-sim-"));
  const port = await freePort();
  await writeFile(join(dir, "lan.conf"), LAN(dir, port, more));
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

export async function stopSim({ process, dir }: Sim): Promise<void> {
  process.kill("SIGKILL");
  await once(process, "exit");
  await rm(dir, { recursive: true, force: true });
}
