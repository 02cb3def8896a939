import { createHmac, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Failure, failure, fail, ok, type Result } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { Transport } from "../../schemas/observation.ts";
import { Secret } from "../../schemas/secret.ts";
import type { DriverPorts, LoginVerdict, Performed, PerformContext } from "../driver.ts";
import { answerFault } from "../net/answer-faults.ts";
import { faultOf, socketFault } from "../net/fault-table.ts";
import type { RefusalLedger, SecretLogin } from "../net/refusal-ledger.ts";
import type { Answer, SendGate, Wire } from "../net/wire.ts";
import { messageIdsOf, pathOf, textAt, wordsOf } from "./resource.ts";
import type { ServiceRoot } from "./service-root.ts";

/** How one BMC is logged in to. */
export interface LoginPlan {
  readonly wire: Wire;
  readonly ports: DriverPorts;
  readonly ledger: RefusalLedger;
  readonly root: () => Promise<Result<ServiceRoot>>;
  /** A node of this BMC: its secret reference is resolved. */
  readonly node: FleetNode;
}

type Headers = Readonly<Record<string, string>>;

type Auth =
  | { readonly kind: "open"; readonly headers: Headers }
  | { readonly kind: "basic"; readonly headers: Headers; readonly login: SecretLogin }
  | { readonly kind: "session"; readonly headers: Headers; readonly uri: string };

interface Credentials {
  readonly username: string;
  readonly secret: Secret;
  readonly login: SecretLogin;
}

/** What came of one login. */
interface LoginOutcome {
  readonly performed: Performed;
  readonly auth: Auth | null;
}

/** Milliseconds for the end of one session when a command leaves: a dead BMC must not hold it. */
const LOGOUT_MS = 3000;

/** Passwords are compared by keyed hash and never kept for comparison; the key lives as long as the process. */
const FINGERPRINT_KEY = randomBytes(32);

/** By these a BMC says that it has no such session. */
const GONE = new Set([404, 410]);

const NO_CHECK = (): Promise<null> => Promise.resolve(null);

/** One BMC's login: one session (or basic authentication), made when first needed, ended at the end. */
export class BmcLogin {
  readonly #plan: LoginPlan;
  #auth: Auth | null = null;
  #running: Promise<LoginOutcome> | null = null;
  /** Node -> the session that `session.open` named to the engine for it. */
  readonly #named = new Map<string, string>();
  #secret: Secret | null = null;

  constructor(plan: LoginPlan) {
    this.#plan = plan;
  }

  /** session where takeover can end it; else only time bounds a paused holder. */
  get fence(): Transport["fence"] {
    return this.#auth?.kind === "session" ? "session" : "time-only";
  }

