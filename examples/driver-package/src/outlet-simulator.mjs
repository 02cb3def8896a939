// @ts-check
import { createServer } from "node:http";

/**
 * A power bar as its maker describes it: `GET /api/banks/B/outlets/N` answers the outlet, `PUT` with `{ "state" }`
 * switches it; basic authentication on both; 404 for an outlet that it has not.
 * @typedef {object} Outlet
 * @property {"on" | "off"} state
 * @property {{ maker: string, serial: string }} label - what the operator wrote on it: the machine that is plugged in
 */

/**
 * @typedef {object} SimulatedBar
 * @property {string} url
 * @property {Map<string, Outlet>} outlets - by `BANK/NUMBER`
 * @property {string[]} log - every PUT that was let in, as `BANK/NUMBER STATE`
 * @property {number} logins - requests that named a user and were refused
 * @property {"well" | "refused" | "lost" | "ignored" | "nonsense"} mood - how it treats the next requests
 * @property {() => Promise<void>} close
 */

/**
 * Starts a power bar on a free port of this host.
 * @param {{ username: string, password: string, outlets: Readonly<Record<string, Outlet>> }} options
 * @returns {Promise<SimulatedBar>}
 */
export async function startBar({ username, password, outlets }) {
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const server = createServer((request, response) => {
    /** @param {number} status @param {unknown} body */
    const answer = (status, body) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (bar.mood === "nonsense") {
      response.writeHead(200).end(`<html>${password}`);
      return;
    }
    if (request.headers.authorization !== expected) {
      bar.logins += 1;
      answer(401, { error: "who are you" });
      return;
    }
    const [, name = ""] = /^\/api\/banks\/(\d+\/outlets\/\d+)$/.exec(request.url ?? "") ?? [];
    const key = name.replace("outlets/", "");
    const outlet = bar.outlets.get(key);
    if (outlet === undefined) {
      answer(404, { error: "no such outlet" });
      return;
    }
    if (request.method === "GET") {
      answer(200, outlet);
      return;
    }
    let text = "";
    request.on("data", (chunk) => (text += chunk));
    request.on("end", () => {
      const { state } = JSON.parse(text);
      if (bar.mood === "refused") {
        answer(409, { error: "locked at the front panel" });
        return;
      }
      bar.log.push(`${key} ${state}`);
      if (bar.mood !== "ignored") outlet.state = state;
      if (bar.mood === "lost") request.socket.destroy();
      else answer(200, outlet);
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(null)));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  /** @type {SimulatedBar} */
  const bar = {
    url: `http://127.0.0.1:${port}`,
    outlets: new Map(Object.entries(outlets)),
    log: [],
    logins: 0,
    mood: "well",
    close: () => new Promise((done) => server.close(() => done())),
  };
  return bar;
}
