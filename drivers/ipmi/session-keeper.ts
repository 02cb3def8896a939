import { type Failure, fail, ok, type Result } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { DriverPorts, PerformContext } from "../driver.ts";
import type { RefusalLedger, SecretLogin } from "../net/refusal-ledger.ts";
import { askCommand } from "./ask-command.ts";
import { askCapabilities, askSuites } from "./before-login.ts";
import { resolveSecrets } from "./bmc-secrets.ts";
import { completionFault, PASSING, wireFault } from "./ipmi-faults.ts";
import { type IpmiWire, retryWaits, type Timings } from "./ipmi-wire.ts";
import type { LiveSession } from "./live-session.ts";
import { type LoggedIn, type LoginAt, loginFault } from "./login.ts";
import { login15 } from "./login15.ts";
import { login20 } from "./login20.ts";
import { type CipherSuite, CIPHER_SUITES } from "./packets/algorithms.ts";
import { NET_FN } from "./packets/lan-message.ts";
import { PRIVILEGES } from "./packets/rakp.ts";
import {
  type AuthCapabilities,
  encodeCloseSession,
  encodePrivilege,
  SESSION_COMMANDS,
} from "./packets/session-commands.ts";

/** How one BMC is logged in to. */
export interface KeeperPlan {
  readonly wire: IpmiWire;
  readonly ports: DriverPorts;
  readonly ledger: RefusalLedger;
  readonly timings: Timings;
  /** A node of this BMC: its secret references are resolved. */
  readonly node: FleetNode;
  /** A session that nobody used for so long is closed: BMCs have four or five, and people need one. Milliseconds. */
  readonly idleMs: number;
}

/** Asked before the first packet of a login that is an act. */
type Check = PerformContext["check"];
const NO_CHECK: Check = () => Promise.resolve(null);

/** BMCs end a session that was silent for a minute, three seconds more or less (IPMI 2.0, 6.12.15). Milliseconds. */
const VANISHED_MS = 55_000;

/** For the end of one session: a dead BMC must not hold a command that leaves. Milliseconds, for each of two sendings. */
const CLOSE_WAITS = [400, 800] as const;

/** A session that could be neither used nor closed, for nothing leaves this host: it is tried again after so long. Milliseconds. */
const OVERDUE_MS = 2000;

/** Why a login was not made; `refused` where the BMC said no. */
export interface NotLoggedIn {
  readonly failure: Failure;
  readonly isRefused: boolean;
}

/** The one session with a BMC: made when it is needed, closed when it is idle. Its caller lets one thing happen at a time. */
export class SessionKeeper {
  readonly #plan: KeeperPlan;
  #session: LiveSession | null = null;
  #usedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What worked is tried first. */
  #suite: CipherSuite | null = null;
  #rqSeq = 0;
  #closed = false;

  constructor(plan: KeeperPlan) {
    this.#plan = plan;
  }

