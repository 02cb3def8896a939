import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A daemon over many nodes of hardware type `fake`, which it only observes. */
export interface DaemonResult {
  readonly nodes: number;
  /** From its start without any cache until a commit is in force there. */
  readonly coldSeconds: number;
  /** The same with what it parsed before. */
  readonly warmSeconds: number;
  /** From the newest commit's name to the plan of the node that it changes, in the daemon; the middle one of all pushes. */
  readonly pushMs: number;
  readonly peakMb: number;
}

const MAIN = fileURLToPath(new URL("../../engine/cli/main.js", import.meta.url));
/** Nodes of one folder. */
const PER_RACK = 40;
const PUSHES = 9;

/** Null where there is no git program to push with. */
export async function daemonBench(nodes: number): Promise<DaemonResult | null> {
  if (!hasGit()) return null;
  const dir = mkdtempSync(join(tmpdir(), "ironwright-bench-"));
  try {
    writeRepository(dir, nodes);
    const cold = await aDaemon(dir);
    await cold.end();
    const warm = await aDaemon(dir);
    const pushes: number[] = [];
    for (let push = 0; push < PUSHES; push += 1) pushes.push(await pushed(dir, push, warm));
    await warm.end();
    return {
      nodes,
      coldSeconds: cold.seconds,
      warmSeconds: warm.seconds,
      pushMs: pushes.sort((a, b) => a - b)[Math.floor(PUSHES / 2)] ?? Number.NaN,
      peakMb: Math.max(cold.peakMb, warm.peakMb),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function hasGit(): boolean {
  try {
    execFileSync("git", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function git(dir: string, ...args: readonly string[]): void {
  execFileSync(
    "git",
    ["-c", "user.name=b", "-c", "user.email=b@test", "-c", "gc.auto=0", ...args],
    {
      cwd: dir,
      stdio: "ignore",
    },
  );
}

function writeRepository(dir: string, nodes: number): void {
  writeFileSync(join(dir, "ironwright.yaml"), "apiVersion: ironwright/v1\nmode: observe\n");
  mkdirSync(join(dir, "inventory"));
  writeFileSync(join(dir, "inventory", "profile.yaml"), PROFILE);
  for (let first = 0; first < nodes; first += PER_RACK) {
    mkdirSync(join(dir, rackOf(first)));
    for (let i = first; i < Math.min(first + PER_RACK, nodes); i += 1)
      writeFileSync(join(dir, fileOf(i)), aNode(i, "on"));
  }
  git(dir, "init", "-q", "-b", "main");
  execFileSync(process.execPath, [MAIN, "init", "--nodes", "existing"], {
    cwd: dir,
    stdio: "ignore",
  });
  git(dir, "add", "-A");
  git(dir, "commit", "-q", "-m", "all");
  // What init parsed is no cold start.
  rmSync(join(dir, ".ironwright", "cache"), { recursive: true, force: true });
}

function rackOf(index: number): string {
  return join("inventory", `rack-${String(Math.floor(index / PER_RACK)).padStart(5, "0")}`);
}

function fileOf(index: number): string {
  return join(rackOf(index), `n${String(index).padStart(6, "0")}.yaml`);
}

const PROFILE = `apiVersion: ironwright/v1
kind: Profile
metadata: { name: compute }
spec:
  driver: fake
  boot: { mode: uefi, device: disk }
  traits: [HW_CPU_X86_VMX]
`;

function aNode(index: number, power: string): string {
  const name = `n${String(index).padStart(6, "0")}`;
  return `apiVersion: ironwright/v1
kind: Node
metadata:
  name: ${name}
  labels: { rack: r${Math.floor(index / PER_RACK)}, zone: a }
spec:
  profiles: [compute]
  identity: { manufacturer: Dell, serial: fake-${name} }
  provision: { state: adopted }
  power: ${power}
`;
}

/** A daemon with a commit in force. */
interface Running {
  readonly pid: number;
  readonly seconds: number;
  readonly peakMb: number;
  /** The next commit that it takes: how long it read and planned, milliseconds. */
  nextCommit(): Promise<number>;
  end(): Promise<void>;
}

async function aDaemon(dir: string, more: Readonly<Record<string, string>> = {}): Promise<Running> {
  const started = performance.now();
  const own = { IRONWRIGHT_INSTANCE: "bench", IRONWRIGHT_GIT_POLL_SECONDS: "1", ...more };
  const env = { ...process.env, ...own };
  const child = spawn(process.execPath, [MAIN, "watch", "--json"], {
    cwd: dir,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const commits = commitsOf(child);
  await commits.next();
  const seconds = (performance.now() - started) / 1000;
  const running = {
    pid: child.pid ?? 0,
    seconds,
    peakMb: peakOf(child),
    nextCommit: async () => (await commits.next()).value ?? Number.NaN,
    async end(): Promise<void> {
      running.peakMb = peakOf(child);
      child.kill();
      await new Promise((ended) => child.once("exit", ended));
    },
  };
  return running;
}

// How long each commit was read and planned.
async function* commitsOf(child: ChildProcess): AsyncGenerator<number, undefined> {
  let rest = "";
  for await (const chunk of child.stdout ?? []) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const event = JSON.parse(line) as { event: string; durationMs?: number };
      if (event.event === "watch.commit") yield event.durationMs ?? Number.NaN;
    }
  }
  throw new Error("the daemon ended");
}

/** The most memory that it ever had, MB. */
function peakOf({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1000;
}

/** Changes one file of many: every push that of another node. */
async function pushed(dir: string, push: number, daemon: Running): Promise<number> {
  writeFileSync(join(dir, fileOf(push * PER_RACK)), aNode(push * PER_RACK, "off"));
  git(dir, "commit", "-q", "-a", "-m", `push ${push}`);
  return daemon.nextCommit();
}
