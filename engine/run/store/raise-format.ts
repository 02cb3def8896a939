import { type Failure, fail, failure, ok, type Result } from "../../../schemas/failure.ts";
import { STORE_FORMAT } from "../../../schemas/store-format.ts";
import { type Incarnation, type StoreFile, storeFileSchema } from "../../../schemas/store.ts";
import { writtenIn } from "./formats.ts";
import type { Layout } from "./layout.ts";
import { readJson, type Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

interface Site {
  readonly layout: Layout;
  readonly files: StorePorts["files"];
  readonly writer: Writer;
  /** Every other engine that lives, or may. */
  readonly others: () => Promise<readonly Incarnation[]>;
}

/** What a store was written in, and is from now on. */
export interface Raised {
  readonly from: number;
  readonly to: number;
}

/**
 * Lets engines write the newest format, once none lives that does not know it. First the store is closed to those, then it
 * is looked for them again: one that began in between is seen here, or sees that the store was changed. Cut off in the
 * middle, no older engine begins, all go on as before, and the next call ends it.
 */
export async function raiseFormat({
  layout,
  files,
  writer,
  others,
}: Site): Promise<Result<Raised>> {
  const file = await readJson(files, layout.storeFile, storeFileSchema);
  if (file === null)
    return fail(failure("stalled", "IW-S02", `there is no store in ${layout.dir}; check --state`));
  const from = writtenIn(file);
  if (from === STORE_FORMAT) return ok({ from, to: from });
  const write = (changed: StoreFile): Promise<void> => writer.replace(layout.storeFile, changed);
  const before = older(await others());
  if (before.length > 0) return fail(tooOld(before, "nothing was changed"));
  await write({ ...file, format: STORE_FORMAT, writes: from });
  const after = older(await others());
  if (after.length > 0) return fail(tooOld(after, "no other of its version can begin now"));
  await write({ ...file, format: STORE_FORMAT, writes: STORE_FORMAT });
  return ok({ from, to: STORE_FORMAT });
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
