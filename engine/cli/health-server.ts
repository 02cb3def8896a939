import { createServer, type Server, type ServerResponse } from "node:http";
import type { Registry } from "prom-client";
import type { WatchState } from "../run/watch/ports.ts";
import { CommandError } from "./command.ts";
import { EXIT } from "./exit-code.ts";
import { type Ear, metricsOf } from "./metrics.ts";

/** What of a daemon can be asked for over HTTP, and where it hears what happens. */
export interface Health extends Ear {
  /** Where it listens, such as `http://127.0.0.1:9180`. */
  readonly url: string;
  close(): Promise<void>;
}

/** What the server asks of its daemon. */
export interface Asked {
  readonly state: () => WatchState;
  /** Why it is no more, in one sentence; null while it lives. */
  readonly dead: () => string | null;
  /** A webhook: somebody pushed. */
  readonly wake: () => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Without a sign of life for so long it hangs: longer than a fetch, a rest or the reading of a hall may take. Milliseconds. */
const STALE_MS = 15 * 60_000;

/**
 * `/healthz` (it lives and its rounds go on), `/readyz` (a commit is in force), `/metrics` (Prometheus) and `POST /wake` (a
 * webhook: look at the repository now). Answers hold no secret and change nothing but when it looks.
 */
export async function serveHealth(listen: string, asked: Asked): Promise<Health> {
  const { host, port } = addressOf(listen);
  const metrics = metricsOf(asked);
  const server = createServer((request, response) => {
    const [path = "/"] = (request.url ?? "/").split("?");
    const answer = answerTo(`${request.method ?? ""} ${path}`, asked);
    if (answer === "metrics") return void sendMetrics(metrics.registry, response);
    const body = `${JSON.stringify(answer.body)}\n`;
    response.writeHead(answer.status, { "content-type": "application/json" }).end(body);
  });
  const url = await listening(server, host, port);
  return {
    url,
    hear: metrics.hear,
    called: metrics.called,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function sendMetrics(registry: Registry, response: ServerResponse): Promise<void> {
  try {
    const text = await registry.metrics();
    response.writeHead(200, { "content-type": registry.contentType }).end(text);
  } catch (error) {
    response.writeHead(500, { "content-type": "text/plain" }).end(`${String(error)}\n`);
  }
}

function addressOf(listen: string): { readonly host: string; readonly port: number } {
  const parts = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(listen);
  const port = Number(parts?.[3]);
  if (parts === null || port > 65_535)
    throw new CommandError(
      EXIT.invalid,
      `listen "${listen}" is no HOST:PORT, such as 127.0.0.1:9180`,
      "IW-S01",
    );
  const host = parts[1] ?? parts[2] ?? "";
  return { host: host === "" ? "127.0.0.1" : host, port };
}

function listening(server: Server, host: string, port: number): Promise<string> {
  return new Promise((done, failed) => {
    server.once("error", (error) =>
      failed(
        new CommandError(
          EXIT.invalid,
          `nobody can listen at ${host}:${port}: ${error.message}`,
          "IW-S01",
        ),
      ),
    );
    server.listen(port, host, () => {
      const at = server.address();
      const taken = typeof at === "object" && at !== null ? at.port : port;
      done(`http://${host.includes(":") ? `[${host}]` : host}:${taken}`);
    });
  });
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

function answerTo(what: string, asked: Asked): Answer | "metrics" {
  switch (what) {
    case "GET /healthz":
      return healthOf(asked);
    case "GET /readyz":
      return readinessOf(asked);
    case "GET /metrics":
      return "metrics";
    case "POST /wake":
      asked.wake();
      return { status: 202, body: { woken: true } };
    default:
      return {
        status: 404,
        body: { error: `${what} is none of GET /healthz, GET /readyz, GET /metrics, POST /wake` },
      };
  }
}

function healthOf({ state, dead, now }: Asked): Answer {
  const { beatAt, rounds } = state();
  const age = now() - beatAt;
  const why = dead() ?? (age > STALE_MS ? `no sign of life for ${Math.round(age / 1000)} s` : null);
  return { status: why === null ? 200 : 503, body: { healthy: why === null, why, rounds } };
}

function readinessOf({ state, dead }: Asked): Answer {
  const { commit, refused, owned, members } = state();
  const why =
    dead() ?? (commit === null ? (refused?.why.message ?? "no commit was read yet") : null);
  const body = {
    ready: why === null,
    why,
    commit,
    refused: refused === null ? null : { commit: refused.commit, why: refused.why.message },
    members,
    owned,
  };
  return { status: why === null ? 200 : 503, body };
}
