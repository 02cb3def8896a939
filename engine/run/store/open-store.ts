import { z } from "zod";
import { type Failure, fail, failure, ok, type Result } from "../../../schemas/failure.ts";
import {
  type Incarnation,
  STORE_FORMAT,
  type StoreFile,
  storeFileSchema,
} from "../../../schemas/store.ts";
import type { ActingStore, StoreReader } from "../ports.ts";
import { FileActingStore } from "./acting-store.ts";
import { LivingIncarnation } from "./incarnation.ts";
import { Layout } from "./layout.ts";
import { FileStoreReader } from "./reader.ts";
import { readJson, storeFailure, Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

/** What the settings say of the store. */
export interface Expected {
  readonly store?: string | undefined;
  readonly ttlSeconds?: number | undefined;
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
    return ok(await begin(file.value, dir, actor, ports));
  } catch (error) {
    return fail(storeFailure(dir, error));
  }
}

async function begin(
  file: StoreFile,
  dir: string,
  actor: Actor,
  ports: StorePorts,
): Promise<ActingStore> {
  const layout = new Layout(dir);
  const { files, clock, random, processes } = ports;
  for (const one of [
    layout.instances,
    layout.nodes,
    layout.journals,
    layout.register,
    layout.allHolds,
    layout.temporary,
  ])
    await files.makeDir(one);
  const inc = `${actor.name.replaceAll(/[^A-Za-z0-9.-]/g, "-")}.${random.hex(16)}`;
  const writer = new Writer(ports, layout, inc);
  const startedAt = clock.monotonic();
  const info: Incarnation = {
    inc,
    name: actor.name,
    role: actor.role,
    host: actor.host,
    ...processes.self(),
    counter: 0,
    startedAt: clock.now(),
  };
  await writer.take(layout.instance(inc), info);
  const me = new LivingIncarnation(info, { layout, ports, writer, ttlMs: file.ttlMs }, startedAt);
  me.start();
  return new FileActingStore(file, layout, ports, { me, writer });
}

/** Reads and judges `store.json`. */
async function readStoreFile(
  dir: string,
  expected: Expected,
  { files }: StorePorts,
): Promise<Result<StoreFile>> {
  const layout = new Layout(dir);
  try {
    const newer = await newerFormat(files, layout);
    if (newer !== null) return fail(newer);
    const file = await readJson(files, layout.storeFile, storeFileSchema);
    if (file === null) return fail(noStore(dir, expected));
    const why = judge(file, dir, expected) ?? judgePlace(file, dir, await files.identity(dir));
    return why === null ? ok(file) : fail(why);
  } catch (error) {
    return fail(storeFailure(dir, error));
  }
}

/** Judged before anything else of the file: a newer one may have another shape. */
async function newerFormat(
  files: StorePorts["files"],
  { storeFile, dir }: Layout,
): Promise<Failure | null> {
  const head = await readJson(files, storeFile, z.looseObject({ format: z.number() }));
  if (head === null || head.format <= STORE_FORMAT) return null;
  return failure(
    "stalled",
    "IW-S05",
    `the store in ${dir} has format ${head.format}, this engine reads ${STORE_FORMAT}; use a newer ironwright`,
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
