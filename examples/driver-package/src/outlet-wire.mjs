// @ts-check
import http from "node:http";
import { BlockList, connect, isIPv6 } from "node:net";

/** @typedef {import("ironwright/driver").Failure} Failure */

/**
 * What one request came to. `written` says whether its bytes left: an act that may have left is never repeated.
 * @typedef {{ readonly status: number, readonly body: string }
 *   | { readonly written: boolean, readonly failure: Failure }} Exchanged
 */

/**
 * @typedef {object} Request
 * @property {URL} url
 * @property {"GET" | "PUT"} method
 * @property {string | undefined} authorization
 * @property {string} [body]
 * @property {readonly string[] | undefined} networks - the setting bmc.networks: where a password may go
 * @property {number} connectMs
 * @property {number} requestMs
 * @property {(() => Promise<Failure | null>) | undefined} [check] - asked just before an act is written
 * @property {AbortSignal | undefined} signal
 */

/** A power bar's answers are small; what is larger is no power bar. Bytes. */
const ANSWER_MAX = 16 * 1024;

/**
 * One request on a connection of its own: connect, ask the check, write in the same turn, read. Never throws.
 * @param {Request} request
 * @returns {Promise<Exchanged>}
 */
export async function exchange(request) {
  const { url, signal } = request;
  const thing = `power bar ${url.host}`;
  const calledOff = `${thing} was not asked, for it was called off; ask again`;
  if (isAborted(signal)) return unsent("transient", "IW-B01", calledOff);
  const socket = await open(request);
  if (typeof socket === "string") {
    const message = `${thing} does not answer; check its address and its cable`;
    return unsent("transient", "IW-B01", message, socket);
  }
  if (!mayGo(socket.remoteAddress ?? "", request.networks)) {
    socket.destroy();
    return unsent("stalled", "IW-B15", `${thing} is outside bmc.networks; add its network there`);
  }
  const refused = (await request.check?.()) ?? null;
  if (refused === null && !isAborted(signal)) return send(request, socket, thing);
  socket.destroy();
  return refused === null
    ? unsent("transient", "IW-B01", calledOff)
    : { written: false, failure: refused };
}

/** @param {AbortSignal | undefined} signal - may be aborted at any await */
function isAborted(signal) {
  return signal?.aborted === true;
}

/**
 * @param {Request} request
 * @returns {Promise<import("node:net").Socket | string>} a connected socket, or the cause why not
 */
function open({ url, connectMs }) {
  return new Promise((done) => {
    const socket = connect({
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: Number(url.port || 80),
    });
    const timer = setTimeout(() => socket.destroy(new Error("ETIMEDOUT")), connectMs);
    socket.once("error", (error) => {
      clearTimeout(timer);
      done(error.message);
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      done(socket);
    });
  });
}

/**
 * An entry that is no network lets nothing through, so that a typing error never opens a door.
 * @param {string} ip
 * @param {readonly string[] | undefined} networks
 */
function mayGo(ip, networks) {
  if (networks === undefined) return true;
  const plain = ip.replace(/^::ffff:(?=\d+\.)/i, "");
  return networks.some((network) => {
    const [base = "", bits] = network.split("/");
    const family = isIPv6(base) ? "ipv6" : "ipv4";
    const list = new BlockList();
    try {
      list.addSubnet(base, Number(bits ?? (family === "ipv6" ? 128 : 32)), family);
    } catch {
      return false;
    }
    return list.check(plain, isIPv6(plain) ? "ipv6" : "ipv4");
  });
}

/**
 * @param {Request} request
 * @param {import("node:net").Socket} socket
 * @param {string} thing
 * @returns {Promise<Exchanged>}
 */
function send({ url, method, authorization, body, requestMs, signal }, socket, thing) {
  return new Promise((done) => {
    const headers = {
      host: url.host,
      connection: "close",
      ...(authorization === undefined ? {} : { authorization }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const path = `${url.pathname}${url.search}`;
    const request = http.request({ method, path, headers, createConnection: () => socket });
    const end = () => socket.destroy();
    const timer = setTimeout(end, requestMs);
    signal?.addEventListener("abort", end, { once: true });
    /** @param {Exchanged} exchanged */
    const finish = (exchanged) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      socket.destroy();
      done(exchanged);
    };
    const lost = () => finish(lostAnswer(method, thing));
    request.on("error", lost);
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
        if (text.length > ANSWER_MAX) lost();
      });
      response.on("end", () => finish({ status: response.statusCode ?? 0, body: text }));
      response.on("error", lost);
      response.on("close", lost);
    });
    request.end(body);
  });
}

/**
 * @param {"GET" | "PUT"} method
 * @param {string} thing
 * @returns {Exchanged}
 */
function lostAnswer(method, thing) {
  const act = method === "PUT";
  const message = `the answer of ${thing} was lost; ${act ? "look before anything is repeated" : "it is tried again later"}`;
  return {
    written: true,
    failure: { kind: act ? "ambiguous" : "transient", code: act ? "IW-B12" : "IW-B01", message },
  };
}

/**
 * @param {Failure["kind"]} kind
 * @param {string} code
 * @param {string} message
 * @param {string} [cause]
 * @returns {Exchanged}
 */
function unsent(kind, code, message, cause) {
  return {
    written: false,
    failure: { kind, code, message, ...(cause === undefined ? {} : { cause }) },
  };
}