  /** Headers of a read; logs in when nobody did. */
  async headers(): Promise<Result<Headers>> {
    if (this.#auth !== null) return ok(this.#auth.headers);
    const { performed, auth } = await this.#single(this.#lazyGate());
    if (auth !== null) return ok(auth.headers);
    return fail("failure" in performed ? performed.failure : this.#unexplained());
  }

  /** Headers of an act of this node: those of the session that the engine has written down, or a Failure. */
  actHeaders(node: string): Result<Headers> {
    const auth = this.#auth;
    if (auth !== null && (auth.kind !== "session" || this.#named.get(node) === auth.uri)) {
      return ok(auth.headers);
    }
    const lost = this.#named.has(node) ? "the session is gone" : "no session is open for the act";
    return fail(
      failure("conflict", "IW-B14", `${this.#plan.wire.thing}: ${lost}; session.open comes first`),
    );
  }

  /** Says that the headers were answered by 401; true when another login may help. */
  async rejected(headers: Headers, why: Failure): Promise<boolean> {
    const auth = this.#auth;
    if (auth?.headers !== headers) return auth !== null;
    this.#auth = null;
    if (auth.kind === "basic") await this.#plan.ledger.refusedLater(auth.login, why);
    return auth.kind === "session";
  }

  /** `session.open`: answers the living session, or logs in with the engine's check before the request. */
  async open(node: string, context: PerformContext): Promise<Performed> {
    await this.#running;
    const kept = await this.#kept(context.signal);
    if (kept !== null && "code" in kept) return { sent: false, failure: kept };
    if (kept !== null) {
      const refused = await context.check();
      if (refused !== null) return { sent: false, failure: refused };
      return this.#name(node, kept);
    }
    // A reading logs in just now, without the engine's check: its session is looked at as any other.
    if (this.#running !== null) return this.open(node, context);
    const { performed, auth } = await this.#single(context);
    if (auth === null) return performed;
    return this.#name(node, auth);
  }

  /** `session.end`: done also when it is gone already; a living one is looked for after its deletion. */
  async end(session: string, context: PerformContext): Promise<Performed> {
    const path = pathOf(session);
    if (path === undefined) {
      const fact = `the session "${session}" is not a path`;
      return { sent: false, failure: failure("stalled", "IW-B14", `${fact}; look into the claim`) };
    }
    const headers = await this.#endingHeaders();
    if (!headers.ok) return { sent: false, failure: headers.failure };
    const own = this.#auth?.kind === "session" && this.#auth.uri === path;
    const sent = await this.#plan.wire.send(
      {
        purpose: own ? "logout" : "act",
        method: "DELETE",
        path,
        headers: headers.value,
        body: null,
      },
      context,
    );
    if (!sent.written) return { sent: false, failure: sent.failure };
    if ("lost" in sent) return { sent: "unknown", failure: sent.lost };
    const { status } = sent.answer;
    const isGone =
      status === 401 && (await this.rejected(headers.value, this.#failureOf("read", sent.answer)));
    if (isGone) return { sent: "unknown", failure: this.sessionEnded() };
    if (own) this.#forget();
    if (GONE.has(status)) return { sent: true };
    if (status >= 300) return this.#refusal("act", sent.answer);
    return own ? { sent: true } : this.#confirmGone(path, headers.value, context.signal);
  }

  /** What a 401 on a session that was alive means: a takeover perhaps, and never a refused password. */
  sessionEnded(): Failure {
    const fact = `${this.#plan.wire.thing}: our session was ended by somebody else or by its timeout`;
    return failure("ambiguous", "IW-B14", `${fact}; look at the machine, then plan again`);
  }

  /** Ends the session, best effort: it dies by its own timeout otherwise. */
  async close(): Promise<void> {
    // A BMC that hangs in a login holds no command longer than this.
    await Promise.race([this.#running, sleep(LOGOUT_MS, null, { ref: false })]);
    const auth = this.#auth;
    this.#forget();
    if (auth?.kind !== "session") return;
    const sent = await this.#plan.wire.send(
      { purpose: "logout", method: "DELETE", path: auth.uri, headers: auth.headers, body: null },
      { check: NO_CHECK, requestMaxMs: LOGOUT_MS, signal: AbortSignal.timeout(LOGOUT_MS) },
    );
    if (!("answer" in sent)) this.#plan.ports.debug(`${this.#plan.wire.thing}: session not ended`);
  }

  /** Takes this login's password out of somebody's words. */
  redact(words: string): string {
    const text = this.#secret?.reveal() ?? "";
    return text === "" ? words : words.split(text).join("[secret]");
  }

  /** Where strangers hold every session, basic authentication ends one (DSP0266: services take both). */
  async #endingHeaders(): Promise<Result<Headers>> {
    const headers = await this.headers();
    const username = this.#plan.node.spec.bmc?.username;
    const full = !headers.ok && headers.failure.code === "IW-B09";
    if (!full || username === undefined || this.#secret === null) return headers;
    return ok(basicHeaders(username, this.#secret));
  }

  #forget(): void {
    this.#auth = null;
    this.#named.clear();
  }

  #unexplained(): Failure {
    return failure("transient", "IW-B04", `${this.#plan.wire.thing} gave no session; try again`);
  }

  #lazyGate(): SendGate {
    return {
      check: NO_CHECK,
      requestMaxMs: this.#plan.ports.settings.limits.requestSeconds * 1000,
    };
  }

  #name(node: string, auth: Auth): Performed {
    if (auth.kind !== "session") return { sent: true };
    this.#named.set(node, auth.uri);
    return { sent: true, session: auth.uri };
  }

  /**
   * The auth in use, when it still lives: a session is asked for by reading it, which renews it too. A BMC that
   * is busy or silent has not said that it is gone, and another login would leave it behind.
   */
  async #kept(signal: AbortSignal | undefined): Promise<Auth | Failure | null> {
    const auth = this.#auth;
    if (auth?.kind !== "session") return auth;
    const read = await this.#plan.wire.read(auth.uri, auth.headers, signal);
    if (!read.ok) return read.failure;
    const { status } = read.value;
    if (status === 429 || status >= 500) return this.#failureOf("read", read.value);
    // Some BMCs let nobody read a session (403, 405): its token was accepted all the same.
    if (status !== 401 && !GONE.has(status)) return auth;
    if (this.#auth === auth) this.#auth = null;
    return null;
  }

  async #single(gate: SendGate): Promise<LoginOutcome> {
    this.#running ??= this.#logIn(gate).finally(() => {
      this.#running = null;
    });
    const outcome = await this.#running;
    if (outcome.auth !== null) this.#auth = outcome.auth;
    return outcome;
  }

  async #logIn(gate: SendGate): Promise<LoginOutcome> {
    const root = await this.#plan.root();
    if (!root.ok) return unsent(root.failure);
    const { bmc } = this.#plan.node.spec;
    if (bmc?.username === undefined) {
      return { performed: { sent: true }, auth: { kind: "open", headers: {} } };
    }
    const credentials = await this.#credentials(bmc.username);
    if (!credentials.ok) return unsent(credentials.failure);
    const { login } = credentials.value;
    const { ledger } = this.#plan;
    const stopped = await ledger.enter(login);
    if (stopped !== null) return unsent(stopped);
    let outcome: LoginOutcome | null = null;
    try {
      outcome = await this.#byMode(bmc.auth ?? "auto", root.value, credentials.value, gate);
      return outcome;
    } finally {
      const { performed } = outcome ?? { performed: null };
      const why = performed !== null && "failure" in performed ? performed.failure : null;
      await ledger.leave(login, verdict(outcome), why);
    }
  }

