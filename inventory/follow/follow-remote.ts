import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Failure, fail, ok, type Result } from "../../schemas/failure.ts";
import { gitPath, gitTransport } from "../../schemas/git-url.ts";
import { Secret } from "../../schemas/secret.ts";
import { secretResolver } from "../resolve-secret.ts";
import { findRepository, type Repository } from "../committed-tree.ts";
import { Bell } from "./bell.ts";
import type { Fetch, FetchJob } from "./fetch.ts";
import { fetchByGit } from "./fetch-by-git.ts";
import { fetchHttp } from "./fetch-http.ts";
import { mirrorUnwritable, tookTooLong, toldToStop } from "./follow-failures.ts";
import type { Following, FollowOptions } from "./following.ts";
import {
  freshDir,
  makeMirror,
  mirrorDir,
  replaceMirror,
  sweepMirror,
  writeFollowed,
} from "./mirror.ts";
import { relationOf } from "./relation.ts";
import { tipOf } from "./tip.ts";
import { WAKE_FILE, watchGitDirectory } from "./watch-git-directory.ts";

/** Follows a ref of a repository elsewhere, by a mirror below the state directory. */
export async function followRemote(
  options: FollowOptions,
  url: string,
): Promise<Result<Following>> {
  const { dir, settings, stateDir, warn = () => undefined } = options;
  const ref = settings.git.ref ?? "HEAD";
  const path = gitPath(url);
  const address = path === null ? url : resolve(dir, path);
  const gitdir = mirrorDir(stateDir, address, ref);
  const what = `${ref} of ${address}`;
  try {
    await makeMirror(gitdir);
  } catch (error) {
    return fail(mirrorUnwritable({ what, gitdir }, messageOf(error)));
  }
  const bell = new Bell();
  const watching = [await watchGitDirectory(gitdir, "wake", { bell, warn })];
  const there = path === null ? null : gitDirectoryAt(address);
  if (there !== null) watching.push(await watchGitDirectory(there, "refs", { bell, warn }));
  const remote = new Remote(options, { gitdir, url: address, ref, what });
  return ok({
    dir: gitdir,
    what,
    wakeFile: join(gitdir, WAKE_FILE),
    newest: (signal) => remote.newest(signal),
    changed: (signal) => bell.heard(signal),
    relation: (a, b) => relationOf(gitdir, a, b),
    async close() {
      bell.close();
      for (const end of watching) await end();
    },
  });
}

/** A remote on this host rings by itself. */
function gitDirectoryAt(path: string): string | null {
  if (!existsSync(path)) return null;
  const found = findRepository(path);
  return found?.dir === path ? found.gitdir : null;
}

type Place = Pick<FetchJob, "gitdir" | "url" | "ref" | "what">;

class Remote {
  readonly #options: FollowOptions;
  readonly #place: Place;
  readonly #fetch: Fetch;
  readonly #known = new Set<string>();
  #secrets: ReturnType<typeof secretResolver>;

  constructor(options: FollowOptions, place: Place) {
    this.#options = options;
    this.#place = place;
    this.#fetch = gitTransport(place.url) === "http" ? fetchHttp : fetchByGit;
    this.#secrets = this.#resolver();
  }

  /** One fetch within its time; a mirror that turns out damaged is emptied and fetched anew, once. */
  async newest(stop?: AbortSignal): Promise<Result<string>> {
    const { timeoutSeconds } = this.#options.settings.git;
    const { what, gitdir } = this.#place;
    const limit = AbortSignal.timeout(timeoutSeconds * 1000);
    const signal = stop === undefined ? limit : AbortSignal.any([stop, limit]);
    try {
      const tip = await this.#fetched(signal);
      if (tip.ok) return tip;
      if (stop?.aborted === true) return fail(toldToStop(what));
      if (limit.aborted) return fail(tookTooLong(what, timeoutSeconds));
      return tip;
    } catch (error) {
      return fail(mirrorUnwritable({ what, gitdir }, messageOf(error)));
    }
  }

  async #fetched(signal: AbortSignal): Promise<Result<string>> {
    const { gitdir, what } = this.#place;
    const first = await this.#fetchInto(gitdir, signal);
    if (first.ok || first.failure.code !== "IW-G08" || signal.aborted) return first;
    this.#options.warn?.(`${what}: its mirror in ${gitdir} is damaged and is fetched anew`);
    this.#known.clear();
    const fresh = freshDir(gitdir);
    try {
      const second = await this.#fetchInto(fresh, signal);
      // Where it is the remote that is damaged, the commits that were fetched before are kept.
      if (second.ok) await replaceMirror(gitdir, fresh);
      return second;
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  }

  async #fetchInto(gitdir: string, signal: AbortSignal): Promise<Result<string>> {
    const { what } = this.#place;
    await makeMirror(gitdir);
    sweepMirror(gitdir, Date.now());
    const login = await this.#login();
    if (login !== null && "code" in login) return fail(login);
    const { env } = this.#options;
    const fetched = await this.#fetch({ ...this.#place, gitdir, signal, login, env });
    if (!fetched.ok) {
      // A password that was renewed is looked for anew.
      if (fetched.failure.code === "IW-G04") this.#secrets = this.#resolver();
      return fetched;
    }
    const mirror: Repository = { dir: gitdir, gitdir, bare: true, cache: {} };
    const tip = await tipOf(mirror, fetched.value, { what, known: this.#known, fetched: true });
    if (tip.ok) await writeFollowed(gitdir, tip.value);
    return tip;
  }

  async #login(): Promise<FetchJob["login"] | Failure> {
    const { credentials } = this.#options.settings.git;
    if (credentials === undefined || this.#fetch !== fetchHttp) return null;
    const password = await this.#secrets.resolve({ name: "git" }, credentials.password);
    if (!(password instanceof Secret))
      return { ...password, message: `git.credentials: ${password.message}` };
    return { username: credentials.username, password };
  }

  #resolver(): ReturnType<typeof secretResolver> {
    const { settings, dir, env } = this.#options;
    return secretResolver({ settings, dir, env });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
