import { z } from "zod";
import { type Failure, fail, failure, ok, type Result } from "../../../schemas/failure.ts";
import { OLDEST_FORMAT, STORE_FORMAT } from "../../../schemas/store-format.ts";
import {
  type Incarnation,
  movedToSchema,
  type StoreFile,
  storeFileSchema,
} from "../../../schemas/store.ts";
import type { ActingStore, StoreReader } from "../ports.ts";
import { FileActingStore } from "./acting-store.ts";
import { isMember, seenEngines } from "./engines.ts";
import { beginLife } from "./begin-life.ts";
import { entriesIn, Layout } from "./layout.ts";
import { movedAway } from "./moved-away.ts";
import { FileStoreReader } from "./reader.ts";
import { changedAtThisMoment } from "./raise-format.ts";
import { readJson, storeFailure } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";
import { takeName } from "./take-name.ts";
import { Witness } from "./witness.ts";

/** What the settings say of the store. */
export interface Expected {
  readonly store?: string | undefined;
  readonly ttlSeconds?: number | undefined;
  /** Where this host remembers what it saw of stores, outside of them; nowhere when left out. */
  readonly witnessDir?: string | undefined;
}

/** Who opens a store to act. */
export interface Actor {
  readonly name: string;
  readonly role: Incarnation["role"];
  readonly host: string;
}

/** Opens a store for reading; a store that is another, a copy or too new is refused with the way out. */
export async function openReader(
  dir: string,
  expected: Expected,
  ports: StorePorts,
): Promise<Result<StoreReader>> {
  const file = await readStoreFile(dir, expected, ports);
  return file.ok ? ok(new FileStoreReader(file.value, new Layout(dir), ports)) : file;
}

/** Opens a store to act: begins an incarnation that lives until it is closed or dies. */
export async function openActing(
  dir: string,
  expected: Expected,
  actor: Actor,
  ports: StorePorts,
): Promise<Result<ActingStore>> {
  const file = await readStoreFile(dir, expected, ports);
  if (!file.ok) return file;
  try {
    return await begin(
      file.value,
      dir,
      { actor, witness: witnessOf(file.value, new Layout(dir), expected, ports) },
      ports,
    );
  } catch (error) {
    return fail(storeFailure(dir, error));
  }
}

async function begin(
  file: StoreFile,
  dir: string,
  { actor, witness }: { readonly actor: Actor; readonly witness: Witness },
  whole: StorePorts,
): Promise<Result<ActingStore>> {
  const layout = new Layout(dir);
  const { random } = whole;
  const inc = `${actor.name.replaceAll(/[^A-Za-z0-9.-]/g, "-")}.${random.hex(16)}`;
  const files = whole.files.guardedBy(layout.dead(inc));
  const ports = { ...whole, files };
  for (const one of [
    layout.instances,
    layout.nodes,
    layout.journals,
    layout.register,
    layout.allHolds,
    layout.temporary,
    layout.names,
  ])
    await files.makeDir(one);
  const isNew = (await joins(actor, layout, ports)) ? { joins: true } : {};
  const life = await beginLife({ ...actor, inc, ...isNew }, { layout, ports, ttlMs: file.ttlMs });
  const { me } = life;
  try {
    const refused =
      (await movedMeanwhile(file, layout, files)) ??
      (actor.role === "watch" ? await takeName({ layout, ports, ...life }) : null);
    if (refused === null) {
      const living = { ...life, witness };
      const store = new FileActingStore(file, layout, ports, living);
      await witness.saw({
        epoch: file.epoch,
        seq: (await store.inForce())?.seq ?? 0,
        revision: await files.revision(),
      });
      return ok(store);
    }
    await me.close();
    return fail(refused);
  } catch (error) {
    // Nobody would see it end.
    await me.close().catch(() => undefined);
    throw error;
  }
}

/**
 * A daemon that comes while others are at work. One that lives again before anybody could know that it was gone comes back to
 * nodes that nobody has taken over.
 */
async function joins({ name, role }: Actor, layout: Layout, ports: StorePorts): Promise<boolean> {
  if (role !== "watch") return false;
  const daemons = (await seenEngines(ports, layout)).filter(isMember);
  const isBack = daemons.some((other) => other.name === name);
  return !isBack && daemons.length > 0;
}

/**
 * What was read before this engine could be seen may be another by now: whoever raises the format looks for engines after
 * writing it, so that one of the two sees the other.
 */
async function movedMeanwhile(
  file: StoreFile,
  { storeFile, dir }: Layout,
  files: StorePorts["files"],
): Promise<Failure | null> {
  const now = await readJson(files, storeFile, storeFileSchema);
  const wordsOf = ({ id, epoch, format, writes }: StoreFile): string =>
    [id, epoch, format, writes].join(" ");
  if (now !== null && wordsOf(now) === wordsOf(file)) return null;
  return changedAtThisMoment(files.place(dir));
}

function witnessOf(
  { id }: Pick<StoreFile, "id">,
  layout: Layout,
  { witnessDir }: Expected,
  ports: StorePorts,
): Witness {
  return new Witness(ports, layout, witnessDir === undefined ? null : `${witnessDir}/${id}`);
}

