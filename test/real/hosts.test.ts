import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import type { LoggedCall } from "../../drivers/simulator/exchange.ts";
import { runCli } from "../support/run-cli.ts";
import { tempDir } from "../support/temp-dir.ts";
import { git } from "./git-program.ts";
import { commit, HALL_PROFILE, hallNode, rackFiles } from "./hall/hall-inventory.ts";
import { brokenPromises } from "./hall/judge-record.ts";
import { aHall, type Hall } from "./hall/simulated-hall.ts";
import { type Supervised, supervise } from "./hall/supervised.ts";

// Two hosts on one shared directory, as unshare(1) gives them: names of their own, and processes that neither sees of the other.
vi.setConfig({ testTimeout: 240_000 });

const TTL_SECONDS = 10;
const NODES = 8;
const ENV = { BMC_PASSWORD: "password" };

const SETTINGS = `git: { pollSeconds: 1 }
lease: { ttlSeconds: ${TTL_SECONDS} }
powerSync: { intervalSeconds: 10 }
watch: { maxImpact: destructive }
limits: { resetSpacingSeconds: 0, powerOnSpacingSeconds: 0, settleSeconds: 1, requestSeconds: 5 }
timeouts: { powerSeconds: 10, softOffSeconds: 5, settingSeconds: 10, lookSeconds: 0.1 }
`;

