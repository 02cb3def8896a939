import { isDeepStrictEqual } from "node:util";
import { type Failure, fail, failure, ok, type Result } from "../../../schemas/failure.ts";
import { STORE_FORMAT } from "../../../schemas/store-format.ts";
import {
  type Incarnation,
  type StoreFile,
  storeFileSchema,
  writtenIn,
} from "../../../schemas/store.ts";
import type { Layout } from "./layout.ts";
import { readJson, type Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

interface Site {
  readonly layout: Layout;
  readonly files: StorePorts["files"];
  readonly writer: Writer;
  /** Every other engine that lives, or may. */
  readonly others: () => Promise<readonly Incarnation[]>;
  /** As long as a lease lives. */
  readonly wait: () => Promise<void>;
  /** Why this engine may write no more; null while it may. */
  readonly dead: () => Failure | null;
}

/** What a store was written in, and is from now on. */
export interface Raised {
  readonly from: number;
  readonly to: number;
}

/**
 * Lets engines write the newest format, once none lives that does not know it. First the store is closed to those, then they
 * are looked for again: at once, and when a lease has lived once more, for one of format 1 that had read the store before may
 * still be on its way to be seen (those of later formats look again themselves). Cut off in the middle, no older engine
 * begins, all go on as before, and the next call ends it.
 */
export async function raiseFormat(site: Site): Promise<Result<Raised>> {
  const { files, layout } = site;
  const file = await readJson(files, layout.storeFile, storeFileSchema);
  if (file === null)
    return fail(failure("stalled", "IW-S02", `there is no store in ${layout.dir}; check --state`));
  const from = writtenIn(file);
  if (from === STORE_FORMAT) return ok({ from, to: from });
  const before = older(await site.others());
  if (before.length > 0) return fail(tooOld(before, "nothing was changed"));
  const closed = await rewrite(site, file, { ...file, format: STORE_FORMAT, writes: from });
  if (!closed.ok) return closed;
  for (const look of ["at once", "when a lease has lived"]) {
    if (look !== "at once") await site.wait();
    const late = older(await site.others());
    if (late.length > 0) return fail(tooOld(late, "no other of its version can begin now"));
  }
  const raised = await rewrite(site, closed.value, { ...closed.value, writes: STORE_FORMAT });
  return raised.ok ? ok({ from, to: STORE_FORMAT }) : raised;
}

/** Only over what was read: meanwhile somebody may have moved the store, restored it or raised it. */
async function rewrite(
  { files, layout, writer, dead }: Site,
  was: StoreFile,
  is: StoreFile,
): Promise<Result<StoreFile>> {
  const now = await readJson(files, layout.storeFile, storeFileSchema);
  const died = dead();
  if (died !== null) return fail(died);
  if (!isDeepStrictEqual(now, was)) return fail(changedAtThisMoment(layout.dir));
  await writer.replace(layout.storeFile, is);
  return ok(is);
}

/** Of a store.json that is another than the one that was read. */
export function changedAtThisMoment(dir: string): Failure {
  return failure("conflict", "IW-S04", `the store in ${dir} was changed at this moment; try again`);
}

function older(engines: readonly Incarnation[]): readonly Incarnation[] {
  return engines.filter(({ format }) => format < STORE_FORMAT);
}

function tooOld(engines: readonly Incarnation[], so: string): Failure {
  const names = engines.map(({ name, host, pid }) => `${name} (pid ${pid} on ${host})`).join(", ");
  return failure(
    "conflict",
    "IW-S05",
    `engines of the version before are at work, and could not read what is written then: ${names}; ${so}. Stop or upgrade them, then: ironwright migrate store`,
  );
}
