import { isDeepStrictEqual } from "node:util";
import { type Failure, fail, failure, ok, type Result } from "../../../schemas/failure.ts";
import { MOVED_FORMAT, STORE_FORMAT } from "../../../schemas/store-format.ts";
import { type Incarnation, type StoreFile, storeFileSchema } from "../../../schemas/store.ts";
import { beginLife, type Life } from "./begin-life.ts";
import { carryDeaths, copyStore } from "./copy-store.ts";
import { seenEngines } from "./engines.ts";
import { Layout } from "./layout.ts";
import { movedAway } from "./moved-away.ts";
import type { Actor } from "./open-store.ts";
import { changedAtThisMoment } from "./raise-format.ts";
import { anyStoreFailure, EngineKilled, readJson, Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";
import { takeName } from "./take-name.ts";

/** A store and the backend that it is to be kept by from now on. */
export interface Move {
  readonly dir: string;
  readonly from: StorePorts;
  readonly to: StorePorts;
  readonly actor: Actor;
}

/** What a move did. */
export interface Moved {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly files: number;
  /** Engines that had not ended in order, and were declared dead. */
  readonly killed: readonly string[];
}

/** What moving needs while it lasts: in the old store it is an engine as any other. */
interface Mover extends Move, Life {
  readonly layout: Layout;
}

/**
 * Moves a store to the other backend. While an engine lives it is refused. Then the old place is closed for ever: its epoch
 * is raised, so that the check of an engine that was overlooked refuses, and its format is one that none reads. Whoever had
 * begun meanwhile is looked for once more. All engines of it are declared dead, everything is copied and compared, and last
 * of all the new place gets its `store.json`. Cut off anywhere, one place at most grants anything, and the next call goes on;
 * one that was only stopped, and wakes after that, asks before each write and ends (`copyAll`).
 */
export async function moveStore(move: Move): Promise<Result<Moved>> {
  const { dir, from, actor } = move;
  const layout = new Layout(dir);
  const inc = `${actor.name}.${from.random.hex(16)}`;
  try {
    const old = await readJson(from.files, layout.storeFile, storeFileSchema);
    const why = old === null ? noStore(from, dir) : await standsAgainst(move, layout, old);
    if (old === null || why !== null) return fail(why ?? noStore(from, dir));
    const ports = { ...from, files: from.files.guardedBy(layout.dead(inc)) };
    return await asEngine({ ...move, from: ports, layout, old, inc });
  } catch (error) {
    return fail(error instanceof EngineKilled ? outlived(move) : anyStoreFailure(dir, error));
  }
}

async function standsAgainst(
  { dir, from, to }: Move,
  { storeFile }: Layout,
  old: StoreFile,
): Promise<Failure | null> {
  const there = await readJson(to.files, storeFile, storeFileSchema);
  const place = to.files.place(dir);
  if (there !== null && there.id !== old.id)
    return failure(
      "stalled",
      "IW-S03",
      `${place} holds another store, ${there.id}; name another place for this one (etcd.prefix or --state)`,
    );
  if (there !== null && there.movedTo === undefined && old.movedTo !== undefined)
    return movedAway(from.files.place(dir), old.movedTo);
  if (there !== null && there.movedTo === undefined)
    return failure(
      "stalled",
      "IW-S04",
      `both ${from.files.place(dir)} and ${place} hold the store ${old.id}, and one of them is a copy; remove the copy first`,
    );
  if (old.movedTo === undefined && old.format !== STORE_FORMAT)
    return failure(
      "stalled",
      "IW-S05",
      `the store in ${from.files.place(dir)} is of format ${old.format}; raise it before it is moved: set lease.backend: ${old.backend}, then: ironwright migrate store`,
    );
  return null;
}

interface Beginning extends Move {
  readonly layout: Layout;
  readonly old: StoreFile;
  readonly inc: string;
}

/** Two moves at once see each other, as two daemons of one name do. */
async function asEngine(begin: Beginning): Promise<Result<Moved>> {
  const { layout, from, actor, old, inc } = begin;
  const { ttlMs } = old;
  for (const dir of [layout.instances, layout.names, layout.temporary])
    await from.files.makeDir(dir);
  const life = await beginLife({ ...actor, inc }, { layout, ports: from, ttlMs });
  const { me } = life;
  try {
    const refused = await takeName({ layout, ports: from, ...life });
    const to = { ...begin.to, files: begin.to.files.guardedBy(layout.dead(inc)) };
    const mover = { ...begin, to, ...life };
    const moved = refused === null ? await carryOver(mover, old) : fail<Moved>(refused);
    await me.close();
    return moved;
  } catch (error) {
    // What it sent last may be carried out yet: the next move must declare it dead.
    await me.leave();
    throw error;
  }
}

async function carryOver(mover: Mover, old: StoreFile): Promise<Result<Moved>> {
  const { dir, from, to } = mover;
  const closed = old.movedTo === undefined ? await close(mover, old) : await stillAlone(mover, old);
  if (!closed.ok) return closed;
  const killed = await killAll(mover);
  const files = await copyAll(mover, closed.value);
  if (!files.ok) return files;
  const [was, is] = [from.files.place(dir), to.files.place(dir)];
  return ok({ id: old.id, from: was, to: is, files: files.value, killed });
}

/**
 * Into a place that is no store: that is looked at again before each write, for another move may have declared this one dead,
 * ended, and let engines begin. In etcd nothing of it comes too late: each write compares that this move is not dead, and that
 * there is no `store.json`. Files have no such guard. There a move that is stopped between its look and its write, for longer
 * than a lease lives, makes that one write when it wakes, of at most as many as are carried at once: one file that is removed,
 * or that is as it was when the store was moved, or `store.json` as one of the two moves made it. It takes two hosts on one NFS directory, for on one host a process that is
 * stopped is seen to live; on a local disk nobody else can have gone on.
 */
async function copyAll(mover: Mover, closed: StoreFile): Promise<Result<number>> {
  const { from, to, layout, me } = mover;
  const copy = {
    layout,
    from: from.files,
    to: to.files,
    // What this very engine wrote of itself.
    isLeft: (path: string) =>
      path.includes(me.info.inc) || path.startsWith(layout.name(me.info.name, 0).slice(0, -16)),
    temporary: new Writer(to, layout, me.info.inc).temporary("moved"),
  };
  const before = await carryDeaths({ ...copy, stands: () => overtaken(mover) });
  if (before !== null) return fail(before);
  const there = await readJson(to.files, layout.storeFile, storeFileSchema);
  if (there !== null && there.movedTo === undefined) return fail(wentOn(mover));
  const isEtcd = to.files.backend === "etcd";
  // What a move away left would be in the guard's way; in a directory it stays until the new one takes its place.
  if (isEtcd && there !== null) await to.files.remove(layout.storeFile);
  const left = isEtcd ? null : there;
  const stands = (): Promise<Failure | null> => standsAgainstWrite(mover, left);
  const guarded = to.files.guardedBy(layout.storeFile);
  const copied = await copyStore({ ...copy, to: guarded, stands });
  if (!copied.ok) return copied;
  const why = (await stands()) ?? (await open(mover, closed, left));
  return why === null ? copied : fail(why);
}

/** Besides, the other place is as it was found: no store. */
async function standsAgainstWrite(mover: Mover, found: StoreFile | null): Promise<Failure | null> {
  const why = await overtaken(mover);
  if (why !== null) return why;
  const now = await readJson(mover.to.files, mover.layout.storeFile, storeFileSchema);
  return isDeepStrictEqual(now, found) ? null : wentOn(mover);
}

/** Null while this move may write: its lease lives, and nobody declared it dead. */
async function overtaken(mover: Mover): Promise<Failure | null> {
  const isKilled = await mover.me.killed();
  return isKilled || mover.me.dead() !== null ? outlived(mover) : null;
}

function outlived({ from, dir }: Move): Failure {
  return failure(
    "conflict",
    "IW-L02",
    `the lease of this move of ${from.files.place(dir)} ran out, or another move took it; go on: ironwright migrate store`,
  );
}

function wentOn({ to, dir }: Move): Failure {
  return failure(
    "conflict",
    "IW-L02",
    `another move ended while this one was stopped: ${to.files.place(dir)} holds the store, and this one wrote no more into it`,
  );
}

/** The old place grants nothing from here on; taken back where somebody turns out to be at work. */
async function close(mover: Mover, old: StoreFile): Promise<Result<StoreFile>> {
  const { dir, from, to, layout, writer, actor } = mover;
  const before = await living(mover);
  if (before.length > 0) return fail(atWork(before));
  const closed: StoreFile = {
    ...old,
    epoch: old.epoch + 1,
    format: MOVED_FORMAT,
    movedTo: {
      backend: to.files.backend,
      place: to.files.place(dir),
      at: from.clock.now(),
      by: actor.name,
      format: old.format,
      ...(old.writes === undefined ? {} : { writes: old.writes }),
    },
  };
  const now = await readJson(from.files, layout.storeFile, storeFileSchema);
  if (!isDeepStrictEqual(now, old)) return fail(changedAtThisMoment(from.files.place(dir)));
  const tooLate = await overtaken(mover);
  if (tooLate !== null) return fail(tooLate);
  await writer.replace(layout.storeFile, closed);
  const late = await living(mover);
  // One that is dead takes nothing back: another move may have gone on from what was closed here, and ended.
  const why = await overtaken(mover);
  if (why !== null) return fail(why);
  if (late.length === 0) return ok(closed);
  const still = await readJson(from.files, layout.storeFile, storeFileSchema);
  if (!isDeepStrictEqual(still, closed)) return fail(changedAtThisMoment(from.files.place(dir)));
  await writer.replace(layout.storeFile, old);
  return fail(atWork(late));
}

/** Of a move that was cut off: engines that were on their way then may have come. */
async function stillAlone(mover: Mover, closed: StoreFile): Promise<Result<StoreFile>> {
  const late = await living(mover);
  return late.length === 0 ? ok(closed) : fail(atWork(late));
}

async function living({ from, layout, coroner, me }: Mover): Promise<readonly Incarnation[]> {
  const seen = (await seenEngines(from, layout)).filter(({ inc }) => inc !== me.info.inc);
  const lives = await Promise.all(seen.map((one) => coroner.lives(one, me)));
  return seen.filter((_, index) => lives[index]);
}

function atWork(engines: readonly Incarnation[]): Failure {
  const names = engines.map(({ name, host, pid }) => `${name} (pid ${pid} on ${host})`).join(", ");
  return failure(
    "conflict",
    "IW-L01",
    `engines are at work on this store: ${names}; nothing was changed. Stop them, then: ironwright migrate store`,
  );
}

/** For ever, also those that nobody saw since they ended: none of them writes or sends again. */
async function killAll({ from, layout, coroner, me, writer }: Mover): Promise<readonly string[]> {
  const names = await from.files.list(layout.instances);
  const incs = names.filter((name) => !name.endsWith(".dead") && name !== me.info.inc);
  const killed: string[] = [];
  for (const inc of incs) {
    if (names.includes(`${inc}.dead`)) continue;
    await coroner.judge(inc, me.info.name);
    const death = { by: me.info.name, at: from.clock.now(), proven: false };
    await writer.take(layout.dead(inc), death);
    killed.push(inc);
  }
  return killed;
}

/** Last of all: now the new place is the store. By link where nothing was left there: of two moves one does it. */
async function open(
  mover: Mover,
  closed: StoreFile,
  left: StoreFile | null,
): Promise<Failure | null> {
  const { dir, to, layout, me } = mover;
  const { movedTo, writes: _said, ...kept } = closed;
  const place = await to.files.identity(dir);
  const { format = STORE_FORMAT, writes } = movedTo ?? {};
  const writer = new Writer(to, layout, me.info.inc);
  const opened: StoreFile = {
    ...kept,
    backend: to.files.backend,
    format,
    ...(writes === undefined ? {} : { writes }),
    dev: place?.dev ?? "",
    ino: place?.ino ?? "",
  };
  if (left === null) return (await writer.take(layout.storeFile, opened)) ? null : wentOn(mover);
  await writer.replace(layout.storeFile, opened);
  return null;
}

function noStore({ files }: StorePorts, dir: string): Failure {
  return failure("stalled", "IW-S02", `there is no store in ${files.place(dir)}; check --state`);
}
