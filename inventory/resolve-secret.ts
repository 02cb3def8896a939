import { createHmac, randomBytes, scrypt } from "node:crypto";
import { spawn } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { type Failure, failure } from "../schemas/failure.ts";
import { type SecretRef, secretRefSchema } from "../schemas/documents.ts";
import { Secret } from "../schemas/secret.ts";
import type { Settings } from "../schemas/settings.ts";

/** Runs a provider's command: names in on stdin, what it printed out. */
export type RunProvider = (
  command: readonly string[],
  input: string,
  timeoutMs: number,
) => Promise<
  { readonly ok: true; readonly output: string } | { readonly ok: false; readonly why: string }
>;

export interface SecretResolver {
  /** The secret, or why there is none; asked only when a driver is opened. */
  resolve(node: { readonly name: string }, ref: unknown): Promise<Secret | Failure>;
  /**
   * A fingerprint of the reference and what it resolves to, to know whether it changed; null when it can't be resolved. It may
   * be written down: a guess at the secret costs a scrypt (some 30 ms and 16 MB), and needs the key besides.
   */
  version(node: { readonly name: string }, ref: unknown): Promise<string | null>;
}

export interface SecretOptions {
  readonly settings: Settings;
  /** Absolute path of the repository: relative files start here. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly run?: RunProvider;
  /**
   * Keys the fingerprints: alike wherever they are compared. By itself a key of this process, good for itself alone. Asked
   * each time; `version` throws what it throws.
   */
  readonly key?: (() => Promise<string>) | undefined;
}

/** Larger files and answers hold no password. Bytes. */
const SECRET_MAX = 64 * 1024;
/** Bytes of a fingerprint: no two secrets of a fleet share one. */
const FINGERPRINT_BYTES = 12;
/** Names asked for within this time go to a provider in one call. Milliseconds. */
const BATCH_MS = 5;

/** Resolves references by environment, file and provider, each provider in batches. */
export function secretResolver(options: SecretOptions): SecretResolver {
  const providers = new Map<string, ProviderBatch>();
  const fingerprints = new Fingerprints(options.key);
  const find = async (raw: unknown): Promise<string | Failure> => {
    const parsed = secretRefSchema.safeParse(raw);
    if (!parsed.success) return unresolved("its reference is none of env, file, provider");
    const ref: SecretRef = parsed.data;
    if ("env" in ref) return fromEnv(ref.env, options);
    if ("file" in ref) return fromFile(ref.file, options);
    const provider = options.settings.secrets.providers[ref.provider];
    if (provider === undefined)
      return unresolved(
        `the provider ${ref.provider} is not declared; name its command in secrets.providers`,
      );
    let batch = providers.get(ref.provider);
    if (batch === undefined) {
      batch = new ProviderBatch(ref.provider, provider, options.run ?? runProvider);
      providers.set(ref.provider, batch);
    }
    return batch.ask(ref.key);
  };
  return {
    async resolve(_node, ref) {
      const found = await find(ref);
      return typeof found === "string" ? new Secret(found) : found;
    },
    async version(_node, ref) {
      const found = await find(ref);
      return typeof found === "string" ? fingerprints.of(JSON.stringify(ref), found) : null;
    },
  };
}

/** Fingerprints of secrets, each made once for all nodes that share it. */
class Fingerprints {
  readonly #key: () => Promise<string>;
  /** What was asked for is kept by a hash that means nothing outside of this process. */
  readonly #ours = randomBytes(32);
  readonly #known = new Map<string, Promise<string>>();

  constructor(key: SecretOptions["key"]) {
    const own = randomBytes(32).toString("hex");
    this.#key = key ?? ((): Promise<string> => Promise.resolve(own));
  }

