import { setMaxListeners } from "node:events";
import { type Failure, failure } from "../../../schemas/failure.ts";
import { type Incarnation, incarnationSchema } from "../../../schemas/store.ts";
import type { Layout } from "./layout.ts";
import { EngineKilled, readJson, StoreTrouble, type Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

/** A lease is renewed this many times in its life, so that one late renewal loses nothing. */
const RENEWALS = 3;
/** Bound of how much two monotonic clocks may differ in rate, on either side of a ttl. */
const RATE_LOW = 0.98;
const RATE_HIGH = 1.02;
/** Taken off the holder's own deadline: scheduling and the way to the disk. Milliseconds. */
const MARGIN_MS = 1000;

/** Every flow of an apply listens while it sleeps: hundreds at once are no leak. */
function heardByMany(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** This process as the store knows it: one lease for all of its claims, renewed by a counter. */
export class LivingIncarnation {
  readonly info: Incarnation;
  readonly #layout: Layout;
  readonly #ports: StorePorts;
  readonly #writer: Writer;
  readonly #ttlMs: number;
  readonly #death = heardByMany();
  readonly #closing = heardByMany();
  #deadline: number;
  #counter = 0;
  #drains = false;
  /** Renewals come one after the other: an older one never takes the place of a newer. */
  #last: Promise<void> = Promise.resolve();
  #dead: Failure | null = null;
  #loop: Promise<void> | null = null;

  constructor(
    info: Incarnation,
    how: {
      readonly layout: Layout;
      readonly ports: StorePorts;
      readonly writer: Writer;
      readonly ttlMs: number;
    },
    startedAt: number,
  ) {
    this.info = info;
    this.#layout = how.layout;
    this.#ports = how.ports;
    this.#writer = how.writer;
    this.#ttlMs = how.ttlMs;
    this.#deadline = startedAt + lifeOf(how.ttlMs);
  }

  /** As others see it after the next renewal. */
  get now(): Incarnation {
    return { ...this.info, counter: this.#counter, ...(this.#drains ? { drain: true } : {}) };
  }

  /** Says at once that it leaves. */
  drain(): Promise<void> {
    this.#drains = true;
    return this.#renew();
  }

  /** Begins to renew; ends with `close` or with death. */
  start(): void {
    this.#loop = Promise.all([this.#renewing(), this.#watching()]).then(() => undefined);
  }

  /** Dies at its deadline by itself, also while a renewal hangs: sockets are destroyed then, not later. */
  async #watching(): Promise<void> {
    const { clock } = this.#ports;
    const { signal } = this.#closing;
    while (this.dead() === null && !signal.aborted) {
      const left = Math.max(1, this.#deadline - clock.monotonic());
      await clock.sleep(left, signal).catch(() => undefined);
    }
  }

  get deathSignal(): AbortSignal {
    return this.#death.signal;
  }

  /** The monotonic time up to which this incarnation may act. */
  get deadline(): number {
    return this.#deadline;
  }

  /** Null while it may act. A deadline that passed unnoticed (a pause, a suspend) ends it here. */
  dead(): Failure | null {
    if (this.#dead === null && this.#ports.clock.monotonic() >= this.#deadline)
      this.die("its lease ran out before it could be renewed (a pause, a slow disk or a suspend)");
    return this.#dead;
  }

  /** For ever: no act, no journal, no record any more. Sockets are destroyed on the signal. */
  die(why: string): void {
    if (this.#dead !== null) return;
    this.#dead = failure(
      "conflict",
      "IW-L02",
      `this engine (${this.info.name}) ended: ${why}; start it again`,
    );
    this.#death.abort();
  }

  /** True when somebody declared this incarnation dead. */
  async killed(): Promise<boolean> {
    if (!(await this.#ports.files.exists(this.#layout.dead(this.info.inc)))) return false;
    this.die("another engine declared it dead and took its leases");
    return true;
  }

  async #renewing(): Promise<void> {
    const { clock } = this.#ports;
    while (this.#dead === null && !this.#closing.signal.aborted) {
      const slept = await clock.sleep(this.#ttlMs / RENEWALS, this.#closing.signal).then(
        () => true,
        () => false,
      );
      if (!slept || this.#closing.signal.aborted) return;
      await this.#renew();
    }
  }

  #renew(): Promise<void> {
    this.#last = this.#last
      .then(() => this.#renewNow())
      .catch((error: unknown) => this.die(`its lease cannot be renewed: ${wordsOf(error)}`));
    return this.#last;
  }

  async #renewNow(): Promise<void> {
    const { clock } = this.#ports;
    const started = clock.monotonic();
    if (this.dead() !== null) return;
    this.#counter += 1;
    await this.#writer.replace(this.#layout.instance(this.info.inc), this.now);
    if (await this.killed()) return;
    // A renewal that ends after the deadline is void: somebody may have judged by the old one.
    if (clock.monotonic() >= this.#deadline) this.die("its lease ran out while it was renewed");
    else this.#deadline = started + lifeOf(this.#ttlMs);
  }

  /** Ends it and leaves its file: whoever comes next must declare it dead, for what it sent may be on its way. */
  async leave(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
    await this.#last;
    this.die("it was closed");
  }

  /** Ends it in order: nothing waits for a ttl. */
  async close(): Promise<void> {
    await this.leave();
    await this.#ports.files.remove(this.#layout.instance(this.info.inc)).catch(unlessKilled);
  }
}

/** One that was killed leaves its file to who buries it. */
function unlessKilled(error: unknown): void {
  if (!(error instanceof EngineKilled)) throw error;
}

function wordsOf(error: unknown): string {
  return error instanceof StoreTrouble ? error.message : String(error);
}

function lifeOf(ttlMs: number): number {
  return ttlMs * RATE_LOW - MARGIN_MS;
}

/** A counter is renewed three times in a ttl; looking twice as often learns of it soon. */
const LOOKS_PER_TTL = 6;

/** How a holder was found dead. */
export type Death =
  | { readonly dead: true; readonly proven: boolean }
  | { readonly dead: false; readonly leftMs: number };

const PROVEN: Death = { dead: true, proven: true };

/** Judges other incarnations: by their process where it can be seen, else by a counter that stood still. */
export class Coroner {
  readonly #layout: Layout;
  readonly #ports: StorePorts;
  readonly #writer: Writer;
  readonly #ttlMs: number;
  readonly #watched = new Map<string, { readonly counter: number; readonly since: number }>();

  constructor(layout: Layout, ports: StorePorts, writer: Writer, ttlMs: number) {
    this.#layout = layout;
    this.#ports = ports;
    this.#writer = writer;
    this.#ttlMs = ttlMs;
  }

  /** Dead for ever, or alive for all that is known; `leftMs` says how long its counter must still stand still. */
  async judge(inc: string, by: string): Promise<Death> {
    const { files, processes, clock } = this.#ports;
    const dead = await files.read(this.#layout.dead(inc));
    if (dead?.includes('"proven":true') === true) return PROVEN;
    const begun = clock.monotonic();
    const holder = await readJson(files, this.#layout.instance(inc), incarnationSchema);
    if (dead === null && holder === null) return PROVEN;
    if (holder !== null && (await processes.fate(holder)) === "gone") {
      await this.prove(inc, by);
      return PROVEN;
    }
    if (dead !== null || holder === null) return { dead: true, proven: false };
    const seen = this.#watched.get(inc);
    if (seen === undefined || seen.counter !== holder.counter) {
      this.#watched.set(inc, { counter: holder.counter, since: clock.monotonic() });
      return { dead: false, leftMs: this.#ttlMs * RATE_HIGH };
    }
    const stood = begun - seen.since;
    if (stood < this.#ttlMs * RATE_HIGH)
      return { dead: false, leftMs: this.#ttlMs * RATE_HIGH - stood };
    // By link: a proof that somebody else wrote meanwhile stays.
    await this.#writer.take(this.#layout.dead(inc), this.#death(by, false));
    return { dead: true, proven: false };
  }

  /**
   * Of another host, or of this one before it was rebooted, only the counter tells: it is watched until
   * it moves, or until it stood still for a ttl and the engine is declared dead.
   */
  async lives(other: Incarnation, me: LivingIncarnation): Promise<boolean> {
    const { files, processes, clock } = this.#ports;
    if (await files.exists(this.#layout.dead(other.inc))) return false;
    const fate = await processes.fate(other);
    if (fate !== "unknown") return fate === "alive";
    for (;;) {
      const judged = await this.judge(other.inc, me.info.name);
      if (judged.dead) return false;
      const now = await readJson(files, this.#layout.instance(other.inc), incarnationSchema);
      if (now === null) return false;
      if (now.counter !== other.counter || me.dead() !== null) return true;
      const wait = Math.min(judged.leftMs, this.#ttlMs / LOOKS_PER_TTL);
      await clock.sleep(Math.ceil(wait), me.deathSignal).catch(() => undefined);
    }
  }

  /** Its process is gone for certain: it was seen to be, or a person says so. Permanent as any death. */
  async prove(inc: string, by: string): Promise<void> {
    await this.#writer.replace(this.#layout.dead(inc), this.#death(by, true));
  }

  /** Permanent: it never lives again, whatever it writes. Only now are its claims takeable. */
  #death(by: string, proven: boolean): object {
    return { by, at: this.#ports.clock.now(), proven };
  }
}
