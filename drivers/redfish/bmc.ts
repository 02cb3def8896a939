import { type Failure, failure, fail, ok, type Result } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { Transport } from "../../schemas/observation.ts";
import type { DriverPorts } from "../driver.ts";
import { answerFault } from "../net/answer-faults.ts";
import { faultOf, socketFault } from "../net/fault-table.ts";
import type { RefusalLedger } from "../net/refusal-ledger.ts";
import type { JsonObject } from "../net/read-json.ts";
import type { Answer, Wire } from "../net/wire.ts";
import { EtagForms } from "./etag-forms.ts";
import { BmcLogin, retryAfterMs } from "./bmc-login.ts";
import {
  linkAt,
  membersOf,
  messageIdsOf,
  objectAt,
  objectsAt,
  pathOf,
  textAt,
  wordsOf,
} from "./resource.ts";
import { type ResetAction, readActionInfo, readResetAction } from "./read-system.ts";
import type { Make } from "./quirks.ts";
import { readServiceRoot, type ServiceRoot } from "./service-root.ts";

/** A resource as it was read. */
export interface Resource {
  readonly body: JsonObject;
  /** The ETag header, else `@odata.etag`; undefined where the BMC gives none. */
  readonly etag: string | undefined;
}

/** How often a busy BMC is asked again within one reading, and how long at most between. */
const BUSY_REPEATS_MAX = 2;
const BUSY_WAIT_MS = 500;
const BUSY_WAIT_MAX_MS = 2000;
const BUSY_STATUSES = new Set([429, 502, 503, 504]);

/** Pages of one collection that are read: hundreds of members a page are common, so this is tens of thousands. */
const PAGES_MAX = 64;

/** Systems named in an error sentence. */
const NAMED_SYSTEMS_MAX = 8;

/** What a BMC is made of. */
export interface BmcPlan {
  readonly wire: Wire;
  readonly ports: DriverPorts;
  readonly ledger: RefusalLedger;
  readonly node: FleetNode;
}

/** One BMC: its root, its login, its systems; shared by the nodes that live on it. */
export class Bmc {
  readonly wire: Wire;
  readonly login: BmcLogin;
  readonly etags = new EtagForms();
  /** Tasks that had ended, by URI, and when that was read (monotonic milliseconds). */
  readonly endedTasks = new Map<string, number>();
  readonly #ports: DriverPorts;
  #root: Promise<Result<ServiceRoot>> | null = null;
  #onlySystem: string | null = null;
  readonly #resetTypes = new Map<string, readonly string[] | undefined>();
  readonly #managerFirmware = new Map<string, string | undefined>();

  constructor(plan: BmcPlan) {
    this.wire = plan.wire;
    this.#ports = plan.ports;
    const root = (): Promise<Result<ServiceRoot>> => this.root();
    this.login = new BmcLogin({ ...plan, root });
  }

  get transport(): Transport {
    const { address, trust } = this.wire.plan;
    return { tls: address.secure ? trust.how : "plain", fence: this.login.fence };
  }

