import { hash } from "node:crypto";
import { z } from "zod";
import type { LoginAnswer, LoginAt, LoginLimits, LoginSlots } from "../ports.ts";
import type { Layout } from "./layout.ts";
import { Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

/** Looks in which another engine may be faster before the caller waits. */
const LOOKS = 8;

const placeSchema = z.looseObject({
  /** Which of all tries it is. */
  nonce: z.string(),
  node: z.string(),
  address: z.string(),
  /** The version that was refused; null while it is only tried. */
  refused: z.string().nullable(),
  pid: z.number().int(),
  startTicks: z.string().nullable(),
  bootId: z.string().nullable(),
  pidNamespace: z.string().nullable(),
});
type Place = z.infer<typeof placeSchema> & { readonly k: number };

const markSchema = z.object({ node: z.string(), address: z.string() });
const keySchema = z.object({ key: z.string() });

/** What stands against one more try; `moved`: look again. */
type Seen =
  | Extract<LoginAnswer, { readonly kind: "refused" }>
  | { readonly kind: "full" | "moved" }
  | { readonly kind: "free"; readonly free: number };

/** The engine's own try, under way. */
interface Mine {
  readonly path: string;
  readonly place: Omit<Place, "k">;
}

/**
 * Refused logins as slots. `logins/<secret>.try.<k>` is taken by link() before a secret that is not known to be good is sent,
 * and stays where the BMC refused it; so over all engines no more are sent than may be refused. It is given back where nobody
 * said yes or no; all that were refused are where a BMC takes the secret, or a person says `retry` or `resume`.
 * `logins/<secret>.at.<address>.<version>` is a BMC that refused it, and is sent it no more.
 *
 * `<secret>` is a hash of the reference (the name of a variable, a file or a key), which is no secret. The version is the one
 * of `secretVersion`: it is compared only where something was refused, and is worth no more than a try to whoever reads it
 * without this store's key. Refusals of another version count for nothing.
 */
export class FileLoginSlots implements LoginSlots {
  readonly #ports: StorePorts;
  readonly #layout: Layout;
  readonly #writer: Writer;
  readonly #mine = new Map<string, Mine>();
  /** When a try of a process that can't be seen was seen first, on this engine's clock. */
  readonly #since = new Map<string, number>();

  constructor(ports: StorePorts, layout: Layout) {
    this.#ports = ports;
    this.#layout = layout;
    this.#writer = new Writer(ports, layout, "logins");
  }

  async key(): Promise<string> {
    const { files, random } = this.#ports;
    const path = this.#layout.loginKey;
    const known = keyIn(await files.read(path));
    if (known !== null) return known;
    await files.makeDir(this.#layout.sealed);
    await this.#writer.take(path, { key: random.hex(32) });
    const made = keyIn(await files.read(path));
    if (made === null) throw new Error(`${path} holds no key`);
    return made;
  }

  async begin(login: LoginAt, limits: LoginLimits, isProven: boolean): Promise<LoginAnswer> {
    for (let look = 0; look < LOOKS; look += 1) {
      const seen = await this.#look(login, limits);
      if (seen.kind === "refused") return seen;
      if (isProven) return { kind: "go" };
      if (seen.kind === "full") return { kind: "wait" };
      if (seen.kind === "free" && (await this.#take(login, seen.free))) return { kind: "go" };
    }
    return { kind: "wait" };
  }

  async end(login: LoginAt, verdict: "accepted" | "refused" | "other"): Promise<void> {
    const mine = this.#mine.get(idOf(login));
    this.#mine.delete(idOf(login));
    if (verdict === "refused") return this.#refused(login, mine);
    if (mine === undefined) return;
    if (await this.#isMine(mine)) await this.#ports.files.remove(mine.path);
    if (verdict === "accepted") await this.#free(login.secret, await this.#versionIfAny(login));
  }

  async forgive(
    secret: string | null,
    bmc: { readonly node: string; readonly address: string } | null,
  ): Promise<number> {
    const { files } = this.#ports;
    const names =
      secret === null ? await files.list(this.#layout.logins) : await this.#namesOf(secret);
    let freed = 0;
    for (const name of names) {
      const isOver = isPlace(name)
        ? (await this.#read(name))?.refused !== null
        : bmc !== null && (await this.#isMarkOf(name, bmc));
      if (!isOver) continue;
      await files.remove(this.#layout.login(name));
      freed += 1;
    }
    return freed;
  }

  /** Also where another node of that BMC was the one that was refused. */
  async #isMarkOf(
    name: string,
    { node, address }: { readonly node: string; readonly address: string },
  ): Promise<boolean> {
    const text = await this.#ports.files.read(this.#layout.login(name));
    const mark = markSchema.safeParse(parse(text ?? ""));
    if (!mark.success) return true;
    return mark.data.node === node || originOf(mark.data.address) === originOf(address);
  }

  async #namesOf(secret: string): Promise<readonly string[]> {
    const names = await this.#ports.files.list(this.#layout.logins);
    return names.filter((name) => name.startsWith(`${short(secret)}.`));
  }

  /** Whether the BMC, or too many, refused it; else the lowest place that is free, where one more may be tried. */
  async #look(login: LoginAt, { most, tryMaxMs }: LoginLimits): Promise<Seen> {
    const names = await this.#namesOf(login.secret);
    const here = `${short(login.secret)}.at.${short(login.address)}.`;
    const isMarked = names.some((name) => name.startsWith(here));
    if (isMarked && names.includes(`${here}${await login.version()}`))
      return { kind: "refused", here: true, by: [login.node] };
    const places = await this.#places(names.filter(isPlace), tryMaxMs);
    if (places === null) return { kind: "moved" };
    const version = places.some(({ refused }) => refused !== null) ? await login.version() : null;
    const refused = places.filter((one) => one.refused !== null && one.refused === version);
    const isHere = ({ address }: Place): boolean => address === login.address;
    if (refused.some(isHere)) return { kind: "refused", here: true, by: [login.node] };
    if (refused.length >= most)
      return { kind: "refused", here: false, by: refused.map(({ node }) => node) };
    const trying = places.filter((one) => one.refused === null);
    if (refused.length + trying.length >= most || trying.some(isHere)) return { kind: "full" };
    const taken = new Set(places.map(({ k }) => k));
    let free = 0;
    // Always the lowest: of two that see the same, one takes it, and the other looks again.
    while (taken.has(free)) free += 1;
    return { kind: "free", free };
  }

  /** Tries and refusals; null where one was given back whose process ended before it said what came of it. */
  async #places(names: readonly string[], tryMaxMs: number): Promise<readonly Place[] | null> {
    const places: Place[] = [];
    let moved = false;
    for (const name of names) {
      const place = await this.#read(name);
      if (place !== null && (place.refused !== null || !(await this.#isLeft(place, tryMaxMs)))) {
        places.push(place);
        continue;
      }
      moved = true;
      // Only if it is still that try.
      if ((await this.#read(name))?.nonce === place?.nonce)
        await this.#ports.files.remove(this.#layout.login(name));
    }
    return moved ? null : places;
  }

  async #isLeft(place: Place, tryMaxMs: number): Promise<boolean> {
    const { processes, clock } = this.#ports;
    const fate = await processes.fate(place);
    if (fate !== "unknown") return fate === "gone";
    const now = clock.monotonic();
    const since = this.#since.get(place.nonce) ?? now;
    this.#since.set(place.nonce, since);
    return now - since > tryMaxMs;
  }

  async #read(name: string): Promise<Place | null> {
    const text = await this.#ports.files.read(this.#layout.login(name));
    if (text === null) return null;
    const k = Number(name.slice(name.lastIndexOf(".") + 1));
    const parsed = placeSchema.safeParse(parse(text));
    // Torn by a power cut: whoever took it ended in that.
    return parsed.success ? { ...parsed.data, k } : null;
  }

  async #take({ secret, node, address }: LoginAt, k: number): Promise<boolean> {
    const { files, random, processes } = this.#ports;
    const path = this.#layout.login(`${short(secret)}.try.${k}`);
    const place = { nonce: random.hex(8), node, address, refused: null, ...processes.self() };
    await files.makeDir(this.#layout.logins);
    const taken = await this.#writer.takeUnsynced(path, place);
    if (taken) this.#mine.set(idOf({ secret, address }), { path, place });
    return taken;
  }

  async #isMine({ path, place }: Mine): Promise<boolean> {
    const now = placeSchema.safeParse(parse((await this.#ports.files.read(path)) ?? ""));
    return now.success && now.data.nonce === place.nonce;
  }

  /** Its place stays, marked; a login that was let through as proven takes one now. */
  async #refused(login: LoginAt, mine: Mine | undefined): Promise<void> {
    const { files, random, processes } = this.#ports;
    const { secret, node, address } = login;
    const refused = await login.version();
    await files.makeDir(this.#layout.logins);
    const place = { nonce: random.hex(8), node, address, refused, ...processes.self() };
    // The place comes first: whoever looks meanwhile finds the BMC's name in it.
    if (mine !== undefined && (await this.#isMine(mine)))
      await this.#writer.replace(mine.path, place);
    else
      for (let k = 0; ; k += 1)
        if (await this.#writer.take(this.#layout.login(`${short(secret)}.try.${k}`), place)) break;
    const mark = `${short(secret)}.at.${short(address)}.${refused}`;
    await this.#writer.replace(this.#layout.login(mark), { node, address });
  }

  /** A secret that a BMC takes is a good one: what others said of it is their own affair. */
  async #free(secret: string, version: string | null): Promise<void> {
    for (const name of await this.#namesOf(secret)) {
      if (!isPlace(name)) continue;
      const place = await this.#read(name);
      if (place !== null && place.refused !== null && place.refused === version)
        await this.#ports.files.remove(this.#layout.login(name));
    }
  }

  /** Asked only where something was refused: it costs. */
  async #versionIfAny({ secret, version }: LoginAt): Promise<string | null> {
    const names = await this.#namesOf(secret);
    return names.length === 0 ? null : version();
  }
}

function isPlace(name: string): boolean {
  return name.includes(".try.");
}

/** A name of a file that tells what it is a name of to whoever knows it. */
function short(text: string): string {
  return hash("sha256", text).slice(0, 16);
}

function idOf({ secret, address }: Pick<LoginAt, "secret" | "address">): string {
  return `${secret} ${address}`;
}

/** However an address is written. */
function originOf(address: string): string {
  return URL.canParse(address) ? new URL(address).origin : address;
}

function keyIn(text: string | null): string | null {
  const parsed = keySchema.safeParse(text === null ? null : parse(text));
  return parsed.success ? parsed.data.key : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
