import { type Failure, fail, failure, ok, type Result } from "../../../schemas/failure.ts";
import { STORE_FORMAT } from "../../../schemas/store-format.ts";
import { type StoreFile, storeFileSchema } from "../../../schemas/store.ts";
import { entriesIn, Layout } from "./layout.ts";
import { readJson, storeFailure, Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";
import { movedAway } from "./moved-away.ts";
import { Witness } from "./witness.ts";

/** What a new store is made from. */
export interface NewStore {
  readonly id: string;
  readonly fleet: string;
  readonly ttlSeconds: number;
  /** What the nodes declared now are. */
  readonly nodes: "existing" | "new";
  readonly names: readonly string[];
  /** What tells the machines of these nodes (`keysOf`): a name may be changed before the first record is written. */
  readonly machines: readonly string[];
  readonly tree: string;
  /** True where its settings demand signatures. */
  readonly verify?: boolean;
  readonly commit: string | null;
  readonly by: string;
  /** Request ids in git: they count as used. Null when the history was too short to tell. */
  readonly spentRequests: readonly string[] | null;
}

/** Makes a store in a directory that holds none, and its first register entry. */
export async function initStore(
  dir: string,
  store: NewStore,
  ports: StorePorts,
): Promise<Result<StoreFile>> {
  try {
    const layout = new Layout(dir);
    const place = ports.files.place(dir);
    if ((await ports.files.read(layout.storeFile)) !== null)
      return fail(
        failure("stalled", "IW-S02", `${place} holds a store already; nothing was changed`),
      );
    const left = entriesIn(await ports.files.list(layout.register)).at(-1) ?? 0;
    if (left > 1) return fail(failure("stalled", "IW-S07", remains(place)));
    return ok(await make(layout, store, ports, 1));
  } catch (error) {
    if (error instanceof StoreTaken) return fail(failure("stalled", "IW-S02", error.message));
    return fail(storeFailure(dir, error));
  }
}

function remains(place: string): string {
  return `${place} holds what is left of a store, without its store.json; put that back, or when it is lost: ironwright init --replace-store`;
}

/** After a loss: a new, empty store under an epoch of its own; every declared node is existing. */
export async function replaceStore(
  dir: string,
  store: NewStore,
  ports: StorePorts,
): Promise<Result<StoreFile>> {
  try {
    const layout = new Layout(dir);
    const old = await readJson(ports.files, layout.storeFile, storeFileSchema).catch(() => null);
    // First what makes it a store: cut off here, nobody may act on less than it knew.
    await ports.files.remove(layout.storeFile);
    for (const gone of [
      layout.nodes,
      layout.journals,
      layout.register,
      layout.instances,
      layout.allHolds,
      layout.budgets,
      layout.daemonReadings,
      layout.marks,
    ])
      await ports.files.removeAll(gone);
    for (const gone of [layout.readings, layout.acknowledged]) await ports.files.remove(gone);
    return ok(await make(layout, { ...store, nodes: "existing" }, ports, (old?.epoch ?? 1) + 1));
  } catch (error) {
    return fail(storeFailure(dir, error));
  }
}

/** Which store a person speaks of: another one's directory is left alone. */
export interface Meant {
  readonly store: string | undefined;
  /** For `--restored`: the request ids in git; null when nobody can tell. */
  readonly spentRequests?: readonly string[] | null | undefined;
  /** For `--restored`: what git declares now. */
  readonly names?: readonly string[] | undefined;
  readonly machines?: readonly string[] | undefined;
  readonly witnessDir?: string | undefined;
}

/** A person says that the directory was moved and that the old one is gone. */
export async function declareMoved(
  dir: string,
  meant: Meant,
  ports: StorePorts,
): Promise<Result<StoreFile>> {
  const found = await meantStore(dir, meant, ports);
  if (!found.ok) return found;
  return rewrite(dir, ports, (file, place) => ({ ...file, ...place }));
}

/**
 * A person says that the directory came from a backup: fences of the old epoch mean nothing, and what
 * was done since is unknown. Records are dropped, so every node is existing and unobserved.
 */
export async function declareRestored(
  dir: string,
  meant: Meant,
  ports: StorePorts,
): Promise<Result<StoreFile>> {
  const layout = new Layout(dir);
  const found = await meantStore(dir, meant, ports);
  if (!found.ok) return found;
  // Above what was seen: a backup of before the last restoring would be called old for ever.
  const seen = await new Witness(ports, layout, witnessPath(found.value.id, meant)).highest();
  const epoch = Math.max(found.value.epoch, seen?.epoch ?? 0) + 1;
  try {
    // Before the file says restored: cut off here, the copy is still refused.
    for (const gone of [
      layout.nodes,
      layout.journals,
      layout.instances,
      layout.budgets,
      layout.daemonReadings,
      layout.marks,
    ])
      await ports.files.removeAll(gone);
    await ports.files.remove(layout.readings);
    await ports.files.makeDir(layout.machines);
    const writer = new Writer(ports, layout, "init");
    await writer.replace(layout.machinesOf("restored"), [...(meant.machines ?? [])]);
  } catch (error) {
    return fail(storeFailure(dir, error));
  }
  return rewrite(dir, ports, (file, place) => ({
    ...file,
    ...place,
    epoch,
    nodes: "existing",
    existing: [...(meant.names ?? [])],
    spentRequests: spentNow(meant),
  }));
}

/** Records are gone, and with them what ran: all that git ever asked for counts as used. */
function spentNow({ spentRequests }: Meant): string[] | null {
  return spentRequests === undefined || spentRequests === null ? null : [...spentRequests];
}

function witnessPath(id: string, { witnessDir }: Meant): string | null {
  return witnessDir === undefined ? null : `${witnessDir}/${id}`;
}

async function meantStore(
  dir: string,
  { store }: Meant,
  { files }: StorePorts,
): Promise<Result<StoreFile>> {
  try {
    const place = files.place(dir);
    const file = await readJson(files, new Layout(dir).storeFile, storeFileSchema);
    if (file === null)
      return fail(failure("stalled", "IW-S02", `there is no store in ${place}; check --state`));
    if (file.movedTo !== undefined) return fail(movedAway(place, file.movedTo));
    if (file.id === store) return ok(file);
    const named = store === undefined ? "no store" : `the store ${store}`;
    const message = `the settings name ${named}, and ${place} holds ${file.id}; nothing was changed`;
    return fail(failure("stalled", "IW-S03", message));
  } catch (error) {
    return fail(storeFailure(dir, error));
  }
}

async function rewrite(
  dir: string,
  ports: StorePorts,
  change: (file: StoreFile, place: { dev: string; ino: string }) => StoreFile,
): Promise<Result<StoreFile>> {
  const layout = new Layout(dir);
  try {
    const file = await readJson(ports.files, layout.storeFile, storeFileSchema);
    const place = await ports.files.identity(dir);
    if (file === null || place === null)
      return fail(failure("stalled", "IW-S02", `there is no store in ${dir}; check --state`));
    const changed = change(file, place);
    await new Writer(ports, layout, "init").replace(layout.storeFile, changed);
    return ok(changed);
  } catch (error) {
    return fail(storeFailure(dir, error));
  }
}

async function make(
  layout: Layout,
  store: NewStore,
  ports: StorePorts,
  epoch: number,
): Promise<StoreFile> {
  const { files, clock } = ports;
  for (const dir of [
    layout.dir,
    layout.register,
    layout.instances,
    layout.nodes,
    layout.journals,
    layout.allHolds,
    layout.machines,
    layout.temporary,
  ])
    await files.makeDir(dir);
  const writer = new Writer(ports, layout, "init");
  const unfit = await probe(layout, ports);
  if (unfit !== null) throw new Error(unfit.message);
  const place = await files.identity(layout.dir);
  const file: StoreFile = {
    id: store.id,
    epoch,
    format: STORE_FORMAT,
    backend: files.backend,
    ttlMs: store.ttlSeconds * 1000,
    fleet: store.fleet,
    dev: place?.dev ?? "",
    ino: place?.ino ?? "",
    createdAt: clock.now(),
    nodes: store.nodes,
    existing: [],
    spentRequests: store.spentRequests === null ? null : [...store.spentRequests],
  };
  const ignore = `${layout.dir}/.gitignore`;
  if (!(await files.exists(ignore))) await files.create(ignore, "*\n");
  // Replaced, not taken: an init that was cut off may have left an entry of an older inventory.
  await writer.replace(layout.entry(1), {
    seq: 1,
    commit: store.commit,
    subject: null,
    tree: store.tree,
    ...(store.verify === true ? { verify: true } : {}),
    by: store.by,
    at: clock.now(),
    why: "init",
    names: [...store.names],
    requests: {},
  });
  await writer.replace(layout.machinesOf("init"), store.nodes === "new" ? [] : [...store.machines]);
  // Last, and by link: of two that make a store at once one has made none.
  if (!(await writer.take(layout.storeFile, file)))
    throw new StoreTaken(
      `somebody made a store in ${files.place(layout.dir)} at this moment; nothing was changed`,
    );
  return file;
}

class StoreTaken extends Error {}

/** link() must fail on a name that is taken, and a directory must sync: leases rest on both. */
async function probe(layout: Layout, { files, random }: StorePorts): Promise<Failure | null> {
  const from = `${layout.temporary}/probe.${random.hex(4)}`;
  const to = `${from}.taken`;
  await files.create(from, "probe\n");
  const first = await files.link(from, to);
  const second = await files.link(from, to);
  await files.syncDir(layout.temporary);
  await files.remove(from);
  await files.remove(to);
  if (first && !second) return null;
  return failure(
    "stalled",
    "IW-S08",
    `the file system of ${layout.dir} has no safe link(); keep the state on a local disk or NFSv4`,
  );
}
