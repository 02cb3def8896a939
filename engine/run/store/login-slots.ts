import { hash } from "node:crypto";
import { z } from "zod";
import type { LoginAnswer, LoginAt, LoginLimits, LoginSlots } from "../ports.ts";
import type { Layout } from "./layout.ts";
import { CorruptFile, jsonOrNull, Writer } from "./store-files.ts";
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

/** What came of a login, until the store knows it. */
interface Left {
  readonly login: LoginAt;
  readonly verdict: "accepted" | "refused" | "other";
  readonly mine: Mine | undefined;
}

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
  /** What the store could not be told so far: it is told before anything else is asked. */
  readonly #left = new Map<string, Left>();
  #telling: Promise<void> = Promise.resolve();
  /** When a try was seen first, on this engine's clock. */
  readonly #since = new Map<string, number>();

  constructor(ports: StorePorts, layout: Layout) {
    this.#ports = ports;
    this.#layout = layout;
    this.#writer = new Writer(ports, layout, "logins");
  }

  async key(): Promise<string> {
    const { files, random } = this.#ports;
    const path = this.#layout.loginKey;
    const known = await files.read(path);
    if (known !== null) return keyIn(path, known);
    await files.makeDir(this.#layout.sealed);
    await this.#writer.take(path, { key: random.hex(32) });
    return keyIn(path, (await files.read(path)) ?? "");
  }

  async begin(login: LoginAt, limits: LoginLimits, isProven: boolean): Promise<LoginAnswer> {
    if (this.#left.size > 0) await this.#tell();
    for (let look = 0; look < LOOKS; look += 1) {
      const seen = await this.#look(login, limits);
      if (seen.kind === "refused") return seen;
      if (isProven) return { kind: "go" };
      if (seen.kind === "full") return { kind: "wait" };
      const mine = seen.kind === "free" ? await this.#take(login, seen.free) : null;
      if (mine === null) continue;
      // Where places were given back meanwhile two engines may have taken two, each as the last: who comes second sees both.
      const now = await this.#look(login, limits, mine);
      if (now.kind === "free") return { kind: "go" };
      await this.end(login, "other");
    }
    return { kind: "wait" };
  }

  end(login: LoginAt, verdict: Left["verdict"]): Promise<void> {
    const id = idOf(login);
    const mine = this.#mine.get(id);
    if (mine === undefined && verdict !== "refused") return Promise.resolve();
    this.#left.set(id, { login, verdict, mine });
    return this.#tell();
  }

  /** One after the other: nothing is told twice. */
  #tell(): Promise<void> {
    const told = this.#telling.then(() => this.#tellAll());
    this.#telling = told.catch(() => undefined);
    return told;
  }

  async #tellAll(): Promise<void> {
    for (const [id, left] of this.#left) {
      await this.#ended(left);
      if (this.#left.get(id) === left) this.#left.delete(id);
      if (this.#mine.get(id) === left.mine) this.#mine.delete(id);
    }
  }

  async #ended({ login, verdict, mine }: Left): Promise<void> {
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
        ? await this.#isForgiven(name)
        : bmc !== null && (await this.#isMarkOf(name, bmc));
      if (!isOver) continue;
      await files.remove(this.#layout.login(name));
      freed += 1;
    }
    return freed;
  }

  /** A try of a process that is not seen to live is in nobody's way any more: a person says so. */
  async #isForgiven(name: string): Promise<boolean> {
    const place = await this.#read(name);
    if (place === null || place.refused !== null) return true;
    return (await this.#ports.processes.fate(place)) !== "alive";
  }

  /** Also where another node of that BMC was the one that was refused. */
  async #isMarkOf(
    name: string,
    { node, address }: { readonly node: string; readonly address: string },
  ): Promise<boolean> {
    const text = await this.#ports.files.read(this.#layout.login(name));
    const mark = markSchema.safeParse(jsonOrNull(text ?? ""));
    if (!mark.success) return true;
    return mark.data.node === node || originOf(mark.data.address) === originOf(address);
  }

  async #namesOf(secret: string): Promise<readonly string[]> {
    const names = await this.#ports.files.list(this.#layout.logins);
    return names.filter((name) => name.startsWith(`${short(secret)}.`));
  }

  /** Whether the BMC, or too many others, refused it; else the lowest place that is free, where one more may be tried. */
  async #look(
    login: LoginAt,
    { most, tryMaxMs }: LoginLimits,
    mine: Mine | null = null,
  ): Promise<Seen> {
    const names = await this.#namesOf(login.secret);
    const here = `${short(login.secret)}.at.${short(login.address)}.`;
    const isMarked = names.some((name) => name.startsWith(here));
    if (isMarked && names.includes(`${here}${await login.version()}`))
      return { kind: "refused", here: true, by: [login.node] };
    const all = await this.#places(names.filter(isPlace), tryMaxMs);
    if (all === null) return { kind: "moved" };
    const places = all.filter(({ nonce }) => nonce !== mine?.place.nonce);
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
    if (fate === "gone") return true;
    // Also of one that lives: no try lasts longer, so it could not tell the store what came of it.
    const now = clock.monotonic();
    const since = this.#since.get(place.nonce) ?? now;
    this.#since.set(place.nonce, since);
    return now - since > tryMaxMs;
  }

  async #read(name: string): Promise<Place | null> {
    const text = await this.#ports.files.read(this.#layout.login(name));
    if (text === null) return null;
    const k = Number(name.slice(name.lastIndexOf(".") + 1));
    const parsed = placeSchema.safeParse(jsonOrNull(text));
    // Torn by a power cut: whoever took it ended in that.
    return parsed.success ? { ...parsed.data, k } : null;
  }

  async #take({ secret, node, address }: LoginAt, k: number): Promise<Mine | null> {
    const { files, random, processes } = this.#ports;
    const path = this.#layout.login(`${short(secret)}.try.${k}`);
    const place = { nonce: random.hex(8), node, address, refused: null, ...processes.self() };
    await files.makeDir(this.#layout.logins);
    if (!(await this.#writer.takeUnsynced(path, place))) return null;
    const mine = { path, place };
    this.#mine.set(idOf({ secret, address }), mine);
    return mine;
  }

  async #isMine({ path, place }: Mine): Promise<boolean> {
    const now = placeSchema.safeParse(jsonOrNull((await this.#ports.files.read(path)) ?? ""));
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

function keyIn(path: string, text: string): string {
  const parsed = keySchema.safeParse(jsonOrNull(text));
  const way =
    "remove it: another is made, and each secret that was refused is tried a few times more";
  if (!parsed.success) throw new CorruptFile(path, "it holds no key", way);
  return parsed.data.key;
}