/** Reads and judges `store.json`. */
async function readStoreFile(
  dir: string,
  expected: Expected,
  ports: StorePorts,
): Promise<Result<StoreFile>> {
  const { files } = ports;
  const layout = new Layout(dir);
  const place = files.place(dir);
  try {
    const strange = await strangeFormat(files, layout);
    if (strange !== null) return fail(strange);
    const file = await readJson(files, layout.storeFile, storeFileSchema);
    if (file === null) return fail(noStore(place, expected));
    const why =
      judge(file, place, expected) ??
      judgePlace(file, place, await files.identity(dir)) ??
      (await judgeAge(file, layout, expected, ports));
    return why === null ? ok(file) : fail(why);
  } catch (error) {
    return fail(storeFailure(dir, error));
  }
}

/** Judged before anything else of the file: another one may have another shape. */
async function strangeFormat(
  files: StorePorts["files"],
  { storeFile, dir }: Layout,
): Promise<Failure | null> {
  const head = await readJson(
    files,
    storeFile,
    z.looseObject({ format: z.number(), movedTo: movedToSchema.optional() }),
  );
  if (head?.movedTo !== undefined) return movedAway(files.place(dir), head.movedTo);
  if (head === null || (head.format >= OLDEST_FORMAT && head.format <= STORE_FORMAT)) return null;
  const way =
    head.format > STORE_FORMAT
      ? "use a newer ironwright"
      : "raise it with the version in between first: ironwright migrate store";
  return failure(
    "stalled",
    "IW-S05",
    `the store in ${files.place(dir)} has format ${head.format}, this engine reads ${OLDEST_FORMAT} and ${STORE_FORMAT}; ${way}`,
  );
}

function noStore(dir: string, { store }: Expected): Failure {
  const way =
    store === undefined
      ? "run: ironwright init"
      : `the settings name the store ${store}; use --state DIR to say where it is, or when it is lost: ironwright init --replace-store`;
  return failure("stalled", "IW-S02", `there is no store in ${dir}; ${way}`);
}

function judge(file: StoreFile, dir: string, { store, ttlSeconds }: Expected): Failure | null {
  if (store === undefined)
    return failure(
      "stalled",
      "IW-S03",
      `the settings name no store, and ${dir} holds ${file.id}; add to ironwright.yaml and commit: store: ${file.id}`,
    );
  if (file.id !== store)
    return failure(
      "stalled",
      "IW-S03",
      `the settings name the store ${store}, and ${dir} holds ${file.id}; use --state DIR to say where the right one is`,
    );
  if (ttlSeconds !== undefined && ttlSeconds * 1000 !== file.ttlMs)
    return failure(
      "stalled",
      "IW-S03",
      `lease.ttlSeconds is ${ttlSeconds} in the settings and ${file.ttlMs / 1000} in the store; two engines with two would not see each other's leases. Set it back`,
    );
  return null;
}

/** The same directory as at `init`: a copy would grant leases of its own. */
function judgePlace(
  file: StoreFile,
  dir: string,
  place: { readonly dev: string; readonly ino: string } | null,
): Failure | null {
  if (place === null || place.ino === file.ino) return null;
  return failure(
    "stalled",
    "IW-S04",
    `${dir} is a copy of a store, or was restored: moved, and the old one is gone: ironwright init --moved; from a backup: ironwright init --restored`,
  );
}

/** Yesterday's state in the same place: what was done since would be done again, or undone. */
async function judgeAge(
  file: StoreFile,
  layout: Layout,
  expected: Expected,
  ports: StorePorts,
): Promise<Failure | null> {
  // Before the register: what was put in force in between is no sign of age.
  const witness = witnessOf(file, layout, expected, ports);
  const seen = await witness.highest();
  const seq = entriesIn(await ports.files.list(layout.register)).at(-1) ?? 0;
  if (seen === null || seen.epoch < file.epoch) return null;
  const place = ports.files.place(layout.dir);
  if (seen.epoch === file.epoch && seen.seq <= seq) {
    const revision = await ports.files.revision();
    if (isBehind(revision, seen.revision)) return setBack(place, revision, seen.revision);
    return revision !== null && (await witness.missesMark(file.epoch)) ? lacksMark(place) : null;
  }
  return failure(
    "stalled",
    "IW-S04",
    `the store in ${place} is older than this host saw it (entry ${seq} of epoch ${file.epoch} is in force there, entry ${seen.seq} of epoch ${seen.epoch} was): it came from a backup: ironwright init --restored`,
  );
}

function lacksMark(place: string): Failure {
  return failure(
    "stalled",
    "IW-S04",
    `${place} lacks what this host left there when it used the store last: it was restored from a snapshot; with the engines stopped: ironwright init --restored`,
  );
}

function isBehind(now: number | null, seen: number | null): boolean {
  return now !== null && seen !== null && now < seen;
}

function setBack(place: string, now: number | null, seen: number | null): Failure {
  return failure(
    "stalled",
    "IW-S04",
    `${place} is at revision ${now}, and this host saw it at ${seen}: it was restored from a snapshot; with the engines stopped: ironwright init --restored`,
  );
}
