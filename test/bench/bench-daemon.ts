import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../engine/cli/main.js", import.meta.url));

/** A committed repository with its store, in a directory of its own. */
export interface BenchRepo {
  readonly dir: string;
  write(path: string, text: string): void;
  commit(message: string): void;
}

/** Null where there is no git program to push with. */
export async function withRepo<T>(
  files: Iterable<readonly [path: string, text: string]>,
  work: (repo: BenchRepo) => Promise<T>,
): Promise<T | null> {
  if (!hasGit()) return null;
  const dir = mkdtempSync(join(tmpdir(), "ironwright-bench-"));
  const repo: BenchRepo = {
    dir,
    write(path, text) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    },
    commit(message) {
      git(dir, "add", "-A");
      git(dir, "commit", "-q", "-m", message);
    },
  };
  try {
    for (const [path, text] of files) repo.write(path, text);
    git(dir, "init", "-q", "-b", "main");
    execFileSync(process.execPath, [MAIN, "init", "--nodes", "existing"], {
      cwd: dir,
      stdio: "ignore",
    });
    repo.commit("all");
    // What init parsed is no cold start.
    rmSync(join(dir, ".ironwright", "cache"), { recursive: true, force: true });
    return await work(repo);
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
  const who = ["-c", "user.name=b", "-c", "user.email=b@test", "-c", "gc.auto=0"];
  execFileSync("git", [...who, ...args], { cwd: dir, stdio: "ignore" });
}

/** One line of its log. */
export interface BenchEvent {
  readonly event: string;
  readonly message: string;
  readonly durationMs?: number;
}

/** A `watch` process. */
export class BenchDaemon {
  readonly #child: ChildProcess;
  readonly #events: BenchEvent[] = [];
  #heard: () => void = () => undefined;
  #url: string | null = null;

  constructor(dir: string, instance: string, env: Readonly<Record<string, string>> = {}) {
    const own = { IRONWRIGHT_INSTANCE: instance, IRONWRIGHT_GIT_POLL_SECONDS: "1", ...env };
    this.#child = spawn(process.execPath, [MAIN, "watch", "--json"], {
      cwd: dir,
      env: { ...process.env, ...own, IRONWRIGHT_LISTEN: "127.0.0.1:0" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on(
      "data",
      lines((line) => this.#events.push(JSON.parse(line) as BenchEvent)),
    );
    this.#child.stderr?.on(
      "data",
      lines((line) => (this.#url ??= /http:[^\s"]*/.exec(line)?.[0] ?? null)),
    );
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", () => this.#heard());
    this.#child.once("exit", () => this.#heard());
  }

  /** How many events it has told. */
  get told(): number {
    return this.#events.length;
  }

  /** The first such event after so many others. */
  async until(event: string, message = /./, from = 0): Promise<BenchEvent> {
    for (;;) {
      const found = this.#events
        .slice(from)
        .find((one) => one.event === event && message.test(one.message));
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null) throw new Error("the daemon ended");
      await new Promise<void>((heard) => (this.#heard = heard));
    }
  }

  /** The sum of a metric over all of its labels that hold `label`. */
  async metric(name: string, label = ""): Promise<number> {
    if (this.#url === null) throw new Error("it serves no metrics");
    const text = await (await fetch(new URL("/metrics", this.#url))).text();
    let sum = 0;
    for (const line of text.split("\n"))
      if (new RegExp(`^ironwright_${name}[ {]`).test(line) && line.includes(label))
        sum += Number(line.slice(line.lastIndexOf(" ")));
    return sum;
  }

  /** User and system time since it began, seconds. */
  cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  }

  /** The most memory that it ever had, MB. */
  peakMb(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1000;
  }

  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const ended = new Promise((done) => this.#child.once("exit", done));
    this.#child.kill(signal);
    await ended;
  }
}

/** Of /proc: sysconf(_SC_CLK_TCK) is 100 on every Linux that Node runs on. */
export const TICKS = 100;

function lines(hear: (line: string) => void): (chunk: Buffer) => void {
  let rest = "";
  return (chunk) => {
    const all = (rest + chunk.toString()).split("\n");
    rest = all.pop() ?? "";
    for (const line of all) hear(line);
  };
}
