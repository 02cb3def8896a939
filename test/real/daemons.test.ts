import { setTimeout as pause } from "node:timers/promises";
import { execFileSync } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { tempDir } from "../support/temp-dir.ts";
import { aFleet, isOrderly, kill } from "./hall/fleet.ts";
import { type Supervised, supervise } from "./hall/supervised.ts";

/** Long enough that an engine on a busy machine keeps its lease; who loses it all the same is started again. */
const TTL_SECONDS = 20;

/** The state directory turns read-only for everybody who opens a file of it from now on. */
class ReadOnly {
  readonly #state: string;
  readonly #view = tempDir();

  constructor(state: string) {
    this.#state = state;
    execFileSync("mount", ["--bind", state, this.#view]);
    execFileSync("mount", ["-o", "remount,bind,ro", this.#view]);
    onTestFinished(() => void execFileSync("umount", ["--lazy", this.#view]));
  }

  /** Mounted over it: what is open for writing, as a journal is, keeps a file system from being remounted. */
  async during(work: () => Promise<void>): Promise<void> {
    execFileSync("mount", ["--bind", this.#view, this.#state]);
    try {
      await work();
    } finally {
      execFileSync("umount", ["--lazy", this.#state]);
    }
  }
}

/** Paused for longer than its lease: others take over; it wakes, and leaves with 5. */
async function pauseAndWake(daemon: Supervised): Promise<void> {
  await daemon.next("step.intent");
  const over = daemon.over();
  daemon.signal("SIGSTOP");
  await pause(TTL_SECONDS * 1500);
  daemon.signal("SIGCONT");
  const { code, err } = await over;
  expect([code, err]).toEqual([5, expect.stringContaining("IW-L02")]);
}

const HOUR_MS = 3_600_000;

/** Wall clocks jump apart, forwards and back again; leases rest on none of them. */
async function stepClocks(daemons: readonly Supervised[]): Promise<void> {
  for (const off of [2 * HOUR_MS, -2 * HOUR_MS, 0]) {
    for (const [index, daemon] of daemons.entries()) daemon.stepClock(index === 1 ? -off : off);
    await Promise.all(daemons.map((daemon) => daemon.next("apply.start")));
  }
}

test(
  "three daemons over 300 machines, killed, paused, their clocks stepped, their store read-only: each machine has one master at a time, nothing is done twice, and all become as git says",
  { timeout: 1_200_000 },
  async () => {
    const fleet = await aFleet({ nodes: 300, fakes: 12, ttlSeconds: TTL_SECONDS, commitMs: 2000 });
    const daemons = ["a", "b", "c"].map((name) => supervise({ dir: fleet.dir, name }));
    await Promise.all(daemons.map((daemon) => daemon.next("apply.summary")));
    fleet.keepCommitting();
    await stepClocks(daemons);
    await fleet.bringFakes();
    for (const daemon of daemons) await kill(daemon);
    for (const daemon of daemons.slice(0, 2)) await pauseAndWake(daemon);
    await new ReadOnly(fleet.state).during(async () => {
      for (const { err } of await Promise.all(daemons.map((daemon) => daemon.over())))
        expect(err).toMatch(/read-only|its lease ran out/);
    });
    await Promise.all(daemons.map((daemon) => daemon.next("apply.start")));
    await fleet.converged();
    await fleet.judge();
    for (const daemon of daemons) expect((await daemon.leave()).code).toBe(0);
    expect(daemons.flatMap(({ lives }) => lives.filter((life) => !isOrderly(life)))).toEqual([]);
  },
);
