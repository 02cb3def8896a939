import type { GitHttpRequest, GitHttpResponse, HttpClient } from "isomorphic-git";
import { Agent, request } from "undici";

/** Larger answers hold no inventory: isomorphic-git keeps a pack in memory. Bytes. */
const ANSWER_MAX = 512 * 1024 * 1024;

/** The remote answered with something else than git's protocol; `status` is HTTP's. */
export class WrongAnswer extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** HTTP for isomorphic-git: each answer is read to its end or not at all, and the signal ends the socket. */
export function httpClient(signal: AbortSignal): HttpClient & { close(): Promise<void> } {
  const agent = new Agent({ pipelining: 0 });
  return {
    async request(asked: GitHttpRequest): Promise<GitHttpResponse> {
      const { url, method = "GET", headers = {} } = asked;
      const answer = await request(url, {
        method: method === "POST" ? "POST" : "GET",
        headers,
        body: asked.body === undefined ? null : await whole(asked.body, ANSWER_MAX),
        signal,
        dispatcher: agent,
      });
      const { statusCode } = answer;
      if (statusCode !== 200) {
        await answer.body.dump();
        const to = answer.headers["location"];
        throw new WrongAnswer(statusCode, typeof to === "string" ? originAndPath(to) : "");
      }
      const body = await whole(answer.body, ANSWER_MAX);
      return {
        url,
        method,
        statusCode,
        statusMessage: "OK",
        headers: Object.fromEntries(
          Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
        ),
        body: oneChunk(body),
      };
    },
    close: () => agent.destroy(),
  };
}

async function whole(chunks: AsyncIterable<Uint8Array>, max: number): Promise<Buffer> {
  const read: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > max) throw new WrongAnswer(200, "larger");
    read.push(chunk);
  }
  return Buffer.concat(read);
}

async function* oneChunk(bytes: Uint8Array): AsyncIterableIterator<Uint8Array> {
  yield bytes;
}

/** Where it moved to, without what may be a token behind it. */
function originAndPath(url: string): string {
  return url.replace(/[?#].*$/, "").replace(/\/\/[^/]*@/, "//");
}
