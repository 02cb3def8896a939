import { expect, test } from "vitest";
import type { ActingStore, Grant } from "../../../../engine/run/ports.ts";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import type { StorePorts } from "../../../../engine/run/store/store-ports.ts";
import { acting, INTENT, STORE, storePorts, UUID } from "../../../support/a-store.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { type Before, MemoryFiles } from "../../../support/memory-files.ts";

/** Decisions that are explored in full; after them the schedule alternates. */
const DEPTH = 12;
/** All orders are work for the processor alone: about 20 s, and more on a machine that does other things. */
const ALL_ORDERS_MS = 180_000;

/** Ports of one of several processes of one host, all of which live. */
function ports(files: MemoryFiles, pid: number, clock: FakeClock): StorePorts {
  return storePorts(files, pid, { clock, fateOf: () => "alive" });
}

/** A disk with a new store on it; each order gets a copy. */
async function aStore(): Promise<MemoryFiles> {
  const disk = new MemoryFiles();
  const made = await initStore("/s", STORE, ports(disk, 1, new FakeClock()));
  expect(made.ok).toBe(true);
  return disk;
}

/** Lets actors run one file operation at a time, in the order of a list of decisions. */
class Scheduler {
  /** Operations of each actor that wait for their turn, oldest first. */
  readonly #waiting = new Map<number, (() => void)[]>();
  readonly #done = new Set<number>();
  readonly #decisions: readonly number[];
  #step = 0;
  #on = false;

  constructor(decisions: readonly number[]) {
    this.#decisions = decisions;
  }

  /** Waits for the actor's turn while the schedule runs; before and after it nothing waits. */
  gate(actor: number): Before {
    return () => {
      if (!this.#on) return Promise.resolve();
      return new Promise((go) => {
        this.#waiting.set(actor, [...(this.#waiting.get(actor) ?? []), go]);
      });
    };
  }

  finish(actor: number): void {
    this.#done.add(actor);
  }

  async run(actors: number): Promise<void> {
    this.#on = true;
    while (this.#done.size < actors) {
      // Until every actor either waits at its next operation or has ended.
      for (let i = 0; i < 50 && this.#waiting.size + this.#done.size < actors; i += 1)
        await Promise.resolve();
      if (this.#waiting.size === 0) {
        await new Promise((next) => setImmediate(next));
        continue;
      }
      const ready = [...this.#waiting.keys()].sort((a, b) => a - b);
      const wish = this.#decisions[this.#step] ?? this.#step % actors;
      this.#step += 1;
      const actor = ready.includes(wish) ? wish : (ready[0] ?? 0);
      const [go, ...later] = this.#waiting.get(actor) ?? [];
      if (later.length === 0) this.#waiting.delete(actor);
      else this.#waiting.set(actor, later);
      go?.();
    }
    this.#on = false;
  }
}

function* schedules(depth: number): Generator<readonly number[]> {
  for (let bits = 0; bits < 2 ** depth; bits += 1)
    yield Array.from({ length: depth }, (_, i) => (bits >> i) & 1);
}

test(
  "two takers of a free node, in every order of their first steps: exactly one may act",
  { timeout: ALL_ORDERS_MS },
  async () => {
    const fresh = await aStore();
    for (const decisions of schedules(DEPTH)) {
      const disk = new MemoryFiles(new Map(fresh.files));
      const clock = new FakeClock();
      const scheduler = new Scheduler(decisions);
      const grants: Grant[] = [];
      const taker = async (index: number): Promise<ActingStore> => {
        const files = disk.sharedWith(scheduler.gate(index));
        return acting(ports(files, 10 + index, clock), `e${index}`);
      };
      const stores = [await taker(0), await taker(1)];
      const take = async (store: ActingStore, index: number): Promise<void> => {
        const claimed = await store.claim(UUID, "n1").finally(() => scheduler.finish(index));
        if (claimed.ok) grants.push(claimed.value);
        else expect(claimed.failure.code).toBe("IW-L01");
      };
      await Promise.all([scheduler.run(2), ...stores.map(take)]);
      expect([decisions.join(""), grants.length]).toEqual([decisions.join(""), 1]);
      const act = { impact: "none", verb: "power.on", requestMaxMs: 100, registerSeq: 1 } as const;
      expect(await grants[0]?.check(act)).toBeNull();
    }
  },
);

test(
  "a holder whose lease is taken at any of its steps either is seen or acts no more",
  { timeout: ALL_ORDERS_MS },
  async () => {
    const fresh = await aStore();
    for (const decisions of schedules(DEPTH)) {
      const disk = new MemoryFiles(new Map(fresh.files));
      const clock = new FakeClock();
      const scheduler = new Scheduler(decisions);
      const gated = (index: number): StorePorts =>
        ports(disk.sharedWith(scheduler.gate(index)), 10 + index, clock);
      const holder = await acting(gated(0), "holder");
      const taker = await acting(gated(1), "taker");
      const claimed = await holder.claim(UUID, "n1");
      if (!claimed.ok) throw new Error("not claimed");
      const grant = claimed.value;
      let mayAct = false;
      let seen: readonly string[] = [];
      const act = { impact: "none", verb: "power.on", requestMaxMs: 100, registerSeq: 1 } as const;
      const holding = async (): Promise<void> => {
        await grant.intent(INTENT);
        mayAct = (await grant.check(act)) === null;
        scheduler.finish(0);
      };
      const taking = async (): Promise<void> => {
        const taken = await taker.breakLease(UUID, "test", false);
        if (taken.ok) seen = taken.value.openIntents.map(({ line }) => line.step);
        scheduler.finish(1);
      };
      await Promise.all([scheduler.run(2), holding(), taking()]);
      // Dekker: it acted only if its intent was there to be read by whoever took over.
      if (mayAct) expect([decisions.join(""), seen]).toEqual([decisions.join(""), ["1"]]);
    }
  },
);
