import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Failure, fail, failure, ok, type Result } from "../../schemas/failure.ts";
import type { FetchJob } from "./fetch.ts";
import { damaged, mirrorUnwritable, noSuchRef } from "./follow-failures.ts";
import { FOLLOWED, INCOMING } from "./mirror.ts";

/** More than this of what git says is of no use to anybody. Bytes. */
const SAID_MAX = 64 * 1024;

/** Fetches by the `git` command, which speaks ssh and reads what lies on this host. */
export async function fetchByGit(job: FetchJob): Promise<Result<string>> {
  const { gitdir, url, ref } = job;
  // Each fetch has a ref of its own: what one that was killed left locked is in no other's way.
  const incoming = `${INCOMING}/${randomBytes(6).toString("hex")}`;
  const ran = await runGit(job, [
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
    "--",
    url,
    `+${ref}:${incoming}`,
  ]);
  const path = join(gitdir, incoming);
  try {
    if (ran.error !== null) return fail(cannotRun(ran.error, job));
    if (ran.code !== 0) return fail(whyNot(ran.said, job));
    return ok((await readFile(path, "utf8")).trim());
  } catch (error) {
    return fail(mirrorUnwritable(job, error instanceof Error ? error.message : String(error)));
  } finally {
    await rm(path, { force: true });
  }
}

interface Ran {
  readonly code: number | null;
  readonly said: string;
  readonly error: Error | null;
}

/** In a session of its own: it has no terminal to ask at, and it ends with all that it started. */
function runGit({ gitdir, env, signal }: FetchJob, args: readonly string[]): Promise<Ran> {
  return new Promise((done) => {
    const child = spawn("git", ["--git-dir", gitdir, ...args], {
      cwd: gitdir,
      env: environment(env),
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    });
    const end = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // All of them had ended.
      }
    };
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      if (said.length < SAID_MAX) said += chunk.toString();
    });
    const settle = (ran: Ran): void => {
      signal.removeEventListener("abort", end);
      done(ran);
    };
    child.on("error", (error) => settle({ code: null, said, error }));
    child.on("close", (code) => settle({ code, said, error: null }));
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
  });
}

/** Asks nobody, speaks English, and is no hook's: git tells its hooks which repository they are of. */
function environment(env: FetchJob["env"]): NodeJS.ProcessEnv {
  const own = Object.entries(env).filter(
    ([name]) =>
      !/^GIT_(?:DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|NAMESPACE|PREFIX|QUARANTINE_PATH|.*OBJECT_DIRECTOR.*)$/.test(
        name,
      ),
  );
  return {
    GIT_SSH_COMMAND: "ssh -o BatchMode=yes",
    ...Object.fromEntries(own),
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "true",
    SSH_ASKPASS: "true",
    GIT_ALLOW_PROTOCOL: "ssh:file",
    LC_ALL: "C",
  };
}

function cannotRun(error: Error, { what }: FetchJob): Failure {
  return failure(
    "stalled",
    "IW-G06",
    `${what}: the git command, which fetches by ssh and from paths, can't be run; install git, or follow the repository by https`,
    error.message,
  );
}

interface Said {
  readonly pattern: RegExp;
  readonly failure: (job: FetchJob, cause: string) => Failure;
}

/** What git 2.39 and ssh say, under LC_ALL=C; the first row that fits. */
const SAID: readonly Said[] = [
  {
    pattern: /bad object refs\/ironwright\//,
    failure: ({ what }) => damaged(what, FOLLOWED),
  },
  {
    pattern: /couldn't find remote ref|no such remote ref|not our ref|unadvertised object/i,
    failure: ({ what, ref }) => noSuchRef(what, ref),
  },
  {
    pattern:
      /No space left|Disk quota|Read-only file system|unable to (?:create|write)|cannot lock ref|insufficient permission/i,
    failure: mirrorUnwritable,
  },
  {
    pattern:
      /Permission denied \(|Host key verification failed|Authentication failed|Too many authentication/i,
    failure: ({ what, url }, cause) =>
      failure(
        "stalled",
        "IW-G04",
        `${what}: ssh was refused; as the user that the engine runs as, run: git ls-remote ${url}. It takes a key without a passphrase (or an agent), and a known host key`,
        cause,
      ),
  },
  {
    pattern: /dubious ownership/i,
    failure: ({ what, url }, cause) =>
      failure(
        "stalled",
        "IW-G06",
        `${what}: the repository belongs to another user, so git does not read it; as the user that the engine runs as, run: git config --global --add safe.directory ${url}`,
        cause,
      ),
  },
  {
    pattern:
      /does not appear to be a git repository|repository .*(?:not found|does not exist)|No such file or directory/i,
    failure: ({ what, url }, cause) =>
      failure(
        "stalled",
        "IW-G01",
        `${what}: there is no repository at ${url}; check git.url`,
        cause,
      ),
  },
  {
    pattern:
      /bad object|corrupt|did not send all necessary objects|missing (?:blob|tree|commit)|index-pack|unpack-objects|inflate|protocol error|bad pack header/i,
    failure: ({ what }, cause) =>
      failure(
        "transient",
        "IW-G05",
        `${what}: what the remote sent is not whole; nothing of it was kept. Look there at: git fsck`,
        cause,
      ),
  },
  {
    pattern:
      /Could not resolve|Connection (?:refused|timed out|reset|closed)|No route to host|unreachable|hung up|early EOF|Could not read from remote|unexpected disconnect/i,
    failure: ({ what, url }, cause) =>
      failure(
        "transient",
        "IW-G03",
        `${what}: the remote does not answer, or was cut off; it is tried again. Look at: git ls-remote ${url}`,
        cause,
      ),
  },
];

function whyNot(said: string, job: FetchJob): Failure {
  const cause = said.trim().split("\n").slice(-3).join("; ").slice(0, 500);
  const row = SAID.find(({ pattern }) => pattern.test(said));
  if (row !== undefined) return row.failure(job, cause);
  return failure(
    "transient",
    "IW-G06",
    `${job.what}: the git command failed; run: git ls-remote ${job.url}`,
    cause,
  );
}
