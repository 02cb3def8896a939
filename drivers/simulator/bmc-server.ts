import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { DriverClock } from "../driver.ts";
import type { SimulatedBmc } from "./bmc.ts";
import type { Answered, Asked } from "./exchange.ts";

/** Larger requests are no Redfish. Bytes. */
const BODY_MAX = 1024 * 1024;
const HUGE_BYTES = 16 * 1024 * 1024;

/** Key and certificate, PEM. */
export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
}

/** One port with a BMC behind it that speaks Redfish. */
export class BmcServer {
  readonly bmc: SimulatedBmc;
  readonly #clock: DriverClock;
  readonly #control: (asked: Asked) => Answered | null;
  #server: http.Server | https.Server | null = null;

  constructor(bmc: SimulatedBmc, clock: DriverClock, control: (asked: Asked) => Answered | null) {
    this.bmc = bmc;
    this.#clock = clock;
    this.#control = control;
  }

  async listen(host: string, port: number, identity: TlsIdentity | null): Promise<string> {
    const handler = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch(() => response.destroy());
    };
    const server =
      identity === null ? http.createServer(handler) : https.createServer(identity, handler);
    // Many clients of many BMCs share a process here; a slow one must not be cut off by a default.
    server.requestTimeout = 0;
    this.#server = server;
    await new Promise<void>((done, failed) => {
      server.once("error", failed);
      server.listen(port, host, done);
    });
    const bound = server.address();
    const at: AddressInfo | null = typeof bound === "object" ? bound : null;
    return `${identity === null ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${at?.port ?? port}`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = request.method === "GET" ? "" : await bodyOf(request);
    const asked: Asked = {
      method: request.method ?? "GET",
      path: (request.url ?? "/").split("?")[0] ?? "/",
      headers: request.headers,
      body,
    };
    const control = this.#control(asked);
    if (control !== null) return write(response, control);
    await this.#answer(asked, request, response);
  }

  async #answer(asked: Asked, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const kind = this.bmc.wireFault(asked);
    if (kind?.kind === "hang") return;
    if (kind?.kind === "drop") return void request.socket.destroy();
    if (kind?.kind === "slow") await this.#clock.sleep(kind.ms ?? 0);
    const answer = this.bmc.handle(asked);
    if (answer.drop === true) request.socket.destroy();
    else if (kind === null || kind.kind === "slow") write(response, answer);
    else spoil(response, answer, kind.kind);
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    await new Promise<void>((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > BODY_MAX) throw new Error("the request is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function write(response: ServerResponse, { status, body, headers }: Answered): void {
  const text = body === undefined ? "" : JSON.stringify(body);
  response.writeHead(status, {
    ...(text === "" ? {} : { "content-type": "application/json; charset=utf-8" }),
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** Answers that no client should trust. */
function spoil(response: ServerResponse, answer: Answered, kind: string): void {
  const text = JSON.stringify(answer.body ?? {});
  if (kind === "garbage") {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<!doctype html><title>Please log in</title>");
    return;
  }
  if (kind === "huge") {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ ...answer.body, Oem: "x".repeat(HUGE_BYTES) }));
    return;
  }
  response.writeHead(200, { "content-type": "application/json", "content-length": text.length });
  response.write(text.slice(0, Math.floor(text.length / 2)), () => response.destroy());
}
