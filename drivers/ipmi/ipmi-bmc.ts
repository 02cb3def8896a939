import { type Failure, failure, fail, ok, type Result } from "../../schemas/failure.ts";
import type { Transport } from "../../schemas/observation.ts";
import type { BmcCall, DriverPorts, Performed, PerformContext } from "../driver.ts";
import { socketFault } from "../net/fault-table.ts";
import type { Measure } from "../net/wire.ts";
import type { Slots } from "../net/slots.ts";
import { askCommand, type Command, type CommandAnswer } from "./ask-command.ts";
import { actFailure, isPassing, readFailure, thingAsked } from "./bridge-faults.ts";
import type { Controller } from "./controller.ts";
import { FruMemory } from "./fru-memory.ts";
import { hexByte, wireFault } from "./ipmi-faults.ts";
import {
  type Asked,
  type IpmiWire,
  retryWaits,
  type Timings,
  type Unanswered,
} from "./ipmi-wire.ts";
import type { LiveSession } from "./live-session.ts";
import { BMC_ADDRESS, NET_FN } from "./packets/lan-message.ts";
import { encodeCloseSession, SESSION_COMMANDS } from "./packets/session-commands.ts";
import { DEVICE_COMMANDS } from "./packets/device.ts";
import type { Fru } from "./packets/fru.ts";
import type { SessionKeeper } from "./session-keeper.ts";

/** What one BMC is spoken to with. */
export interface BmcPlan {
  readonly wire: IpmiWire;
  readonly ports: DriverPorts;
  readonly keeper: SessionKeeper;
  readonly timings: Timings;
  /** One question at a time: BMCs drop what comes while they work. */
  readonly lane: Slots;
  readonly globalSlots: Slots;
  readonly measure: Measure;
}

/** Sendings in a session that was there before; then it is taken for gone, and another one is opened. */
const KEPT_SENDINGS_MAX = 3;
/** Of a request's time, for those. */
const KEPT_SHARE = 0.4;
/** Milliseconds before a read is asked again where the BMC was busy; twice as long each time. */
const BUSY_PAUSE_MS = 250;
const BUSY_PAUSES_MAX = 5;
/**
 * So long after `session.open` or an act a session is kept alive, for the act may have to wait for its turn: in a large rack
 * machines are powered on one after the other. A BMC would end it after a minute of silence. Milliseconds.
 */
const NAMED_MS = 10 * 60_000;
/** A BMC has no such session (IPMI 2.0, 22.19). */
const NO_SUCH_SESSION = 0x87;

/** Bytes of a record at once: every BMC answers so many; with more some say that they cannot return them (CAh). */
const PART_BYTES = 16;

const GET_DEVICE_ID: Command = {
  netFn: NET_FN.app,
  command: DEVICE_COMMANDS.getDeviceId,
  data: Buffer.alloc(0),
};

/** One BMC: its session, its reads, its acts, one at a time; those that it passes on to others behind it, too. */
export class IpmiBmc implements Controller {
  readonly address = BMC_ADDRESS;
  readonly partBytes = PART_BYTES;
  readonly #plan: BmcPlan;
  /** Node -> the session that `session.open` named to the engine for it. */
  readonly #named = new Map<string, LiveSession>();
  /** When an act was last sent, or made ready for. */
  #namedAt = 0;
  readonly #memory: FruMemory;

  constructor(plan: BmcPlan) {
    this.#plan = plan;
    this.#memory = this.newMemory();
  }

  get thing(): string {
    return this.#plan.wire.thing;
  }

  get transport(): Transport | null {
    const { session, mayEndOthers } = this.#plan.keeper;
    if (session === null) return null;
    const fence = mayEndOthers ? "session" : "time-only";
    return { tls: session.isEncrypted ? "rmcp+" : "ipmi-1.5", fence };
  }

