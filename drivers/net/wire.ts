import type { IncomingHttpHeaders } from "node:http";
import { type buildConnector, Client, Pool } from "undici";
import type { Failure, Result } from "../../schemas/failure.ts";
import { fail, ok } from "../../schemas/failure.ts";
import type { Sender } from "../driver.ts";
import { AnswerCollector, type Collected } from "./collect-answer.ts";
import { faultOf, LOOK, SOCKET_FAULTS, socketFault } from "./fault-table.ts";
import { openSocket, type OpenSocket, type SocketPlan } from "./open-socket.ts";
import { isObject, type JsonObject, readJsonObject } from "./read-json.ts";
import { userAgentOf } from "./sender.ts";
import type { Lanes, Slots } from "./slots.ts";

/** One whole answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Null where there is no body, or none that is a JSON object; `bodyCode` then says why. */
  readonly body: JsonObject | null;
  readonly bodyCode: string | null;
}

/** Why a request is sent: the read-only guard judges by it, and by the method. */
type Purpose = "login" | "logout" | "act";

/** Begins to measure a request of that kind; whoever made it says what it came to. */
export type Measure = (kind: Purpose | "read") => (result: string) => void;

/** A request that is written once, on a connection of its own. */
export interface SendRequest {
  readonly purpose: Purpose;
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject | null;
}

/** What stands between a request and its socket. */
export interface SendGate {
  /** Whose lease it is sent under; a login that a reading makes, and the end of one's own session, have none. */
  readonly sender?: Sender | undefined;
  /** Awaited when the connection is open; on null the request is written in the same turn of the event loop. */
  readonly check: () => Promise<Failure | null>;
  /** Milliseconds from the write to the destruction of the socket. */
  readonly requestMaxMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What came of a request that is written once. */
export type Sent =
  | { readonly written: false; readonly failure: Failure }
  | { readonly written: true; readonly answer: Answer }
  /** Written, and no whole answer came. */
  | { readonly written: true; readonly lost: Failure };

/** What a wire is made of. */
export interface WirePlan extends SocketPlan {
  /** Connections that are kept for reading. */
  readonly perBmc: number;
  readonly lanes: Lanes;
  readonly globalSlots: Slots;
  readonly answerBytes: number;
  readonly requestMs: number;
  readonly readOnly: boolean;
  readonly debug: (message: string) => void;
  readonly measure: Measure;
}

/** BMCs close idle connections after 5 to 60 s; a read that meets a closed one is repeated, an act never shares one. */
const KEEP_ALIVE_MS = 10_000;

/** `/redfish` -> `/redfish/v1/` is one; a circle is none. */
const REDIRECTS_MAX = 3;

/** Codes by which a kept connection turns out to have been closed by the other side. */
const STALE_CODES = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

const READ_HEADERS = { accept: "application/json", "accept-encoding": "identity" };

/** Carries a Failure through undici. */
class ConnectError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.code);
    this.failure = failure;
  }
}

/** All that goes to one BMC goes through its one wire: slots, guard, limits, connections. */
export class Wire {
  readonly thing: string;
  readonly #plan: WirePlan;
  readonly #open = new Set<OpenSocket>();
  #pool: Pool | null = null;
  readonly #reading = new Set<AnswerCollector>();
  #connects = 0;

  constructor(plan: WirePlan) {
    this.#plan = plan;
    this.thing = `BMC ${plan.address.origin}`;
  }

  get plan(): WirePlan {
    return this.#plan;
  }