  async of(ref: string, secret: string): Promise<string> {
    const key = await this.#key();
    const asked = createHmac("sha256", this.#ours)
      .update(`${key}\0${ref}\0${secret}`)
      .digest("hex");
    const known = this.#known.get(asked);
    if (known !== undefined) return known;
    const made = derived(secret, `${key} ${ref}`);
    this.#known.set(asked, made);
    return made;
  }
}

function derived(secret: string, salt: string): Promise<string> {
  return new Promise((done, failed) => {
    scrypt(secret, salt, FINGERPRINT_BYTES, (error, bytes) => {
      if (error === null) done(bytes.toString("hex"));
      else failed(error);
    });
  });
}

function unresolved(what: string): Failure {
  return failure("stalled", "IW-S09", `the secret cannot be had: ${what}`);
}

function fromEnv(name: string, { env }: SecretOptions): string | Failure {
  const value = env[name];
  if (value !== undefined && value !== "") return value;
  return unresolved(
    `the environment variable ${name} is ${value === undefined ? "not set" : "empty"}; export it`,
  );
}

/** A file is read only below `secrets.dirs`, links resolved: a document must not name any file of the host. */
function fromFile(path: string, { settings, dir }: SecretOptions): string | Failure {
  const { dirs } = settings.secrets;
  if (dirs.length === 0)
    return unresolved(`secrets.dirs is empty; name the directory of ${path} there`);
  const candidates = isAbsolute(path)
    ? [path]
    : [resolve(dir, path), ...dirs.map((one) => resolve(dir, one, path))];
  for (const candidate of candidates) {
    try {
      const real = realpathSync(candidate);
      if (!dirs.some((one) => isBelow(realpathSync(resolve(dir, one)), real))) continue;
      const text = readFileSync(real);
      if (text.length > SECRET_MAX)
        return unresolved(`the file ${path} is too large for a password`);
      const value = text.toString("utf8").replace(/\r?\n$/, "");
      return value === "" ? unresolved(`the file ${path} is empty`) : value;
    } catch {
      // Not there: the next candidate, or the sentence below.
    }
  }
  return unresolved(`there is no file ${path} below secrets.dirs (${dirs.join(", ")})`);
}

function isBelow(dir: string, path: string): boolean {
  const way = relative(dir, path);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way);
}

/** Collects names for a moment, then asks once for all. */
class ProviderBatch {
  readonly #name: string;
  readonly #provider: Settings["secrets"]["providers"][string];
  readonly #run: RunProvider;
  #waiting = new Map<string, ((answer: string | Failure) => void)[]>();
  readonly #known = new Map<string, Promise<string | Failure>>();

  constructor(name: string, provider: Settings["secrets"]["providers"][string], run: RunProvider) {
    this.#name = name;
    this.#provider = provider;
    this.#run = run;
  }

  ask(key: string): Promise<string | Failure> {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const answer = new Promise<string | Failure>((done) => {
      if (this.#waiting.size === 0) setTimeout(() => void this.#askAll(), BATCH_MS);
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), done]);
    });
    this.#known.set(key, answer);
    return answer;
  }

  async #askAll(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    const { command, timeoutSeconds } = this.#provider;
    const ran = await this.#run(
      command,
      JSON.stringify([...waiting.keys()]),
      timeoutSeconds * 1000,
    );
    const answers = ran.ok ? readAnswers(ran.output) : null;
    for (const [key, done] of waiting) {
      const value = answers?.[key];
      const why = ran.ok
        ? answers === null
          ? "printed no JSON map of names to secrets"
          : `has no ${key}`
        : ran.why;
      const answer =
        typeof value === "string" && value !== ""
          ? value
          : unresolved(`the provider ${this.#name} ${why}`);
      for (const one of done) one(answer);
    }
  }
}

function readAnswers(output: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(output);
    if (typeof value !== "object" || value === null) return null;
    return Object.fromEntries(Object.entries(value));
  } catch {
    return null;
  }
}

/** The real thing: no shell, what it says on stderr is not repeated, for it may hold a secret. */
const runProvider: RunProvider = (command, input, timeoutMs) =>
  new Promise((done) => {
    const [program = "", ...args] = command;
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"], timeout: timeoutMs });
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= SECRET_MAX * 1000) chunks.push(chunk);
    });
    child.on("error", (error) => done({ ok: false, why: `cannot be run: ${error.message}` }));
    child.stdin.on("error", () => undefined);
    child.on("close", (code, signal) => {
      if (code === 0) done({ ok: true, output: Buffer.concat(chunks).toString("utf8") });
      else
        done({
          ok: false,
          why: signal === null ? `ended with ${code}` : `took longer than ${timeoutMs / 1000} s`,
        });
    });
    child.stdin.end(input);
  });
