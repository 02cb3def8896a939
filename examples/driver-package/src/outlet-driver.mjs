// @ts-check
import { createHash } from "node:crypto";
import { exchange } from "./outlet-wire.mjs";

/**
 * @typedef {import("ironwright/driver").Driver} Driver
 * @typedef {import("ironwright/driver").DriverPorts} DriverPorts
 * @typedef {import("ironwright/driver").Failure} Failure
 * @typedef {import("ironwright/driver").FleetNode} FleetNode
 * @typedef {import("ironwright/driver").Performed} Performed
 * @typedef {import("ironwright/driver").PerformContext} PerformContext
 */

/** @type {Readonly<Record<string, "on" | "off" | undefined>>} */
const STATES = { "power.on": "on", "power.off": "off" };

/**
 * The driver of every outlet node of a process. A power bar has no sessions: `session.open` sends nothing and names
 * none, so overlap of two engines is bounded by time alone (`fence: time-only`).
 * @implements {Driver}
 */
export class OutletDriver {
  /** @type {DriverPorts} */
  #ports;
  /** Logins that a power bar refused, by address, user and the password's hash: none is tried a second time. */
  #refused = new Set();

  /** @param {DriverPorts} ports */
  constructor(ports) {
    this.#ports = ports;
  }

  /** @type {Driver["observe"]} */
  async observe(node, facets, signal) {
    const seen = await this.#ask(node, { method: "GET", signal });
    const at = this.#ports.clock.now();
    const outlet = "body" in seen ? readOutlet(seen.body) : null;
    const unreachable = "failure" in seen ? seen.failure : null;
    const nonsense = fault(
      "stalled",
      "IW-B06",
      `${thingOf(node)} answers what is no outlet; check its firmware`,
    );
    const read = facets.map((facet) => {
      const isRead = facet === "power" || facet === "identity" || facet === "tasks";
      if (outlet !== null && isRead) return [facet, { known: true, value: outlet[facet], at }];
      const why = unreachable ?? (isRead ? nonsense : notOffered(node, facet));
      return [facet, { known: false, at, why }];
    });
    return {
      node: node.name,
      at,
      facets: Object.fromEntries(read),
      capabilities: { resetTypes: ["On", "ForceOff"] },
      transport: { tls: "plain", fence: "time-only" },
      unreachable,
      vendor: "Voltbar",
    };
  }

  /**
   * @param {FleetNode} node
   * @param {import("ironwright/driver").DriverAction} action
   * @param {PerformContext} context
   * @returns {Promise<Performed>}
   */
  async perform(node, action, context) {
    if (this.#ports.readOnly)
      return {
        sent: false,
        failure: fault(
          "stalled",
          "IW-B16",
          `${thingOf(node)}: the wire is read-only; act without --read-only`,
        ),
      };
    if (action.verb === "session.open" || action.verb === "session.end") return { sent: true };
    const state = STATES[action.verb];
    if (state === undefined) return { sent: false, failure: notOffered(node, action.verb) };
    const { check, requestMaxMs, signal } = context;
    const body = JSON.stringify({ state });
    const done = await this.#ask(node, {
      method: "PUT",
      body,
      check,
      requestMs: requestMaxMs,
      signal,
    });
    if (!("failure" in done)) return { sent: true };
    const { failure, reached } = done;
    if (reached === "no") return { sent: false, failure };
    return { sent: reached === "refused" ? "refused" : "unknown", failure };
  }

  async close() {
    this.#refused.clear();
  }

  /**
   * Asks a node's outlet once; `reached` says how far the request came.
   * @param {FleetNode} node
   * @param {{ method: "GET" | "PUT", body?: string, check?: PerformContext["check"], requestMs?: number, signal: AbortSignal | undefined }} how
   * @returns {Promise<{ readonly body: string } | { readonly reached: "no" | "refused" | "unknown", readonly failure: Failure }>}
   */
  async #ask(node, { method, body, check, requestMs, signal }) {
    const login = await this.#loginOf(node);
    if ("code" in login) return { reached: "no", failure: login };
    const { limits, bmc } = this.#ports.settings;
    const done = await exchange({
      url: urlOf(node),
      method,
      authorization: login.header,
      networks: bmc.networks,
      connectMs: limits.connectSeconds * 1000,
      requestMs: requestMs ?? limits.requestSeconds * 1000,
      check,
      signal,
      ...(body === undefined ? {} : { body }),
    });
    if ("failure" in done)
      return { reached: done.written ? "unknown" : "no", failure: done.failure };
    if (done.status === 401) this.#refused.add(login.key);
    const why = refusalOf(thingOf(node), method, done.status);
    if (why === null) return { body: done.body };
    return { reached: why.kind === "ambiguous" ? "unknown" : "refused", failure: why };
  }

  /**
   * @param {FleetNode} node
   * @returns {Promise<{ readonly header: string | undefined, readonly key: string } | Failure>}
   */
  async #loginOf(node) {
    const { address, username, password } = node.spec.bmc ?? {};
    if (username === undefined || password === undefined) return { header: undefined, key: "" };
    const secret = await this.#ports.resolveSecret(node, password);
    if ("code" in secret) return secret;
    const text = `${username}:${secret.reveal()}`;
    const key = `${address} ${createHash("sha256").update(text).digest("hex")}`;
    if (this.#refused.has(key)) return loginRefused(thingOf(node));
    return { header: `Basic ${Buffer.from(text).toString("base64")}`, key };
  }
}

