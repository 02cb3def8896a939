import { isDeepStrictEqual } from "node:util";
import { type Failure, fail, failure, ok, type Result } from "../../../schemas/failure.ts";
import { MOVED_FORMAT, STORE_FORMAT } from "../../../schemas/store-format.ts";
import { type Incarnation, type StoreFile, storeFileSchema } from "../../../schemas/store.ts";
import { copyStore } from "./copy-store.ts";
import { seenEngines } from "./engines.ts";
import { Coroner, LivingIncarnation } from "./incarnation.ts";
import { Layout } from "./layout.ts";
import { movedAway } from "./moved-away.ts";
import type { Actor } from "./open-store.ts";
import { changedAtThisMoment } from "./raise-format.ts";
import { anyStoreFailure, readJson, Writer } from "./store-files.ts";
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
interface Mover extends Move {
  readonly layout: Layout;
  readonly me: LivingIncarnation;
  readonly writer: Writer;
  readonly coroner: Coroner;
}

/**
 * Moves a store to the other backend. While an engine lives it is refused. Then the old place is closed for ever: its epoch
 * is raised, so that the check of an engine that was overlooked refuses, and its format is one that none reads. Whoever had
 * begun meanwhile is looked for once more. All engines of it are declared dead, everything is copied and compared, and last
 * of all the new place gets its `store.json`. Cut off anywhere, one place at most grants anything, and the next call goes on.
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
    return fail(anyStoreFailure(dir, error));
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
  const writer = new Writer(from, layout, inc);
  const startedAt = from.clock.monotonic();
  const info: Incarnation = {
    inc,
    name: actor.name,
    role: actor.role,
    host: actor.host,
    ...from.processes.self(),
    counter: 0,
    startedAt: from.clock.now(),
    format: STORE_FORMAT,
  };
  await writer.take(layout.instance(inc), info);
  const me = new LivingIncarnation(info, { layout, ports: from, writer, ttlMs }, startedAt);
  me.start();
  const coroner = new Coroner(layout, from, writer, ttlMs);
  try {
    const refused = await takeName({ layout, ports: from, writer, coroner, me });
    if (refused !== null) return fail(refused);
    return await carryOver({ ...begin, me, writer, coroner }, old);
  } finally {
    await me.close();
  }
}

async function carryOver(mover: Mover, old: StoreFile): Promise<Result<Moved>> {
  const { dir, from, to, layout, me } = mover;
  const closed = old.movedTo === undefined ? await close(mover, old) : await stillAlone(mover, old);
  if (!closed.ok) return closed;
  const killed = await killAll(mover);
  const files = await copyStore({
    layout,
    from: from.files,
    to: to.files,
    // What this very engine wrote of itself.
    isLeft: (path) =>
      path.includes(me.info.inc) || path.startsWith(layout.name(me.info.name, 0).slice(0, -16)),
    goesOn: () => me.dead() === null,
    temporary: new Writer(to, layout, me.info.inc).temporary("moved"),
  });
  if (!files.ok) return files;
  const dead = me.dead();
  if (dead !== null || (await me.killed())) return fail(dead ?? changedAtThisMoment(dir));
  await open(mover, closed.value);
  const [was, is] = [from.files.place(dir), to.files.place(dir)];
  return ok({ id: old.id, from: was, to: is, files: files.value, killed });
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
  await writer.replace(layout.storeFile, closed);
  const late = await living(mover);
  if (late.length === 0) return ok(closed);
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

/** Last of all: now the new place is the store. */
async function open({ dir, to, layout, me }: Mover, closed: StoreFile): Promise<void> {
  const { movedTo, writes: _said, ...kept } = closed;
  const place = await to.files.identity(dir);
  const { format = STORE_FORMAT, writes } = movedTo ?? {};
  await new Writer(to, layout, me.info.inc).replace(layout.storeFile, {
    ...kept,
    backend: to.files.backend,
    format,
    ...(writes === undefined ? {} : { writes }),
    dev: place?.dev ?? "",
    ino: place?.ino ?? "",
  });
}

function noStore({ files }: StorePorts, dir: string): Failure {
  return failure("stalled", "IW-S02", `there is no store in ${files.place(dir)}; check --state`);
}