  /** The service root, read once; a failure is not kept. */
  root(): Promise<Result<ServiceRoot>> {
    this.#root ??= readServiceRoot(this.wire).then((root) => {
      if (!root.ok) this.#root = null;
      return root;
    });
    return this.#root;
  }

  /** Reads a resource; logs in when needed, once more when the session has gone, and waits a little for a busy BMC. */
  async read(path: string, signal?: AbortSignal): Promise<Result<Resource>> {
    let relogin = true;
    for (let repeat = 0; ;) {
      const headers = await this.login.headers();
      if (!headers.ok) return headers;
      const read = await this.wire.read(path, headers.value, signal);
      if (!read.ok) return read;
      const answer = read.value;
      if (answer.status === 401) {
        const phase = this.login.fence === "session" ? "read" : "login";
        const why = this.failureOf(phase, answer);
        const again = await this.login.rejected(headers.value, why);
        if (!again || !relogin) return fail(why);
        relogin = false;
      } else if (BUSY_STATUSES.has(answer.status) && repeat < BUSY_REPEATS_MAX) {
        repeat += 1;
        await this.#ports.clock.sleep(this.#busyWaitMs(answer), signal).catch(ignore);
      } else return this.#resource(answer);
    }
  }

  /** Reads with the headers of an act: no login, so that the session the engine wrote down is the one that acts. */
  async readForAct(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Result<Resource>> {
    const read = await this.wire.read(path, headers, signal);
    if (!read.ok) return read;
    if (read.value.status !== 401) return this.#resource(read.value);
    const why = this.failureOf("read", read.value);
    return fail((await this.login.rejected(headers, why)) ? this.login.sessionEnded() : why);
  }

  /** The path of a node's system: declared, or the only one of its BMC. */
  async systemPath(node: FleetNode, signal?: AbortSignal): Promise<Result<string>> {
    const declared = node.spec.bmc?.system;
    if (declared !== undefined) return ok(declared);
    if (this.#onlySystem !== null) return ok(this.#onlySystem);
    const members = await this.systems(signal);
    if (!members.ok) return members;
    const [only, second] = members.value;
    if (only === undefined) return fail(this.#noSystem("has no system", members.value));
    if (second !== undefined) {
      const fact = `has ${members.value.length} systems and node "${node.name}" names none`;
      return fail(this.#noSystem(fact, members.value));
    }
    this.#onlySystem = only;
    return ok(only);
  }

  /** The paths of all systems. */
  async systems(signal?: AbortSignal): Promise<Result<readonly string[]>> {
    const root = await this.root();
    if (!root.ok) return root;
    return this.members(root.value.systems, signal);
  }

  /** The paths of a collection's members, over all of its pages (DSP0266 `Members@odata.nextLink`). */
  async members(path: string, signal?: AbortSignal): Promise<Result<readonly string[]>> {
    const paths: string[] = [];
    let at: string | undefined = path;
    for (let page = 0; at !== undefined; page += 1) {
      if (page === PAGES_MAX) return fail(socketFault(this.wire.thing, "IW_TOO_MANY_PAGES", path));
      const read: Result<Resource> = await this.read(at, signal);
      if (!read.ok) return read;
      paths.push(...membersOf(read.value.body));
      at = pathOf(textAt(read.value.body, "Members@odata.nextLink"));
    }
    return ok(paths);
  }

  /** Reads a node's system; IW-B13 where it is not there. */
  async system(
    node: FleetNode,
    signal?: AbortSignal,
  ): Promise<Result<Resource & { readonly path: string }>> {
    const path = await this.systemPath(node, signal);
    if (!path.ok) return path;
    const read = await this.read(path.value, signal);
    if (read.ok) return ok({ ...read.value, path: path.value });
    if (read.failure.code !== "IW-B18") return read;
    this.#onlySystem = null;
    const others = await this.systems(signal);
    return fail(this.#noSystem(`has no ${path.value}`, others.ok ? others.value : []));
  }

  /** The reset action with its allowed values; an ActionInfo is read once a system. */
  async resetAction(system: JsonObject, signal?: AbortSignal): Promise<ResetAction | null> {
    const reset = readResetAction(system);
    if (reset === null || reset.allowed !== undefined || reset.info === undefined) return reset;
    if (!this.#resetTypes.has(reset.info)) {
      const read = await this.read(reset.info, signal);
      if (!read.ok) return reset;
      this.#resetTypes.set(reset.info, readActionInfo(read.value.body));
    }
    return { ...reset, allowed: this.#resetTypes.get(reset.info) };
  }

  /** Firmware of the manager that manages a system, read once; undefined where it is not said. */
  async firmware(system: JsonObject, signal?: AbortSignal): Promise<string | undefined> {
    const [manager] = objectsAt(objectAt(system, "Links"), "ManagedBy");
    const path = pathOf(textAt(manager, "@odata.id"));
    if (path === undefined) return undefined;
    if (!this.#managerFirmware.has(path)) {
      const read = await this.read(path, signal);
      if (!read.ok) return undefined;
      this.#managerFirmware.set(path, textAt(read.value.body, "FirmwareVersion"));
    }
    return this.#managerFirmware.get(path);
  }

  /** What vendor, model and firmware this is, for quirks. */
  async make(system: JsonObject, signal?: AbortSignal): Promise<Make> {
    const firmware = await this.firmware(system, signal);
    return { ...(await this.vendorAndModel(system)), firmware };
  }

  /** Vendor and model, from what was read already. */
  async vendorAndModel(system: JsonObject): Promise<Make> {
    const root = await this.root();
    const vendor = root.ok ? root.value.vendor : undefined;
    return {
      vendor: vendor ?? textAt(system, "Manufacturer"),
      model: textAt(system, "Model"),
    };
  }

  /** The path of the task collection; undefined where the BMC has none. */
  async tasksPath(signal?: AbortSignal): Promise<Result<string | undefined>> {
    const root = await this.root();
    if (!root.ok) return root;
    if (root.value.tasks === undefined) return ok(undefined);
    const service = await this.read(root.value.tasks, signal);
    if (service.ok) return ok(linkAt(service.value.body, "Tasks"));
    return service.failure.code === "IW-B18" ? ok(undefined) : service;
  }

  /** Monotonic milliseconds. */
  monotonic(): number {
    return this.#ports.clock.monotonic();
  }

  failureOf(phase: "login" | "read" | "act", answer: Answer): Failure {
    const fault = answerFault(phase, answer.status, messageIdsOf(answer.body));
    const words = this.login.redact(wordsOf(answer.status, answer.body));
    return faultOf(this.wire.thing, fault, words, retryAfterMs(answer, this.#ports));
  }

  /** Ends the session and closes the connections. */
  async close(): Promise<void> {
    await this.login.close();
    await this.wire.close();
  }

  #resource(answer: Answer): Result<Resource> {
    const { status, headers, body, bodyCode } = answer;
    if (status >= 300) return fail(this.failureOf("read", answer));
    if (body === null) return fail(socketFault(this.wire.thing, bodyCode ?? "IW_NOT_JSON"));
    return ok({ body, etag: headers.etag ?? textAt(body, "@odata.etag") });
  }

  #busyWaitMs(answer: Answer): number {
    const asked = retryAfterMs(answer, this.#ports) ?? BUSY_WAIT_MS;
    return Math.min(asked * (1 + this.#ports.random() / 2), BUSY_WAIT_MAX_MS);
  }

  #noSystem(fact: string, systems: readonly string[]): Failure {
    const named = systems.slice(0, NAMED_SYSTEMS_MAX).join(", ");
    const more = systems.length > NAMED_SYSTEMS_MAX ? ", ..." : "";
    const wayOut =
      systems.length === 0
        ? "check bmc.address, and bmc.username's role"
        : `write one of these into bmc.system: ${named}${more}`;
    return failure("stalled", "IW-B13", `${this.wire.thing} ${fact}; ${wayOut}`);
  }
}

function ignore(): void {
  // A sleep that was aborted: the next read says so.
}