  async #credentials(username: string): Promise<Result<Credentials>> {
    const { node, ports } = this.#plan;
    const ref = node.spec.bmc?.password;
    if (ref === undefined) {
      const fact = `node "${node.name}": bmc.username is given without bmc.password`;
      return fail(
        failure("stalled", "IW-S09", `${fact}; name the secret, as { env: BMC_PASSWORD }`),
      );
    }
    const secret = await ports.resolveSecret(node, ref);
    if (!(secret instanceof Secret)) return fail(secret);
    this.#secret = secret;
    const fingerprint = createHmac("sha256", FINGERPRINT_KEY).update(secret.reveal()).digest("hex");
    const address = this.#plan.wire.plan.address.origin;
    const login = { node, address, key: JSON.stringify(ref), fingerprint };
    return ok({ username, secret, login });
  }

  async #byMode(
    auth: "auto" | "session" | "basic",
    root: ServiceRoot,
    credentials: Credentials,
    gate: SendGate,
  ): Promise<LoginOutcome> {
    if (auth === "basic" || (auth === "auto" && root.sessions === undefined)) {
      return this.#basic(root, credentials);
    }
    if (root.sessions === undefined) {
      const fact = `${this.#plan.wire.thing} has no SessionService and bmc.auth is session`;
      return unsent(failure("stalled", "IW-B18", `${fact}; write bmc.auth: basic`));
    }
    const outcome = await this.#session(root.sessions, credentials, gate);
    if (auth === "auto" && outcome === "no-sessions") return this.#basic(root, credentials);
    if (outcome !== "no-sessions") return outcome;
    const fact = `${this.#plan.wire.thing} makes no sessions and bmc.auth is session`;
    return unsent(failure("stalled", "IW-B18", `${fact}; write bmc.auth: basic`));
  }

  /** Basic authentication is proven by one read, so that a wrong password is sent once and not with every read. */
  async #basic(root: ServiceRoot, credentials: Credentials): Promise<LoginOutcome> {
    const headers = basicHeaders(credentials.username, credentials.secret);
    const read = await this.#plan.wire.read(root.systems, headers);
    if (!read.ok) return unsent(read.failure);
    const { status } = read.value;
    if (status >= 400) return unsent(this.#failureOf("login", read.value));
    const { login } = credentials;
    return { performed: { sent: true }, auth: { kind: "basic", headers, login } };
  }

  async #session(
    path: string,
    credentials: Credentials,
    gate: SendGate,
  ): Promise<LoginOutcome | "no-sessions"> {
    const body = { UserName: credentials.username, Password: credentials.secret.reveal() };
    const sent = await this.#plan.wire.send(
      { purpose: "login", method: "POST", path, headers: {}, body },
      gate,
    );
    if (!sent.written) return unsent(sent.failure);
    if ("lost" in sent) return { performed: { sent: "unknown", failure: sent.lost }, auth: null };
    const { status, headers, body: made } = sent.answer;
    const known = messageIdsOf(made).length > 0;
    if (status === 404 || status === 405 || status === 501) return "no-sessions";
    if (status === 400 && !known) return "no-sessions";
    if (status >= 300) return { performed: this.#refusal("login", sent.answer), auth: null };
    const token = headers["x-auth-token"];
    const uri = pathOf(headers.location) ?? pathOf(textAt(made, "@odata.id"));
    if (typeof token !== "string" || token === "" || uri === undefined) {
      const why = socketFault(this.#plan.wire.thing, "IW_NOT_JSON", "a session without a name");
      return { performed: { sent: "refused", failure: why }, auth: null };
    }
    const auth: Auth = { kind: "session", headers: { "x-auth-token": token }, uri };
    return { performed: { sent: true, session: uri }, auth };
  }

  async #confirmGone(
    path: string,
    headers: Headers,
    signal: AbortSignal | undefined,
  ): Promise<Performed> {
    const read = await this.#plan.wire.read(path, headers, signal);
    const { thing } = this.#plan.wire;
    if (!read.ok) return { sent: "unknown", failure: { ...read.failure, kind: "ambiguous" } };
    const { status } = read.value;
    if (GONE.has(status)) return { sent: true };
    if (status !== 200) {
      const why = this.#failureOf("read", read.value);
      return { sent: "unknown", failure: { ...why, kind: "ambiguous" } };
    }
    const fact = `${thing} answered that session ${path} is ended and still has it`;
    return {
      sent: "unknown",
      failure: failure("ambiguous", "IW-B11", `${fact}; end it on the BMC, or reset the BMC`),
    };
  }

  #refusal(phase: "login" | "act", answer: Answer): Performed {
    return { sent: "refused", failure: this.#failureOf(phase, answer) };
  }

  #failureOf(phase: "login" | "read" | "act", answer: Answer): Failure {
    const fault = answerFault(phase, answer.status, messageIdsOf(answer.body));
    const words = this.redact(wordsOf(answer.status, answer.body));
    return faultOf(this.#plan.wire.thing, fault, words, retryAfterMs(answer, this.#plan.ports));
  }
}

function basicHeaders(username: string, secret: Secret): Headers {
  const pair = Buffer.from(`${username}:${secret.reveal()}`, "utf8");
  return { authorization: `Basic ${pair.toString("base64")}` };
}

function unsent(why: Failure): LoginOutcome {
  return { performed: { sent: false, failure: why }, auth: null };
}

function verdict(outcome: LoginOutcome | null): LoginVerdict {
  if (outcome === null) return "other";
  if (outcome.auth !== null) return "accepted";
  const { performed } = outcome;
  return "failure" in performed && performed.failure.code === "IW-B04" ? "refused" : "other";
}

/** A BMC that names more than this is asked again earlier anyway. */
const RETRY_AFTER_MAX_MS = 600_000;

/** `Retry-After` in milliseconds from now (seconds or an HTTP date, RFC 9110 10.2.3); undefined without one. */
export function retryAfterMs(answer: Answer, ports: DriverPorts): number | undefined {
  const text = answer.headers["retry-after"];
  if (text === undefined) return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - ports.clock.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS) : undefined;
}
