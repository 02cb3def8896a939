import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Seconds for so many leases taken and given back, 64 at once and one by one, beside their floors. */
export interface LeasesMeasured {
  readonly count: number;
  readonly many: number;
  readonly alone: number;
  readonly manyFloor: number;
  readonly aloneFloor: number;
}

const PROBE = fileURLToPath(new URL("lease-probe.js", import.meta.url));
/** The best of so many runs counts: the machine is shared with others. */
const ROUNDS = 3;
/** An etcd of one member is ready in a second. */
const READY_MS = 30_000;

/** Leases by files, and by etcd; null where no etcd program is installed. */
export async function leaseBench({ count }: { readonly count: number }): Promise<{
  readonly file: LeasesMeasured;
  readonly etcd: LeasesMeasured | null;
}> {
  const file = best(count, []);
  const started = await startEtcd();
  if (started === null) return { file, etcd: null };
  try {
    return { file, etcd: best(count, [started.endpoint]) };
  } finally {
    await started.close();
  }
}

function best(count: number, more: readonly string[]): LeasesMeasured {
  const all = Array.from({ length: ROUNDS }, () => {
    const out = execFileSync(process.execPath, [PROBE, String(count), ...more], {
      encoding: "utf8",
    });
    return JSON.parse(out) as LeasesMeasured;
  });
  const [first] = all.sort((a, b) => a.many / a.manyFloor - b.many / b.manyFloor);
  if (first === undefined) throw new Error("nothing was measured");
  return first;
}

/** One member on ports that the system chose. */
async function startEtcd(): Promise<{
  readonly endpoint: string;
  readonly close: () => Promise<void>;
} | null> {
  const dir = mkdtempSync(join(tmpdir(), "ironwright-bench-"));
  const [port, peer] = [await freePort(), await freePort()];
  const endpoint = `http://127.0.0.1:${port}`;
  const words = [
    ["--data-dir", dir],
    ["--listen-client-urls", endpoint],
    ["--advertise-client-urls", endpoint],
    ["--listen-peer-urls", `http://127.0.0.1:${peer}`],
    ["--initial-advertise-peer-urls", `http://127.0.0.1:${peer}`],
    ["--initial-cluster", `default=http://127.0.0.1:${peer}`],
  ].flat();
  const child = spawn("etcd", words, { stdio: "ignore" });
  const close = async (): Promise<void> => {
    await ended(child);
    rmSync(dir, { recursive: true, force: true });
  };
  const isThere = await new Promise<boolean>((done) => {
    child.on("error", () => done(false));
    child.on("spawn", () => done(true));
  });
  if (!isThere) {
    rmSync(dir, { recursive: true, force: true });
    return null;
  }
  for (const until = performance.now() + READY_MS; ;) {
    const answer = await fetch(`${endpoint}/health`).catch(() => null);
    if (answer?.ok === true) return { endpoint, close };
    if (performance.now() > until) {
      await close();
      throw new Error("etcd did not begin to answer");
    }
    await new Promise((next) => setTimeout(next, 100));
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    child.on("close", () => done());
    child.kill("SIGTERM");
  });
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => done(port));
    });
  });
}
