import type { DriverClock } from "../driver.ts";
import { senderIn } from "../net/sender.ts";
import type { Fault, FaultKind } from "./faults.ts";
import { act, etagOf, notFound } from "./acts.ts";
import type { Lies } from "./lies.ts";
import type { Machine } from "./machine.ts";
import { type Answered, type Asked, bodyOf, type LoggedCall } from "./exchange.ts";
import {
  hardwareLinks,
  hardwareResource,
  type ShownHardware,
  updateResource,
} from "./hardware-resources.ts";
import * as made from "./resources.ts";
import { serviceResource } from "./service-resources.ts";
import { Subscriptions } from "./subscriptions.ts";

export interface BmcOptions {
  readonly machines: readonly Machine[];
  readonly clock: DriverClock;
  readonly lies: Lies;
  readonly username: string;
  readonly password: string;
  readonly sessionLimit: number;
  readonly sessionTimeoutMs: number;
  readonly address: () => string;
  /** Random hex, for tokens. */
  readonly hex: (bytes: number) => string;
  readonly log: (call: LoggedCall) => void;
}

interface Session {
  readonly id: string;
  readonly token: string;
  readonly user: string;
  used: number;
}

/** A BMC with one or many systems: authentication, resources, acts and lies. */
export class SimulatedBmc {
  readonly machines: ReadonlyMap<string, Machine>;
  readonly #options: BmcOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #subscriptions = new Subscriptions();
  #sessionCount = 0;

  constructor(options: BmcOptions) {
    this.#options = options;
    this.machines = new Map(options.machines.map((machine) => [machine.spec.name, machine]));
  }

  /** Ends all sessions, this moment. */
  endSessions(): void {
    this.#sessions.clear();
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  #now(): number {
    return this.#options.clock.now();
  }