  /** One GET; redirects on the same host are followed, a kept connection that was closed is replaced once. */
  async read(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Result<Answer>> {
    let at = path;
    for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
      const collected = await this.#inSlots(() => this.#measured(at, headers, signal));
      if (collected === null) return fail(socketFault(this.thing, "IW_QUEUE_FULL"));
      this.#tell("GET", at, collected);
      if (!collected.done) return fail(this.#failureOf(collected));
      const next = redirectOf(collected, this.#plan.address.origin, at);
      if (next === null) return ok(answerOf(collected));
      if (next === ELSEWHERE) return fail(socketFault(this.thing, "IW_REDIRECT"));
      at = next;
    }
    return fail(socketFault(this.thing, "IW_REDIRECT", "it redirects in a circle"));
  }

  /** Writes one request at most once, on a connection of its own; never follows, repeats or logs in. */
  async send(request: SendRequest, gate: SendGate): Promise<Sent> {
    const refused = this.#guard(request);
    if (refused !== null) return { written: false, failure: refused };
    const { acts } = this.#plan.lanes;
    if (!(await acts.take())) {
      return { written: false, failure: socketFault(this.thing, "IW_QUEUE_FULL") };
    }
    try {
      const sent = await this.#inSlots(() => this.#sendOnce(request, gate));
      return sent ?? { written: false, failure: socketFault(this.thing, "IW_QUEUE_FULL") };
    } finally {
      acts.give();
    }
  }

  /** Gives up what is being read and destroys every connection. */
  async close(): Promise<void> {
    for (const collector of this.#reading) collector.end("IW_ABORTED");
    await new Promise((resolve) => setImmediate(resolve));
    for (const open of this.#open) open.reset();
    this.#open.clear();
    const pool = this.#pool;
    this.#pool = null;
    await pool?.destroy();
  }

  /** `--read-only` and its like: nothing but reads, and sessions of our own. */
  #guard(request: SendRequest): Failure | null {
    const { purpose, method } = request;
    const session =
      (purpose === "login" && method === "POST") || (purpose === "logout" && method === "DELETE");
    if (!this.#plan.readOnly || session) return null;
    return socketFault(this.thing, "IW_READ_ONLY");
  }

  async #inSlots<T>(work: () => Promise<T>): Promise<T | null> {
    const { all: lane } = this.#plan.lanes;
    const mine = lane.take();
    if (mine !== true && !(await mine)) return null;
    try {
      const all = this.#plan.globalSlots.take();
      if (all !== true && !(await all)) return null;
      try {
        return await work();
      } finally {
        this.#plan.globalSlots.give();
      }
    } finally {
      lane.give();
    }
  }

  async #measured(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Collected> {
    const ended = this.#plan.measure("read");
    const collected = await this.#get(path, headers, signal);
    ended(collected.done ? classOf(collected) : this.#failureOf(collected).code);
    return collected;
  }

  async #get(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Collected> {
    const connects = this.#connects;
    const first = await this.#getOnce(path, headers, signal);
    const stale = !first.done && STALE_CODES.has(first.code) && this.#connects === connects;
    return stale ? this.#getOnce(path, headers, signal) : first;
  }

  #getOnce(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Collected> {
    const { answerBytes, requestMs } = this.#plan;
    return new Promise((resolve) => {
      const settle = (collected: Collected): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        resolve(collected);
      };
      const collector = new AnswerCollector(answerBytes, (collected) => {
        this.#reading.delete(collector);
        settle(collected);
      });
      this.#reading.add(collector);
      const onAbort = (): void => {
        collector.end("IW_ABORTED");
      };
      const timer = setTimeout(() => {
        collector.end("IW_REQUEST_TIMEOUT");
      }, requestMs);
      signal?.addEventListener("abort", onAbort, { once: true });
      if (signal?.aborted === true) onAbort();
      else
        (this.#pool ??= this.#newPool()).dispatch(
          { path, method: "GET", headers: { ...READ_HEADERS, ...headers } },
          collector,
        );
    });
  }

