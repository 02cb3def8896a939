import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished } from "vitest";
import type { FakeMachine } from "../../../drivers/fake/fake-machine.ts";
import { Draw } from "../../engine/simulation/draw.ts";
import { type Ran, runCli } from "../../support/run-cli.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { git } from "../git-program.ts";
import { commit, HALL_PROFILE, rackFiles } from "./hall-inventory.ts";
import { brokenPromises } from "./judge-record.ts";
import { aHall, type Hall } from "./simulated-hall.ts";
import type { Life, Supervised } from "./supervised.ts";
import { inTenDays, Rebuilt, Wish } from "./wishes.ts";

/** What a fleet is made of. */
export interface FleetSize {
  readonly nodes: number;
  readonly fakes: number;
  readonly ttlSeconds: number;
  /** Between two commits, milliseconds: each stops what runs at its next act, to be planned anew. */
  readonly commitMs: number;
  /** More settings, as YAML lines. */
  readonly settings?: string;
}

/** Nodes that change their mind in one commit. */
const CHANGED = 6;
/** A rebuild is asked for in each of so many commits. */
const REBUILD_EVERY = 3;
/** For all to be as git says, once nothing more is committed, milliseconds. */
const CONVERGE_MS = 240_000;

const SETTINGS = `git: { pollSeconds: 1 }
powerSync: { intervalSeconds: 30 }
watch: { maxImpact: destructive }
breaker: { nodes: 1000 }
limits: { resetSpacingSeconds: 0, powerOnSpacingSeconds: 0, settleSeconds: 0, requestSeconds: 5 }
timeouts: { powerSeconds: 10, softOffSeconds: 5, settingSeconds: 10, agentSeconds: 60, lookSeconds: 0.1 }
`;

const ENV = { BMC_PASSWORD: "password" };
const SEED = Number(process.env["SEED"] ?? 1);

function isImageWritten(act: string): boolean {
  return act.startsWith("step.run deploy.write_image");
}

/** A hall, and a repository whose wishes for it change all the time. */
export class Fleet {
  readonly dir: string;
  readonly state: string;
  readonly hall: Hall;
  readonly #size: FleetSize;
  readonly #wishes: readonly Wish[];
  readonly #rebuilt: readonly Rebuilt[];
  readonly #random = new Draw(SEED);
  readonly #expires = inTenDays();
  #fakes: readonly Rebuilt[] = [];
  #deployed: readonly Rebuilt[] = [];
  #commits = 0;
  #isOver = false;
  #committing: Promise<void> = Promise.resolve();

  constructor(dir: string, hall: Hall, size: FleetSize) {
    this.dir = dir;
    this.state = join(dir, ".ironwright");
    this.hall = hall;
    this.#size = size;
    this.#wishes = hall.machines.map(
      (machine, index) => new Wish(machine, index % 20 === 0, this.#random),
    );
    this.#rebuilt = Array.from({ length: size.fakes }, (_, index) => new Rebuilt(`fake-${index}`));
  }

  run(...args: readonly string[]): Promise<Ran> {
    return runCli(this.dir, args, ENV);
  }

  commit(message: string): void {
    const all = [...this.#wishes, ...this.#fakes].map((one) => one.declared(this.#expires));
    commit(this.dir, rackFiles(all), message);
  }

  /** Changes minds, one commit after the other. */
  keepCommitting(): void {
    this.#committing = (async () => {
      while (!this.#isOver) {
        this.#change();
        await pause(this.#size.commitMs);
      }
    })();
  }