  /** The living session; null where there is none, or the BMC has ended it by now. */
  get session(): LiveSession | null {
    if (this.#session !== null && this.#now() - this.#usedAt > VANISHED_MS) this.forget();
    return this.#session;
  }

  /** Only the highest level may end another's session (IPMI 2.0, 22.19): below it a takeover has time alone. */
  get mayEndOthers(): boolean {
    return (this.#plan.node.spec.bmc?.privilege ?? "administrator") === "administrator";
  }

  /** The number of the next request (IPMI 2.0, 13.8). */
  nextRqSeq(): number {
    this.#rqSeq = (this.#rqSeq + 1) % 64;
    return this.#rqSeq;
  }

  /** The session was heard of just now. */
  used(): void {
    this.#usedAt = this.#now();
  }

  /** Nobody used it for its time. */
  get isIdle(): boolean {
    return this.#usedAt + this.#plan.idleMs <= this.#now();
  }

  /** It is gone; nothing is sent. */
  forget(): void {
    this.#session = null;
    clearTimeout(this.#timer);
  }

  /** Calls when the session has been idle for its time, so that it is closed in turn. */
  watchIdle(isIdle: () => void): void {
    clearTimeout(this.#timer);
    const leftMs = this.#usedAt + this.#plan.idleMs - this.#now();
    this.#timer = setTimeout(
      () => {
        if (this.isIdle) isIdle();
        else this.watchIdle(isIdle);
      },
      leftMs > 0 ? leftMs : OVERDUE_MS,
    );
    this.#timer.unref();
  }

  /** Closes the session at the BMC, best effort: it dies by its own timeout otherwise. */
  async close(isLast = false): Promise<void> {
    if (isLast) this.#closed = true;
    const session = this.#session;
    this.forget();
    if (session !== null) await this.#end(session);
  }

  async #end(session: LiveSession): Promise<void> {
    const { wire, ports } = this.#plan;
    const data = encodeCloseSession(session.id);
    const command = { netFn: NET_FN.app, command: SESSION_COMMANDS.closeSession, data };
    const ask = { command, rqSeq: this.nextRqSeq(), waits: CLOSE_WAITS };
    const asked = await askCommand(wire, session, ask);
    if (!asked.ok) ports.debug(`${wire.thing}: the session was not ended`);
  }

  /** Makes a session: address, capabilities, secret, then the login behind the check. */
  async logIn(
    leftMs: () => number,
    signal: AbortSignal | undefined,
    check: Check = NO_CHECK,
  ): Promise<LiveSession | NotLoggedIn> {
    const { wire, ports, node } = this.#plan;
    if (this.#closed) return unmade(wireFault(wire.thing, "silent", "the driver is closed"));
    const outside = await wire.find();
    if (outside !== null) return unmade(outside);
    const said = await this.#capabilities(leftMs, signal);
    if (!said.ok) return unmade(said.failure);
    const secrets = await resolveSecrets(ports, node, { origin: wire.origin, is15: this.#is15 });
    if (!secrets.ok) return unmade(secrets.failure);
    const { credentials, login } = secrets.value;
    const asked = this.#now();
    return this.#counted(login, check, async () => {
      // While others tried the same secret, time stood still for this one.
      const waitedMs = this.#now() - asked;
      const left = (): number => leftMs() + waitedMs;
      const at = { wire, credentials, timings: this.#plan.timings, leftMs: left, signal };
      const made = this.#is15 ? await login15(at, said.value) : await this.#bySuites(at);
      return made.ok ? this.#withPrivilege(made.session, at) : made;
    });
  }

  /** Whether the BMC answers at all, outside any session; why not. */
  async ping(leftMs: () => number, signal: AbortSignal | undefined): Promise<Failure | null> {
    const said = await this.#capabilities(leftMs, signal);
    return said.ok ? null : said.failure;
  }

  #now(): number {
    return this.#plan.ports.clock.monotonic();
  }

  get #is15(): boolean {
    return this.#plan.node.spec.bmc?.ipmiVersion === 1.5;
  }

  /** Lets the guard count the login, whatever comes of it. */
  async #counted(
    login: SecretLogin,
    check: Check,
    make: () => Promise<LoggedIn>,
  ): Promise<LiveSession | NotLoggedIn> {
    const { ledger } = this.#plan;
    const stopped = await ledger.enter(login);
    if (stopped !== null) return unmade(stopped);
    let made: LoggedIn | null = null;
    try {
      const refused = await check();
      if (refused !== null) return unmade(refused);
      made = await make();
    } finally {
      const verdict = made === null ? "other" : made.ok ? "accepted" : made.verdict;
      await ledger.leave(login, verdict, made?.ok === false ? made.failure : null);
    }
    if (!made.ok) return { failure: made.failure, isRefused: made.verdict !== "other" };
    if (this.#closed) await this.#end(made.session);
    else this.#session = made.session;
    this.used();
    return made.session;
  }

  async #capabilities(
    leftMs: () => number,
    signal: AbortSignal | undefined,
  ): Promise<Result<AuthCapabilities>> {
    const { wire, ports, timings, node } = this.#plan;
    const level = PRIVILEGES[node.spec.bmc?.privilege ?? "administrator"];
    const totalMs = Math.min(leftMs(), ports.settings.limits.connectSeconds * 1000);
    const asked = await askCapabilities({ wire, timings, signal }, level, totalMs);
    if (!asked.ok) return fail(asked.failure);
    const said = asked.value;
    // What cannot be read says nothing; the login will.
    if (said === null) return ok(UNSAID);
    if (this.#is15 && !said.authTypes.includes("md5"))
      return fail(wireFault(wire.thing, "notIpmi15"));
    if (!this.#is15 && !said.speaks20) return fail(wireFault(wire.thing, "notIpmi20"));
    return ok(said);
  }

  /** The suite that worked, then the others, best first; a declared one alone. */
  async #bySuites(at: LoginAt): Promise<LoggedIn> {
    const { suites, listed } = await this.#suitesToTry(at);
    const isTold = listed !== null && !suites.some(({ id }) => listed.includes(id));
    let last: LoggedIn = loginFault(at.wire, "silent");
    for (const suite of suites) {
      if (at.leftMs() <= 0) break;
      const one = await login20(at, suite);
      if (one.ok) this.#suite = suite;
      if (one.ok || !one.isSuite) return one;
      // Where its list holds none that is spoken, that explains it.
      last = isTold ? loginFault(at.wire, "noSuite", `it lists ${listed.join(", ")}`) : one;
      this.#plan.ports.debug(`${at.wire.thing}: it does not take cipher suite ${suite.id}`);
    }
    return last;
  }

  async #suitesToTry(at: LoginAt): Promise<SuitesToTry> {
    const declared = this.#plan.node.spec.bmc?.cipherSuite ?? "auto";
    const known = CIPHER_SUITES.filter(({ id }) => String(id) === String(declared));
    if (known.length > 0) return { suites: known, listed: null };
    const first = this.#suite;
    if (first !== null)
      return { suites: [first, ...CIPHER_SUITES.filter((one) => one !== first)], listed: null };
    const listed = await askSuites(at);
    const isListed = ({ id }: CipherSuite): boolean => listed?.includes(id) ?? false;
    const rest = CIPHER_SUITES.filter((suite) => !isListed(suite));
    return { suites: [...CIPHER_SUITES.filter(isListed), ...rest], listed };
  }

  /** A session begins as user; more is asked for once (IPMI 2.0, 22.18). */
  async #withPrivilege(session: LiveSession, at: LoginAt): Promise<LoggedIn> {
    const { privilege } = at.credentials;
    if (privilege <= PRIVILEGES.user) return { ok: true, session };
    const data = encodePrivilege(privilege);
    const command = { netFn: NET_FN.app, command: SESSION_COMMANDS.setSessionPrivilege, data };
    const waits = retryWaits(at.leftMs(), at.timings);
    const ask = { command, rqSeq: this.nextRqSeq(), waits, signal: at.signal };
    const asked = await askCommand(at.wire, session, ask);
    if (asked.ok && asked.value.completion === 0) return { ok: true, session };
    await this.#end(session);
    const failure = asked.ok ? levelFault(at.wire.thing, asked.value.completion) : asked.failure;
    return { ok: false, failure, verdict: "accepted", isSuite: false };
  }
}

interface SuitesToTry {
  readonly suites: readonly CipherSuite[];
  /** Ids that the BMC lists; null where it was not asked, or lists none. */
  readonly listed: readonly number[] | null;
}

/** What a BMC may speak that does not say: everything. */
const UNSAID: AuthCapabilities = {
  channel: 0,
  authTypes: ["none", "md5"],
  hasKg: false,
  isPerMessageAuthOff: false,
  isUserAuthOff: false,
  hasNamedUsers: true,
  hasNullUsers: false,
  hasAnonymous: false,
  speaks15: true,
  speaks20: true,
};

/** A BMC that is busy has said nothing of the privilege. */
function levelFault(thing: string, completion: number): Failure {
  if (PASSING.has(completion)) return completionFault(thing, completion);
  return wireFault(thing, "noPrivilege");
}

function unmade(why: Failure): NotLoggedIn {
  return { failure: why, isRefused: false };
}