/** @param {FleetNode} node */
function thingOf({ spec }) {
  return `power bar ${spec.bmc?.address ?? ""} outlet ${spec.bmc?.system ?? ""}`;
}

/** @param {FleetNode} node */
function urlOf({ spec }) {
  const bank = Number(spec.driverInfo?.["bank"] ?? 1);
  return new URL(
    `/api/banks/${bank}/outlets/${spec.bmc?.system ?? ""}`,
    spec.bmc?.address ?? "http://invalid",
  );
}

/**
 * @param {Failure["kind"]} kind
 * @param {string} code
 * @param {string} message
 * @returns {Failure}
 */
function fault(kind, code, message) {
  return { kind, code, message };
}

/** @param {string} thing */
function loginRefused(thing) {
  return fault(
    "stalled",
    "IW-B04",
    `${thing} refused the login; correct bmc.username or the password behind it`,
  );
}

/**
 * @param {FleetNode} node
 * @param {string} what
 */
function notOffered(node, what) {
  return fault(
    "stalled",
    "IW-B18",
    `${thingOf(node)} does not offer ${what}; take it out of the document`,
  );
}

/**
 * What a status says against a request; null when it was done. After 5xx to an act only looking tells.
 * @param {string} thing
 * @param {"GET" | "PUT"} method
 * @param {number} status
 */
function refusalOf(thing, method, status) {
  if (status === 200) return null;
  if (status === 401) return loginRefused(thing);
  if (status === 404)
    return fault(
      "stalled",
      "IW-B13",
      `${thing} is not there; check bmc.system and driverInfo.bank`,
    );
  if (status < 500)
    return fault("stalled", "IW-B10", `${thing} refused with status ${status}; see its own page`);
  return method === "PUT"
    ? fault(
        "ambiguous",
        "IW-B12",
        `${thing} answered status ${status}; look before anything is repeated`,
      )
    : fault("transient", "IW-B08", `${thing} answered status ${status}; it is tried again later`);
}

/**
 * The outlet as it says; null where that cannot be read: unknown is never "off".
 * @param {string} text
 */
function readOutlet(text) {
  let outlet;
  try {
    outlet = JSON.parse(text);
  } catch {
    return null;
  }
  const { state, label } = typeof outlet === "object" && outlet !== null ? outlet : {};
  if (state !== "on" && state !== "off") return null;
  const { maker, serial } = typeof label === "object" && label !== null ? label : {};
  const identity = {
    ...(typeof maker === "string" ? { manufacturer: maker } : {}),
    ...(typeof serial === "string" ? { serial } : {}),
  };
  // It does one thing at a time and is done when it answers; the engine asks before it touches power.
  return { power: state, identity, tasks: [] };
}
