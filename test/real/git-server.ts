import { execFileSync, spawn } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** What the server does instead of answering well. */
export type GitFault =
  | { readonly kind: "hang"; readonly at: "refs" | "pack" }
  /** The socket is ended after so many bytes of the pack's answer. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** One bit of the pack is another one. */
  | { readonly kind: "flip" }
  | { readonly kind: "status"; readonly status: number; readonly location?: string }
  | { readonly kind: "page" };

export interface GitServer {
  readonly url: string;
  fault: GitFault | null;
  /** What came in: method, path. */
  readonly asked: string[];
  /** Sockets that are open now. */
  open(): number;
}

/** git's own http-backend behind node:http on loopback, with basic authentication. */
export async function gitServer(
  root: string,
  login: { readonly username: string; readonly password: string },
): Promise<GitServer> {
  const backend = join(
    execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(),
    "git-http-backend",
  );
  const wanted = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
  const sockets = new Set<object>();
  const server = createServer((request, response) => void answer(request, response));
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const self: GitServer = {
    url: `http://127.0.0.1:${port}`,
    fault: null,
    asked: [],
    open: () => sockets.size,
  };
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { fault } = self;
    self.asked.push(`${request.method} ${request.url}`);
    if (fault !== null && isAnswered(fault, request, response)) return;
    if (request.headers.authorization !== wanted) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
      return;
    }
    const { head, body } = await cgi(backend, root, request);
    const status = Number(/^Status: (\d+)/im.exec(head)?.[1] ?? 200);
    const type = /^Content-Type: (.*)$/im.exec(head)?.[1]?.trim() ?? "text/plain";
    response.writeHead(status, { "content-type": type, "content-length": body.length });
    if (request.method !== "POST") response.end(body);
    else sendPack(fault, body, response);
  }
  return self;
}

/** True where the fault is the whole answer, or none. */
function isAnswered(fault: GitFault, request: IncomingMessage, response: ServerResponse): boolean {
  if (fault.kind === "hang") return (fault.at === "pack") === (request.method === "POST");
  if (fault.kind === "status")
    response
      .writeHead(fault.status, fault.location === undefined ? {} : { location: fault.location })
      .end("no");
  else if (fault.kind === "page")
    response.writeHead(200, { "content-type": "text/html" }).end("<html>sign in</html>");
  else return false;
  return true;
}

function sendPack(fault: GitFault | null, body: Buffer, response: ServerResponse): void {
  if (fault?.kind === "cut") {
    response.write(body.subarray(0, fault.afterBytes), () => response.destroy());
    return;
  }
  const at = body.indexOf("PACK") + 20;
  if (fault?.kind === "flip") body[at] = (body[at] ?? 0) ^ 1;
  response.end(body);
}

function cgi(
  backend: string,
  root: string,
  request: IncomingMessage,
): Promise<{ readonly head: string; readonly body: Buffer }> {
  const url = new URL(request.url ?? "/", "http://localhost");
  return new Promise((done) => {
    const child = spawn(backend, [], {
      env: {
        PATH: process.env["PATH"] ?? "",
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: "1",
        REQUEST_METHOD: request.method ?? "GET",
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        CONTENT_TYPE: request.headers["content-type"] ?? "",
        REMOTE_USER: "ops",
        REMOTE_ADDR: "127.0.0.1",
      },
    });
    request.pipe(child.stdin);
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("close", () => {
      const all = Buffer.concat(chunks);
      const end = all.indexOf("\r\n\r\n");
      done({ head: all.subarray(0, end).toString(), body: all.subarray(end + 4) });
    });
  });
}