  /** Kept while a connection is: between two looks at a large fleet pools without one would weigh 20 KB a BMC. */
  #newPool(): Pool {
    const pool = new Pool(this.#plan.address.origin, {
      connections: this.#plan.perBmc,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      // The one limit on a request is the timer in #getOnce.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (_options, callback) => {
        this.#connects += 1;
        void this.#connect(callback);
      },
    });
    pool.on("disconnect", () => {
      if (this.#pool !== pool || this.#reading.size > 0 || pool.stats.connected > 0) return;
      this.#pool = null;
      void pool.destroy();
    });
    return pool;
  }

  async #connect(callback: buildConnector.Callback): Promise<void> {
    const opened = await openSocket(this.#plan);
    if (opened.ok) callback(null, this.#keep(opened.value).socket);
    else callback(new ConnectError(opened.failure), null);
  }

  #keep(open: OpenSocket): OpenSocket {
    this.#open.add(open);
    open.socket.once("close", () => this.#open.delete(open));
    return open;
  }

  async #sendOnce(request: SendRequest, gate: SendGate): Promise<Sent> {
    const ended = this.#plan.measure(request.purpose);
    const opened = await openSocket(this.#plan, gate.signal);
    if (!opened.ok) {
      ended(opened.failure.code);
      return { written: false, failure: opened.failure };
    }
    const open = this.#keep(opened.value);
    open.socket.on("error", ignore);
    try {
      const refused = (await gate.check()) ?? this.#goneBefore(open, gate.signal);
      if (refused !== null) return { written: false, failure: refused };
      // From here to the write nothing is awaited: the check holds for this turn of the event loop only.
      const collected = await this.#write(open, request, gate);
      this.#tell(request.method, request.path, collected);
      if (collected.done) {
        ended(classOf(collected));
        return { written: true, answer: answerOf(collected) };
      }
      const lost = this.#lost(request, collected);
      ended(lost.code);
      return { written: true, lost };
    } finally {
      open.destroy();
    }
  }

  #goneBefore(open: OpenSocket, signal?: AbortSignal): Failure | null {
    if (signal?.aborted === true) return socketFault(this.thing, "IW_ABORTED");
    const { socket } = open;
    return socket.destroyed || !socket.writable ? socketFault(this.thing, "ECONNRESET") : null;
  }

  async #write(open: OpenSocket, request: SendRequest, gate: SendGate): Promise<Collected> {
    const client = new Client(this.#plan.address.origin, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (_options, callback) => {
        // undici writes only after the callback, which it misses within its own call; a microtask is the same turn.
        queueMicrotask(() => {
          callback(null, open.socket);
        });
      },
    });
    const collected = await new Promise<Collected>((resolve) => {
      const collector = new AnswerCollector(this.#plan.answerBytes, (answer) => {
        clearTimeout(timer);
        gate.signal?.removeEventListener("abort", onAbort);
        resolve(answer);
      });
      const stop = (code: string): void => {
        open.reset();
        collector.end(code);
      };
      const onAbort = (): void => {
        // A signal may fire anywhere, also within this socket's own callbacks, where a reset is not safe.
        setImmediate(stop, "IW_ABORTED");
      };
      const timer = setTimeout(() => {
        stop("IW_REQUEST_TIMEOUT");
      }, gate.requestMaxMs);
      gate.signal?.addEventListener("abort", onAbort, { once: true });
      client.dispatch(dispatchOptions(request, gate.sender), collector);
    });
    void client.destroy().catch(ignore);
    return collected;
  }

  #tell(method: string, path: string, collected: Collected): void {
    const came = collected.done ? collected.status : collected.code;
    this.#plan.debug(`${method} ${this.#plan.address.origin}${path} ${came}`);
  }

  #failureOf(collected: Extract<Collected, { done: false }>): Failure {
    if (collected.error instanceof ConnectError) return collected.error.failure;
    return socketFault(this.thing, collected.code);
  }

  #lost(request: SendRequest, collected: Extract<Collected, { done: false }>): Failure {
    const why = SOCKET_FAULTS[collected.code]?.fact ?? "closed the connection without an answer";
    const fact = `was sent ${request.method} ${request.path} and ${why}`;
    const lost = faultOf(this.thing, { kind: "ambiguous", code: "IW-B12", fact, wayOut: LOOK });
    return { ...lost, cause: collected.code };
  }
}

function ignore(): void {
  // The answer was settled already.
}

function dispatchOptions(
  request: SendRequest,
  sender: Sender | undefined,
): Parameters<Client["dispatch"]>[0] {
  return {
    path: request.path,
    method: request.method,
    headers: {
      ...READ_HEADERS,
      ...(request.body === null ? {} : { "content-type": "application/json" }),
      ...request.headers,
      ...(sender === undefined ? {} : { "user-agent": userAgentOf(sender) }),
    },
    body: request.body === null ? null : JSON.stringify(request.body),
    // `Connection: close`: nobody else ever uses this connection.
    reset: true,
  };
}

/** `2xx`: there are too many statuses for a series of each. */
function classOf({ status }: Extract<Collected, { done: true }>): string {
  return `${Math.floor(status / 100)}xx`;
}

function answerOf(collected: Extract<Collected, { done: true }>): Answer {
  const { status, headers, body } = collected;
  if (body.length === 0) return { status, headers, body: null, bodyCode: "IW_NOT_JSON" };
  const read = readJsonObject(body);
  return isObject(read)
    ? { status, headers, body: read, bodyCode: null }
    : { status, headers, body: null, bodyCode: read };
}

/** No path: paths begin with a slash. */
const ELSEWHERE = "elsewhere";

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

function redirectOf(
  collected: Extract<Collected, { done: true }>,
  origin: string,
  from: string,
): string | null {
  const to = collected.headers.location;
  if (!REDIRECTS.has(collected.status) || to === undefined) return null;
  try {
    const url = new URL(to, `${origin}${from}`);
    return url.origin === origin ? url.pathname + url.search : ELSEWHERE;
  } catch {
    return ELSEWHERE;
  }
}