  /** The data of the answer to a command that changes nothing; logs in when nobody did, and anew where the session is gone. */
  read(command: Command, signal?: AbortSignal): Promise<Result<Buffer>> {
    return this.#inTurn<Result<Buffer>>(async () => {
      const leftMs = this.#deadline();
      for (let pause = 0; ; pause += 1) {
        const asked = await this.#readOnce(command, leftMs, signal);
        if (!asked.ok) return asked;
        const answer = asked.value;
        if (answer.completion === 0) return ok(answer.data);
        const pauseMs = BUSY_PAUSE_MS * 2 ** pause;
        if (!isPassing(answer) || pause === BUSY_PAUSES_MAX || leftMs() < pauseMs)
          return fail(readFailure({ bmc: this.thing, command, answer }));
        await this.#plan.ports.clock.sleep(pauseMs, signal).catch(() => undefined);
      }
    }, fail);
  }

  /** Sends a command that changes something, once, in the session that the engine has written down. */
  async act(node: string, command: Command, context: PerformContext): Promise<Performed> {
    const performed = await this.actAloud(node, command, context);
    return performed.sent === true ? { sent: true } : performed;
  }

  /** The same, and tells the bytes of the answer. */
  actAloud(node: string, command: Command, context: PerformContext): Promise<Performed> {
    return this.#inTurn(async () => {
      const session = this.#sessionOf(node);
      if (!session.ok) return unsent(session.failure);
      return this.#actIn(session.value, command, context);
    }, unsent);
  }

  /** Why no act of this node can be sent; null where one can. */
  unready(node: string): Failure | null {
    const session = this.#sessionOf(node);
    return session.ok ? null : session.failure;
  }

  /** `session.open`: answers the living session, or logs in with the engine's check before the first packet of it. */
  open(node: string, context: PerformContext): Promise<Performed> {
    return this.#inTurn(async () => {
      const { keeper } = this.#plan;
      const { signal } = context;
      if (signal?.aborted === true) return unsent(socketFault(this.thing, "IW_ABORTED"));
      const leftMs = this.#deadline();
      const kept = await this.#alive(leftMs, signal);
      if (!kept.ok) return unsent(kept.failure);
      if (kept.value !== null) {
        const refused = await context.check();
        return refused === null ? this.#name(node, kept.value) : unsent(refused);
      }
      const told = this.#plan.measure("login");
      const made = await keeper.logIn(leftMs, signal, context.check);
      told("failure" in made ? made.failure.code : DONE);
      if (!("failure" in made)) return this.#name(node, made);
      // A half-made session that nobody knows carries no act, and dies by itself.
      return { sent: made.isRefused ? "refused" : false, failure: made.failure };
    }, unsent);
  }

  /** `session.end`: done also when it is gone already. */
  end(name: string, context: PerformContext): Promise<Performed> {
    const id = idOf(name);
    if (id === null) {
      const fact = `the session "${name}" is none of IPMI`;
      const why = failure("stalled", "IW-B14", `${fact}; look into the claim`);
      return Promise.resolve(unsent(why));
    }
    return this.#inTurn(async () => {
      const leftMs = this.#deadline();
      const session = await this.#anySession(leftMs, context.signal);
      if (!session.ok) return unsent(session.failure);
      const data = encodeCloseSession(id);
      const command = { netFn: NET_FN.app, command: SESSION_COMMANDS.closeSession, data };
      const isOwn = session.value.id === id;
      const performed = await this.#actIn(session.value, command, context, NO_SUCH_SESSION);
      if (isOwn && performed.sent === true) this.#forget();
      return performed.sent === true ? { sent: true } : performed;
    }, unsent);
  }

  fru(uuid: string | null, read: () => Promise<Result<Fru>>): Promise<Result<Fru>> {
    return this.#memory.fru(uuid, read);
  }

  /** A memory for one machine that is read in this BMC's sessions. */
  newMemory(): FruMemory {
    const { keeper, ports } = this.#plan;
    return new FruMemory(
      () => keeper.session,
      () => ports.clock.monotonic(),
    );
  }

  /** Ends the session, best effort. */
  async close(): Promise<void> {
    this.#named.clear();
    await this.#plan.keeper.close(true);
  }

  #deadline(): () => number {
    const { clock, settings } = this.#plan.ports;
    const end = clock.monotonic() + settings.limits.requestSeconds * 1000;
    return () => end - clock.monotonic();
  }

  async #readOnce(
    command: Command,
    leftMs: () => number,
    signal: AbortSignal | undefined,
  ): Promise<Result<CommandAnswer>> {
    const { keeper } = this.#plan;
    const kept = keeper.session;
    if (kept !== null) {
      const ask = { command, leftMs, signal, sendingsMax: KEPT_SENDINGS_MAX };
      const asked = await this.#ask("read", kept, ask);
      if (asked.ok) return ok(asked.value);
      if (asked.why !== "silent") return fail(asked.failure);
      const isBehind = command.route !== undefined;
      const alive = await (isBehind
        ? this.#alive(leftMs, signal)
        : this.#outlived(kept, leftMs, signal));
      if (!alive.ok) return alive;
      // One behind it is silent, and the others go on in the session.
      if (isBehind && alive.value !== null)
        return fail(wireFault(thingAsked(this.thing, command), "mute"));
    }
    const session = await this.#anySession(leftMs, signal);
    if (!session.ok) return session;
    const asked = await this.#ask("read", session.value, { command, leftMs, signal });
    return asked.ok ? ok(asked.value) : fail(asked.failure);
  }

  /** The living session when it still answers; null where it is gone. */
  async #alive(
    leftMs: () => number,
    signal: AbortSignal | undefined,
  ): Promise<Result<LiveSession | null>> {
    const kept = this.#plan.keeper.session;
    if (kept === null) return ok(null);
    const ask = { command: GET_DEVICE_ID, leftMs, signal, sendingsMax: KEPT_SENDINGS_MAX };
    const asked = await this.#ask("read", kept, ask);
    if (asked.ok) return ok(kept);
    return asked.why === "silent" ? this.#outlived(kept, leftMs, signal) : fail(asked.failure);
  }

  /**
   * Whether a session has outlived a silence; null where it has not. A BMC that only stood still for some seconds has it yet, and
   * another one would take a second slot: so it is asked, once it answers anything.
   */
  async #outlived(
    kept: LiveSession,
    leftMs: () => number,
    signal: AbortSignal | undefined,
  ): Promise<Result<LiveSession | null>> {
    const silent = await this.#plan.keeper.ping(leftMs, signal);
    if (silent !== null && leftMs() > 0) return fail(silent);
    const ask = { command: GET_DEVICE_ID, leftMs, signal, sendingsMax: 1 };
    const asked = await this.#ask("read", kept, ask);
    if (asked.ok) return ok(kept);
    if (asked.why !== "silent") return fail(asked.failure);
    this.#forget();
    return ok(null);
  }

  async #anySession(
    leftMs: () => number,
    signal: AbortSignal | undefined,
  ): Promise<Result<LiveSession>> {
    const { keeper, measure } = this.#plan;
    if (keeper.session !== null) return ok(keeper.session);
    this.#named.clear();
    const told = measure("login");
    const made = await keeper.logIn(leftMs, signal);
    told("failure" in made ? made.failure.code : DONE);
    return "failure" in made ? fail(made.failure) : ok(made);
  }

  #forget(): void {
    this.#named.clear();
    this.#plan.keeper.forget();
  }

  #name(node: string, session: LiveSession): Performed {
    this.#named.set(node, session);
    this.#namedAt = this.#plan.ports.clock.monotonic();
    // One that nobody could end is not named: whoever takes over waits for its holder's end, as where there are none.
    return this.#plan.keeper.mayEndOthers
      ? { sent: true, session: nameOf(session.id) }
      : { sent: true };
  }

  #sessionOf(node: string): Result<LiveSession> {
    const { session } = this.#plan.keeper;
    const named = this.#named.get(node);
    if (session !== null && named === session) return ok(session);
    const lost = named === undefined ? "no session is open for the act" : "the session is gone";
    const fact = `${lost}: the BMC restarted, or somebody ended it`;
    return fail(failure("conflict", "IW-B14", `${this.thing}: ${fact}; plan again`));
  }

  /** After the check and in the same turn of the event loop; `done` is a completion code that means: it is so already. */
  async #actIn(
    session: LiveSession,
    command: Command,
    context: PerformContext,
    done = 0,
  ): Promise<Performed> {
    const { wire, keeper, measure } = this.#plan;
    const { signal } = context;
    if (isAborted(signal)) return unsent(socketFault(this.thing, "IW_ABORTED"));
    const refused = await context.check();
    if (refused !== null) return unsent(refused);
    // The check takes its time, and nothing was sent meanwhile.
    if (isAborted(signal)) return unsent(socketFault(this.thing, "IW_ABORTED"));
    const told = measure("act");
    const waits = [context.requestMaxMs];
    const asked = await askCommand(wire, session, {
      command,
      rqSeq: keeper.nextRqSeq(),
      waits,
      signal,
    });
    told(resultOf(asked));
    if (!asked.ok) return this.#unanswered(command, asked);
    keeper.used();
    this.#namedAt = this.#plan.ports.clock.monotonic();
    const { completion, data } = asked.value;
    if (completion === 0 || completion === done) return { sent: true, said: bytesText(data) };
    const why = actFailure({ bmc: this.thing, command, answer: asked.value });
    return { sent: why.kind === "ambiguous" ? "unknown" : "refused", failure: why };
  }

  #unanswered(command: Command, asked: Unanswered): Performed {
    if (asked.why === "unsent") return unsent(asked.failure);
    const { message } = asked.failure;
    const lost = wireFault(thingAsked(this.thing, command), "lost");
    return { sent: "unknown", failure: { ...lost, cause: message } };
  }

  async #ask(
    kind: BmcCall["kind"],
    session: LiveSession,
    ask: {
      readonly command: Command;
      readonly leftMs: () => number;
      readonly signal: AbortSignal | undefined;
      /** In a session that may be gone: then another one is to be made in the time that is left. */
      readonly sendingsMax?: number;
    },
  ): Promise<Asked<CommandAnswer>> {
    const { wire, keeper, timings, measure } = this.#plan;
    const { command, leftMs, signal, sendingsMax = Infinity } = ask;
    const share = sendingsMax === Infinity ? 1 : KEPT_SHARE;
    const waits = retryWaits(Math.max(1, leftMs() * share), timings, sendingsMax);
    const told = measure(kind);
    const rqSeq = keeper.nextRqSeq();
    const asked = await askCommand(wire, session, { command, rqSeq, waits, signal });
    told(resultOf(asked));
    if (asked.ok) keeper.used();
    return asked;
  }

  /** One thing at a time at this BMC, and not too many in all. */
  async #inTurn<T>(work: () => Promise<T>, failed: (why: Failure) => T): Promise<T> {
    const { lane, globalSlots } = this.#plan;
    const full = (): T => failed(socketFault(this.thing, "IW_QUEUE_FULL"));
    if (!(await lane.take())) return full();
    try {
      if (!(await globalSlots.take())) return full();
      try {
        return await work();
      } finally {
        globalSlots.give();
      }
    } finally {
      lane.give();
      this.#watchIdle();
    }
  }

  #watchIdle(): void {
    const { keeper } = this.#plan;
    if (keeper.session !== null) keeper.watchIdle(() => void this.#closeIdle());
  }

  async #closeIdle(): Promise<void> {
    const { lane, keeper, ports } = this.#plan;
    const { clock } = ports;
    // So many wait that it is used anyway.
    if (!(await lane.take())) return;
    try {
      // Who was before it in the queue has used the session.
      if (!keeper.isIdle) return;
      const isWaitedFor = clock.monotonic() - this.#namedAt < NAMED_MS;
      if (this.#named.size > 0 && isWaitedFor) await this.#alive(this.#deadline(), undefined);
      else {
        this.#named.clear();
        await keeper.close();
      }
    } finally {
      lane.give();
      this.#watchIdle();
    }
  }
}

/** How a call that was answered well is counted: its completion code. */
const DONE = hexByte(0);

function resultOf(asked: Asked<CommandAnswer>): string {
  return asked.ok ? hexByte(asked.value.completion) : asked.failure.code;
}

function bytesText(data: Buffer): string {
  const bytes = [...data].map((byte) => byte.toString(16).padStart(2, "0"));
  return bytes.length === 0 ? "no data" : `the bytes ${bytes.join(" ")}`;
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function unsent(why: Failure): Performed {
  return { sent: false, failure: why };
}

const SESSION_NAME = /^ipmi-session\/([0-9a-f]{8})$/;

/** The name under which the engine keeps a session. */
function nameOf(id: number): string {
  return `ipmi-session/${id.toString(16).padStart(8, "0")}`;
}

function idOf(name: string): number | null {
  const [, hex] = SESSION_NAME.exec(name) ?? [];
  return hex === undefined ? null : Number.parseInt(hex, 16);
}