/** Runs what follows on a host of that name; as no process 1, for that one can't be stopped from within. */
function onHost(name: string): readonly string[] {
  const own = ["--uts", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child"];
  return ["unshare", ...own, "sh", "-c", `hostname ${name}; "$@"; exit $?`, "sh"];
}

interface Site {
  readonly dir: string;
  readonly hall: Hall;
  /** Commits that this machine, or every one, is to have this power. */
  power(power: "on" | "off", only?: string): void;
  watch(name: string, env?: Readonly<Record<string, string>>): Supervised;
}

async function aSite(): Promise<Site> {
  const hall = await aHall(NODES);
  const dir = tempDir();
  git(dir, "init", "--quiet", "-b", "main");
  const files = (power: string, only?: string): ReadonlyMap<string, string> =>
    rackFiles(
      hall.machines.map((one) => {
        const isIt = only === undefined || one.name === only;
        return hallNode(one, ["provision: { state: adopted }", `power: ${isIt ? power : "off"}`]);
      }),
    );
  const settings = [
    ["ironwright.yaml", SETTINGS],
    ["inventory/hall.yaml", HALL_PROFILE],
    [".gitignore", ".ironwright/\n.local/\n"],
  ] as const;
  commit(dir, [...settings, ...files("off")], "the hall");
  const made = await runCli(dir, ["init"], ENV);
  if (made.code !== 0) throw new Error(made.err);
  commit(dir, [], "its store");
  return {
    dir,
    hall,
    power: (power, only) => void commit(dir, files(power, only), `${only ?? "all"} ${power}`),
    watch: (name, env = {}) =>
      supervise({
        dir,
        name,
        env,
        around: onHost(name),
        ...(process.env["STORY"] ? { story: process.env["STORY"] } : {}),
      }),
  };
}

/** Until one daemon alone says that all machines are as git says. */
async function settled(site: Site): Promise<void> {
  for (;;) {
    const { out } = await runCli(site.dir, ["plan"], ENV);
    if (out.includes(`${NODES} nodes are in sync`)) return;
  }
}

function powerOns({ hall }: Site): readonly string[] {
  return hall
    .record()
    .filter(({ effect }) => effect === "powering on")
    .map(({ machine }) => machine ?? "")
    .sort();
}

test("a daemon that was killed on another host is taken over once its counter stood still for a lease, and no sooner", async () => {
  const site = await aSite();
  const a = site.watch("host-a");
  const b = site.watch("host-b");
  await Promise.all([a, b].map((one) => one.next("watch.members", /host-a, host-b/)));
  await settled(site);
  site.power("on");
  await a.next("step.intent");
  a.abandon();
  a.signal("SIGKILL");
  const from = performance.now();
  await b.next("watch.members", /members: host-b$/);
  // Seen to move last a third of a lease before it was killed, at the earliest; nobody on this host sees its process.
  expect(performance.now() - from).toBeGreaterThan(TTL_SECONDS * 650);
  await settled(site);
  expect(brokenPromises(site.hall.record())).toEqual([]);
  expect(powerOns(site)).toEqual(site.hall.machines.map(({ name }) => name).sort());
  expect((await b.leave()).code).toBe(0);
});

test("a daemon that is paused on another host with an act in its hand is taken over, and its act comes to nothing when it wakes", async () => {
  const site = await aSite();
  const b = site.watch("host-b");
  await settled(site);
  // A machine that is adopted costs two checks to be powered on: before the login, and before the act.
  const a = site.watch("host-a", { IRONWRIGHT_TEST_PAUSE_AT: "checked:2" });
  await Promise.all([a, b].map((one) => one.next("watch.members", /host-a, host-b/)));
  const its = await ownedBy(site, "host-a");
  site.power("on", its);
  await b.next("watch.members", /members: host-b$/);
  await settled(site);
  const taken = actsOn(site, its);
  a.abandon();
  const over = a.over();
  a.signal("SIGCONT");
  const { code, err } = await over;
  expect([code, err]).toEqual([5, expect.stringContaining("IW-L02")]);
  expect(actsOn(site, its)).toEqual(taken);
  expect(taken.map(({ effect, sender }) => [effect, sender?.engine])).toEqual([
    ["powering on", "host-b"],
  ]);
  expect(brokenPromises(site.hall.record())).toEqual([]);
  expect((await b.leave()).code).toBe(0);
});

/** One of the machines that this engine owns. */
async function ownedBy(site: Site, engine: string): Promise<string> {
  const { out } = await runCli(site.dir, ["ring", "--json"], ENV);
  const { owners } = JSON.parse(out) as { owners: Readonly<Record<string, string>> };
  const found = Object.keys(owners).find((name) => owners[name] === engine);
  if (found === undefined) throw new Error(`${engine} owns nothing`);
  return found;
}

function actsOn({ hall }: Site, name: string): readonly LoggedCall[] {
  return hall.record().filter(({ machine }) => machine === name);
}

const FATE = `
import { nodeProcesses } from "${fileURLToPath(new URL("../../dist/engine/run/store/node-processes.js", import.meta.url))}";
process.stdout.write(process.argv[1] === "self"
  ? JSON.stringify(nodeProcesses.self())
  : await nodeProcesses.fate(JSON.parse(process.argv[1])));
`;

function askFate(around: readonly string[], what: string): string {
  const [program, ...args] = [...around, process.execPath];
  return execFileSync(program, [...args, "--input-type=module", "-e", FATE, what]).toString();
}

test("a process that the kernel hides from this user, or that another /proc is about, is not called gone", () => {
  const self = JSON.parse(askFate([], "self")) as Readonly<Record<string, unknown>>;
  const [pid, startTicks] = [
    process.pid,
    /\) \S+(?: \S+){18} (\d+)/.exec(statOf(process.pid))?.[1],
  ];
  const living = JSON.stringify({ ...self, pid, startTicks });
  expect(askFate([], living)).toBe("alive");
  expect(askFate([], JSON.stringify(self))).toBe("gone");
  const hidden =
    'mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"';
  const asNobody = ["unshare", "--mount", "sh", "-c", hidden, "sh"];
  expect(askFate(asNobody, living)).toBe("unknown");
  expect(askFate(asNobody, JSON.stringify(self))).toBe("gone");
  // A container that sees its host's /proc: numbers there are not the numbers here.
  const foreign = ["unshare", "--pid", "--fork"];
  expect(JSON.parse(askFate(foreign, "self"))).toMatchObject({
    startTicks: null,
    pidNamespace: null,
  });
});

function statOf(pid: number): string {
  return execFileSync("cat", [`/proc/${pid}/stat`]).toString();
}