  #change(): void {
    this.#commits += 1;
    const id = `c${this.#commits}`;
    for (let n = 0; n < CHANGED; n += 1)
      this.#random.one(this.#wishes).change(this.#random, `${id}-${n}`);
    // In turn, so that none is asked twice before it has done the first.
    const turn = this.#commits / REBUILD_EVERY;
    if (Number.isInteger(turn)) this.#deployed[turn % this.#size.fakes]?.requests.push(id);
    this.commit(id);
  }

  /**
   * With one of the next commits. A fake machine lives by the clock of whoever looks at it: there is none while clocks
   * are stepped.
   */
  async bringFakes(): Promise<void> {
    this.#fakes = this.#rebuilt;
    while (!this.#rebuilt.every((fake) => this.#isDeployed(fake))) await pause(200);
    this.#deployed = this.#rebuilt;
  }

  #isDeployed(fake: Rebuilt): boolean {
    if (!existsSync(this.#pathOf(fake))) return false;
    const acts = this.#actsOf(fake);
    return acts.at(-1) === "power.on" && acts.some(isImageWritten);
  }

  #pathOf({ name }: Rebuilt): string {
    return join(this.state, "fake", `${name}.json`);
  }

  /** Acts that a fake machine took, in words. */
  #actsOf(fake: Rebuilt): readonly string[] {
    const text = readFileSync(this.#pathOf(fake), "utf8");
    return (JSON.parse(text) as FakeMachine).log.map(({ act }) => act);
  }

  /** The last wish: all are to be active. Until the plan has nothing left to do, and says so of all. */
  async converged(): Promise<void> {
    this.#isOver = true;
    await this.#committing;
    for (const wish of this.#wishes) while (wish.state !== "active") wish.climb();
    this.commit("the last word");
    const from = Date.now();
    const wanted = `${this.#size.nodes + this.#size.fakes} nodes are in sync`;
    for (;;) {
      const { out, err } = await this.run("plan");
      if (out.includes(wanted)) return;
      if (Date.now() - from > CONVERGE_MS) throw new Error(`not in sync:\n${out}\n${err}`);
      await pause(1000);
    }
  }

  /** What machines and BMCs wrote down themselves, held against what was promised. */
  async judge(): Promise<void> {
    const record = this.hall.record();
    expect(brokenPromises(record)).toEqual([]);
    for (const { machine, isRebooted, requests, offs } of this.#wishes) {
      const done = record.filter(
        (call) => call.machine === machine.name && /powering off|shutting down/.test(call.effect),
      ).length;
      // Who never obeyed one wish obeys what came after it; a request is never left out.
      const [least, most] = isRebooted ? [requests.length, requests.length] : [0, offs];
      const isRight = done >= least && done <= most;
      expect([machine.name, isRight, done, least, most]).toEqual([
        machine.name,
        true,
        done,
        least,
        most,
      ]);
    }
    for (const fake of this.#rebuilt) {
      const written = this.#actsOf(fake).filter(isImageWritten);
      expect([fake.name, new Set(written).size]).toEqual([fake.name, written.length]);
      expect([fake.name, written.length]).toEqual([fake.name, fake.requests.length + 1]);
    }
    const rebooted = this.#wishes[0]?.machine.name ?? "";
    const told = await this.run("explain", rebooted);
    expect([told.code, told.out]).toEqual([0, expect.stringContaining("in sync")]);
    const { out } = await this.run("history", rebooted);
    expect(out.match(/active to active/g) ?? []).toHaveLength(
      this.#wishes[0]?.requests.length ?? 0,
    );
  }
}

/** Machines keep what they are made of outside the store: they don't turn read-only with it. */
export async function aFleet(size: FleetSize): Promise<Fleet> {
  const hall = await aHall(size.nodes);
  const dir = tempDir();
  git(dir, "init", "--quiet", "-b", "main");
  const fleet = new Fleet(dir, hall, size);
  const lease = (size.settings ?? "").includes("lease:")
    ? ""
    : `lease: { ttlSeconds: ${size.ttlSeconds} }\n`;
  const files = [
    ["ironwright.yaml", `${SETTINGS}${lease}${size.settings ?? ""}`],
    ["inventory/hall.yaml", HALL_PROFILE],
    [".gitignore", ".ironwright/\n.local/\n"],
  ] as const;
  commit(dir, files, "the hall");
  fleet.commit("its nodes");
  mountMemory(fleet.state);
  const made = await fleet.run("init", "--nodes", "new");
  if (made.code !== 0) throw new Error(made.err);
  const fakes = join(tempDir(), "fake");
  mkdirSync(fakes);
  symlinkSync(fakes, join(fleet.state, "fake"));
  fleet.commit("its store");
  return fleet;
}

/** A disk in memory: what others do to this machine's disk at the same time keeps no lease from being renewed. */
function mountMemory(dir: string): void {
  mkdirSync(dir);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256m", "tmpfs", dir]);
  onTestFinished(() => void execFileSync("umount", ["--lazy", dir]));
}

/** Killed in the middle of its work; the next life goes on. */
export async function kill(daemon: Supervised): Promise<void> {
  for (;;) {
    await daemon.next("step.intent");
    const over = daemon.over();
    daemon.signal("SIGKILL");
    if ((await over).signal === "SIGKILL") return;
  }
}

/** How a life may end here: by our signal, by a lease that ran out, by a store that can't be reached, by leaving. */
export function isOrderly({ code, signal, err }: Life): boolean {
  if (signal === "SIGKILL" || code === 0) return true;
  if (code === 5) return /its lease ran out|read-only|etcd|declared it dead/.test(err);
  return code === 3 && /read-only|etcd/.test(err);
}
