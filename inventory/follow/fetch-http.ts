import * as git from "isomorphic-git";
import { type Failure, fail, failure, ok, type Result } from "../../schemas/failure.ts";
import { COMMIT_ID, type FetchJob } from "./fetch.ts";
import { httpClient, WrongAnswer } from "./http-client.ts";
import { BrokenPack, FOLLOWED, mirrorFs } from "./mirror.ts";
import { mirrorUnwritable, noSuchRef } from "./follow-failures.ts";

/** Fetches by git's protocol over HTTP, without a git program. */
export async function fetchHttp(job: FetchJob): Promise<Result<string>> {
  const http = httpClient(job.signal);
  try {
    return await fetchBy(http, job);
  } catch (error) {
    return fail(whyNot(error, job));
  } finally {
    await http.close();
  }
}

async function fetchBy(http: git.HttpClient, job: FetchJob): Promise<Result<string>> {
  const { gitdir, ref, url } = job;
  // isomorphic-git writes into the headers that it is given.
  const ask = (): { http: git.HttpClient; url: string; headers: Record<string, string> } => ({
    http,
    url,
    headers: headersOf(job),
  });
  const refs = await git.listServerRefs({ ...ask(), protocolVersion: 1, peelTags: true });
  const found = COMMIT_ID.test(ref) ? { ref, oid: ref } : refNamed(ref, refs);
  if (found === null) return fail(noSuchRef(job.what, ref));
  if (await isHere(gitdir, found.oid)) return ok(found.oid);
  const { fetchHead } = await git.fetch({
    ...ask(),
    fs: mirrorFs,
    gitdir,
    ref: FOLLOWED,
    remote: "origin",
    remoteRef: found.ref,
    singleBranch: true,
    tags: false,
  });
  return fetchHead === null ? fail(noSuchRef(job.what, ref)) : ok(fetchHead);
}

function headersOf({ login }: FetchJob): Record<string, string> {
  if (login === null) return {};
  const pair = `${login.username}:${login.password.reveal()}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** As git itself looks for a short name. */
function refNamed(name: string, refs: readonly git.ServerRef[]): git.ServerRef | null {
  for (const full of [name, `refs/${name}`, `refs/tags/${name}`, `refs/heads/${name}`]) {
    const found = refs.find(({ ref }) => ref === full);
    if (found !== undefined) return found;
  }
  return null;
}

async function isHere(gitdir: string, oid: string): Promise<boolean> {
  try {
    await git.readObject({ fs: mirrorFs, gitdir, oid, format: "deflated" });
    return true;
  } catch {
    return false;
  }
}

function whyNot(error: unknown, job: FetchJob): Failure {
  const cause = error instanceof Error ? (error.message.split("\n")[0] ?? "").slice(0, 300) : "";
  if (error instanceof WrongAnswer) return ofStatus(error, job);
  if (error instanceof BrokenPack)
    return unusable(job, "what it sent is damaged on its way; nothing of it was kept", cause);
  if (isErrno(error) && error.path !== undefined) return mirrorUnwritable(job, error.message);
  if (isErrno(error) && /^(?:E[A-Z]+|UND_ERR_\w+|.*CERT.*|.*SIGNED.*|ERR_TLS\w+)$/.test(error.code))
    return failure(
      "transient",
      "IW-G03",
      `${job.what}: the remote does not answer, or was cut off; it is tried again. Look at: git ls-remote ${job.url}`,
      `${error.code}: ${cause}`,
    );
  return unusable(job, "it is no git repository over HTTP, or its answer was cut off", cause);
}

function isErrno(error: unknown): error is Error & { code: string; path?: string } {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

function unusable({ what, url }: FetchJob, why: string, cause: string): Failure {
  return failure(
    "transient",
    "IW-G05",
    `${what}: the remote's answer can't be used: ${why}. Look at: git ls-remote ${url}`,
    cause,
  );
}

function ofStatus({ status, message }: WrongAnswer, job: FetchJob): Failure {
  const { what, url, login } = job;
  if (status === 401 || status === 403) {
    const out =
      login === null
        ? "write git.credentials: { username: NAME, password: { env: NAME } } into ironwright.yaml"
        : `look at git.credentials: the user ${login.username}, its password or token, and whether it may read`;
    return failure(
      "stalled",
      "IW-G04",
      `${what}: the remote refused the login (${status}); ${out}`,
    );
  }
  if (status === 404)
    return failure(
      "stalled",
      "IW-G01",
      `${what}: there is no repository at ${url} (404; some servers say so of one that you may not read); check git.url and git.credentials`,
    );
  if (status >= 300 && status < 400)
    return failure(
      "stalled",
      "IW-G05",
      `${what}: the repository moved to ${message} (${status}); no login is sent after it: write where it is now into git.url`,
    );
  if (status === 200)
    return failure(
      "stalled",
      "IW-G05",
      `${what}: the remote sends more than 512 MiB at once; follow it by ssh, or keep the inventory in a repository of its own`,
    );
  return failure(
    "transient",
    "IW-G03",
    `${what}: the remote answers ${status}; it is tried again. Look at its log`,
  );
}
