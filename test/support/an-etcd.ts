import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** One member, as a process of its own. */
export interface Member {
  readonly name: string;
  readonly endpoint: string;
  readonly pid: number;
  /** By a signal, or SIGSTOP and SIGCONT. */
  signal(signal: NodeJS.Signals): void;
  /** Again, with what it had on its disk. */
  restart(): void;
  /** Ends it, and starts it with what a snapshot holds, as a cluster of that token. */
  restore(snapshot: string, token: string): Promise<void>;
}

/** A cluster that was started for one test. */
export interface Cluster {
  readonly endpoints: readonly string[];
  readonly members: readonly Member[];
  /** Words of etcdctl; answers what it printed. */
  ctl(...args: readonly string[]): string;
  /** The member that leads now. */
  leader(): Member;
  /** Ends it and removes its data. */
  close(): Promise<void>;
}

/** More of etcd's own flags for every member, and what etcdctl needs to reach it. */
export interface ClusterOptions {
  readonly size?: number;
  readonly flags?: readonly string[];
  readonly scheme?: "http" | "https";
  readonly ctlFlags?: readonly string[];
}

/** Etcd takes a second to choose a leader, and more on a busy machine. */
const READY_MS = 60_000;

/** Ports that the system chose; another may take one of them until etcd does, which would end the test at once. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((done) => {
          const server = createServer().listen(0, "127.0.0.1", () => done(server));
        }),
    ),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** Starts a cluster of Debian's etcd on loopback; whoever asked must close it. */
export async function startEtcd(options: ClusterOptions = {}): Promise<Cluster> {
  const { size = 1, flags = [], scheme = "http", ctlFlags = [] } = options;
  const dir = mkdtempSync(join(tmpdir(), "ironwright-etcd-"));
  const ports = await freePorts(size * 2);
  const at = (index: number): number => ports[index] ?? 0;
  const peers = Array.from({ length: size }, (_, i) => `m${i}=http://127.0.0.1:${at(2 * i + 1)}`);
  const processes = new Map<number, ChildProcess>();
  const start = (i: number): void => {
    const client = `${scheme}://127.0.0.1:${at(2 * i)}`;
    const peer = `http://127.0.0.1:${at(2 * i + 1)}`;
    const words = [
      ["--name", `m${i}`],
      ["--data-dir", join(dir, `m${i}`)],
      ["--listen-client-urls", client],
      ["--advertise-client-urls", client],
      ["--listen-peer-urls", peer],
      ["--initial-advertise-peer-urls", peer],
      ["--initial-cluster", peers.join(",")],
      ["--logger", "zap"],
      ["--log-level", "error"],
    ].flat();
    // On a machine that does other things a heartbeat may come late; tests need no quick election but a steady leader.
    const calm = ["--heartbeat-interval", "100", "--election-timeout", "1000"];
    const child = spawn("etcd", [...words, ...calm, ...flags], { stdio: "ignore" });
    processes.set(i, child);
  };
  for (let i = 0; i < size; i += 1) start(i);
  const member = (i: number): Member => ({
    name: `m${i}`,
    endpoint: `${scheme}://127.0.0.1:${at(2 * i)}`,
    get pid() {
      return processes.get(i)?.pid ?? 0;
    },
    signal: (signal) => void processes.get(i)?.kill(signal),
    restart: () => start(i),
    restore: async (snapshot, token) => {
      const old = processes.get(i);
      if (old !== undefined) await ended(old);
      const data = join(dir, `m${i}`);
      rmSync(data, { recursive: true, force: true });
      const peer = `http://127.0.0.1:${at(2 * i + 1)}`;
      const words = [
        ["snapshot", "restore", snapshot],
        ["--name", `m${i}`],
        ["--data-dir", data],
        ["--initial-cluster", peers.join(",")],
        ["--initial-cluster-token", token],
        ["--initial-advertise-peer-urls", peer],
      ].flat();
      execFileSync("etcdctl", words, {
        env: { ...process.env, ETCDCTL_API: "3" },
        stdio: "ignore",
      });
      start(i);
      await ready(cluster);
    },
  });
  const members = Array.from({ length: size }, (_, i) => member(i));
  const endpoints = members.map(({ endpoint }) => endpoint);
  const ctlAt = (asked: readonly string[], args: readonly string[]): string =>
    execFileSync("etcdctl", ["--endpoints", asked.join(","), ...ctlFlags, ...args], {
      encoding: "utf8",
      env: { ...process.env, ETCDCTL_API: "3" },
      stdio: ["ignore", "pipe", "pipe"],
    });
  const ctl = (...args: readonly string[]): string => ctlAt(endpoints, args);
  const cluster: Cluster = {
    endpoints,
    members,
    ctl,
    leader: () => {
      for (const one of members) {
        try {
          const out = ctlAt([one.endpoint], ["endpoint", "status", "-w", "json"]);
          const [{ Status: status }] = JSON.parse(out) as [
            { Status: { leader: number; header: { member_id: number } } },
          ];
          if (status.leader === status.header.member_id) return one;
        } catch {
          // One that is down leads nobody.
        }
      }
      throw new Error("no member leads");
    },
    close: async () => {
      await Promise.all([...processes.values()].map(ended));
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await ready(cluster);
  return cluster;
}

/** The same, ended with the test. */
export async function anEtcd(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await startEtcd(options);
  onTestFinished(() => cluster.close());
  return cluster;
}

/** Asks until every member answers. */
async function ready(cluster: Pick<Cluster, "ctl">): Promise<void> {
  const until = performance.now() + READY_MS;
  for (;;) {
    try {
      cluster.ctl("endpoint", "health");
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    child.on("close", () => done());
    // One that was stopped ends only when it goes on.
    child.kill("SIGKILL");
    child.kill("SIGCONT");
  });
}