  #has(machine: string | null, kind: FaultKind): Fault | null {
    const names = machine === null ? [...this.machines.keys()] : [machine];
    for (const name of names) {
      const found = this.#options.lies.of(name, kind);
      if (found !== null) return found;
    }
    return null;
  }

  /** The machine that a path is about; null for the service itself. */
  machineOf(path: string): string | null {
    const name = /^\/redfish\/v1\/(?:Systems|Chassis)\/([^/]+)/.exec(path)?.[1];
    if (name !== undefined) return this.machines.has(name) ? name : null;
    // On a BMC of one machine all that it answers is that machine's.
    return this.machines.size === 1 ? ([...this.machines.keys()][0] ?? null) : null;
  }

  /** How the wire of an answer is spoilt; asked by the server. */
  wireFault(asked: Asked): Fault | null {
    const machine = this.machineOf(asked.path);
    if (machine === null) return null;
    const hang = this.#has(machine, "hang");
    if (hang !== null && (hang.argument === null || hang.argument === asked.method)) return hang;
    for (const kind of ["drop", "slow"] as const) {
      const found = this.#has(machine, kind);
      if (found !== null) return found;
    }
    if (asked.method !== "GET") return null;
    return (
      this.#has(machine, "truncated") ?? this.#has(machine, "huge") ?? this.#has(machine, "garbage")
    );
  }

  /** Does and answers one request. */
  handle(asked: Asked): Answered {
    const path = asked.path.replace(/\/+$/, "") || "/";
    if (path === "/redfish") return { status: 200, body: { v1: `${made.V1}/` } };
    if (path === made.V1)
      return {
        status: 200,
        body: made.serviceRoot("9c6a1d52-0000-4000-8000-000000000001"),
        headers: { "odata-version": "4.0" },
      };
    const machine = this.machineOf(path);
    const busy = this.#has(machine, "busy");
    if (busy !== null && machine !== null)
      return {
        status: 503,
        headers: { "retry-after": "2" },
        body: made.errorBody("ServiceTemporarilyUnavailable", "The service is busy."),
      };
    if (path === `${made.V1}/SessionService/Sessions` && asked.method === "POST")
      return this.#login(asked);
    const session = this.#authenticate(asked);
    if (session === null)
      return {
        status: 401,
        body: made.errorBody("NoValidSession", "There is no valid session."),
        headers: { "www-authenticate": 'Basic realm="redfish"' },
      };
    if (asked.method === "GET" || asked.method === "HEAD") return this.#read(path);
    const answer = this.#subscriptions.owns(path)
      ? this.#subscribe(asked, path, session)
      : this.#write(asked, path, session);
    if (this.#has(machine, "drop-after") !== null && machine !== null)
      return { ...answer, drop: true };
    return answer;
  }

  #login(asked: Asked): Answered {
    const body = bodyOf(asked);
    const { username, password, sessionLimit, hex } = this.#options;
    const log = (status: number, effect: string, id: string | null): void =>
      this.#log(asked, { machine: null, session: id, status, effect });
    const limit = this.#has(null, "session-limit")?.argument;
    this.#expire();
    if (
      body?.["UserName"] !== username ||
      body["Password"] !== password ||
      this.#has(null, "wrong-password") !== null
    ) {
      log(401, "refused", null);
      return {
        status: 401,
        body: made.errorBody("NoValidSession", "The user name or the password is wrong."),
      };
    }
    if (this.#sessions.size >= (limit == null ? sessionLimit : Number(limit))) {
      log(503, "refused: too many sessions", null);
      return {
        status: 503,
        body: made.errorBody(
          "SessionLimitExceeded",
          "The session establishment failed due to the number of simultaneous sessions.",
        ),
      };
    }
    this.#sessionCount += 1;
    const id = String(this.#sessionCount);
    const session = { id, token: hex(16), user: username, used: this.#now() };
    this.#sessions.set(id, session);
    log(201, "session opened", id);
    const at = `${made.V1}/SessionService/Sessions/${id}`;
    return {
      status: 201,
      body: made.session(id, username),
      headers: { location: at, "x-auth-token": session.token },
    };
  }

  #expire(): void {
    const oldest = this.#now() - this.#options.sessionTimeoutMs;
    for (const [id, { used }] of this.#sessions) if (used < oldest) this.#sessions.delete(id);
  }

  /** The session's id, `basic`, or null. */
  #authenticate({ headers }: Asked): string | null {
    this.#expire();
    const token = headers["x-auth-token"];
    if (typeof token === "string") {
      const session = [...this.#sessions.values()].find((one) => one.token === token);
      if (session === undefined) return null;
      session.used = this.#now();
      return session.id;
    }
    const { username, password } = this.#options;
    const basic = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    return headers["authorization"] === basic && this.#has(null, "wrong-password") === null
      ? "basic"
      : null;
  }

  #read(path: string): Answered {
    const [, , , room = "", name = "", ...rest] = path.split("/");
    const machine = this.machines.get(name);
    const fixed = serviceResource(path, this.#options);
    if (fixed !== null) return { status: 200, body: fixed };
    if (path.startsWith(`${made.V1}/TaskService/Tasks`)) return this.#readTask(path);
    if (room === "UpdateService") {
      const shown = [...this.machines.values()].map((one) => this.#hardware(one));
      const body = updateResource(path, shown);
      return body === null ? notFound(path) : { status: 200, body };
    }
    if (this.#subscriptions.owns(path)) return this.#subscriptions.read(path);
    if (room === "SessionService") return this.#readSession(path, rest);
    if (machine === undefined) return notFound(path);
    // What is over has come to pass before it is shown: lights go out by themselves.
    machine.power(this.#now());
    if (room === "Chassis" && rest.length === 0)
      return { status: 200, body: made.chassis(machine) };
    return room === "Systems" ? this.#readSystem(machine, rest, path) : notFound(path);
  }

  #readTask(path: string): Answered {
    const all = new Map(this.#tasks().map((task) => [made.taskPath(task.id), task]));
    if (path === `${made.V1}/TaskService/Tasks`)
      return { status: 200, body: made.collection(path, "Task", [...all.keys()]) };
    const task = all.get(path);
    return task === undefined ? notFound(path) : { status: 200, body: made.task(task) };
  }

  /** The tasks of strangers that faults have started, numbered by machine. */
  #tasks(): readonly made.TaskShown[] {
    return [...this.machines.keys()].flatMap((name, index) => {
      const found = this.#options.lies.told(name, "task");
      if (found === undefined) return [];
      const ended = found.fault.ms !== null && this.#now() - found.since >= found.fault.ms;
      return [{ id: String(index + 1), state: ended ? "Completed" : "Running" }];
    });
  }

  #readSession(path: string, [id]: readonly string[]): Answered {
    const all = [...this.#sessions.values()];
    if (path === `${made.V1}/SessionService/Sessions`)
      return {
        status: 200,
        body: made.collection(
          path,
          "Session",
          all.map((one) => `${path}/${one.id}`),
        ),
      };
    const session = this.#sessions.get(id ?? "");
    return session === undefined
      ? notFound(path)
      : { status: 200, body: made.session(session.id, session.user) };
  }

  #readSystem(machine: Machine, rest: readonly string[], path: string): Answered {
    const shown = this.#options.lies.shown(machine);
    const etag = etagOf(machine);
    const headers = { etag };
    switch (rest.join("/")) {
      case "": {
        const links = hardwareLinks(this.#hardware(machine));
        return {
          status: 200,
          body: made.system(machine, { shown, etag, hardware: links }),
          headers,
        };
      }
      case "SecureBoot":
        return { status: 200, body: made.secureBoot(machine, shown, etag), headers };
      case "Bios":
        return { status: 200, body: made.bios(machine, false) };
      case "Bios/Settings":
        return { status: 200, body: made.bios(machine, true) };
      case "LogServices":
        return { status: 200, body: made.logServices(machine.spec.name) };
      case "LogServices/SEL":
        return { status: 200, body: made.logService(machine.spec.name) };
      case "LogServices/SEL/Entries":
        return { status: 200, body: made.logEntries(machine) };
      default:
        return hardwareResource(this.#hardware(machine), rest) ?? notFound(path);
    }
  }

  #hardware(machine: Machine): ShownHardware {
    const { spec, hardware } = machine;
    const none = this.#has(spec.name, "no-disks") !== null;
    const lit = new Set([...machine.lights].flatMap(([at, word]) => (word === "Off" ? [] : [at])));
    return { name: spec.name, hardware: none ? { ...hardware, disks: [] } : hardware, lit };
  }

  #write(asked: Asked, path: string, session: string): Answered {
    const sessionId = /^\/redfish\/v1\/SessionService\/Sessions\/([^/]+)$/.exec(path)?.[1];
    if (sessionId !== undefined && asked.method === "DELETE") {
      const gone = !this.#sessions.delete(sessionId);
      const status = gone ? 404 : 204;
      this.#log(asked, {
        machine: null,
        session,
        status,
        effect: gone ? "no such session" : "session ended",
      });
      return gone ? notFound(path) : { status };
    }
    const name = this.machineOf(path);
    const machine = name === null ? undefined : this.machines.get(name);
    const body = bodyOf(asked);
    if (machine === undefined || body === null) {
      this.#log(asked, {
        machine: name,
        session,
        status: body === null ? 400 : 404,
        effect: "refused",
      });
      return body === null
        ? { status: 400, body: made.errorBody("MalformedJSON", "The request body is no JSON.") }
        : notFound(path);
    }
    const { answer, effect } = act(machine, asked, {
      body,
      room: path.slice(made.systemPath(machine.spec.name).length),
      now: this.#now(),
      fault: (kind) => this.#has(machine.spec.name, kind),
      freeze: (shown, until) => this.#options.lies.freeze(machine.spec.name, shown, until),
    });
    const lost = this.#has(machine.spec.name, "drop-after") !== null;
    this.#log(asked, {
      machine: machine.spec.name,
      session,
      status: lost ? null : answer.status,
      effect,
    });
    return answer;
  }

  /** Of the BMC, and so of a machine only where it has but one. */
  #subscribe(asked: Asked, path: string, session: string): Answered {
    const machine = this.machineOf(path);
    const body = bodyOf(asked) ?? {};
    const none = this.#has(machine, "no-effect")?.argument;
    const ignores = none !== undefined && [null, "all", "Subscription"].includes(none);
    const { answer, effect } = this.#subscriptions.write(asked.method, path, { body, ignores });
    const lost = this.#has(machine, "drop-after") !== null;
    this.#log(asked, { machine, session, status: lost ? null : answer.status, effect });
    return answer;
  }

  #log(asked: Asked, what: Pick<LoggedCall, "machine" | "session" | "status" | "effect">): void {
    const body = bodyOf(asked);
    const masked = body !== null && "Password" in body ? { ...body, Password: "****" } : body;
    this.#options.log({
      time: new Date(this.#now()).toISOString(),
      address: this.#options.address(),
      sender: senderIn(String(asked.headers["user-agent"] ?? "")),
      method: asked.method,
      path: asked.path,
      body: masked,
      ...what,
    });
  }
}
