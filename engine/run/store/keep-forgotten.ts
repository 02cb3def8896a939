import { isActId } from "../../../schemas/person-act.ts";
import {
  type ForgottenUses,
  forgottenUsesSchema,
  type NodeRecord,
} from "../../../schemas/record.ts";
import type { AppliedImages } from "./applied-images.ts";
import type { Layout } from "./layout.ts";
import { keysSchema } from "./existing.ts";
import { readJson, type Writer } from "./store-files.ts";
import type { FilesPort } from "./store-ports.ts";

/** Where what outlives a node's record is written. */
export interface KeepSite {
  readonly layout: Layout;
  readonly files: FilesPort;
  readonly writer: Writer;
  readonly images: AppliedImages;
}

/**
 * What the store knows of a node that is forgotten, by all that names it or its machine: which requests ran, which image
 * it had, and that its machine is no new one.
 */
export async function keepForgotten(
  site: KeepSite,
  record: NodeRecord,
  keys: readonly string[],
  at: { readonly uuid: string; readonly now: number },
): Promise<void> {
  await keepUses(site, record, [at.uuid, ...keys]);
  await site.images.keep(record.instance, record.name, at.now);
  await keepMachine(site, at.uuid, keys);
}

/** Machines that this node ever was: joined to what was kept of it before. */
async function keepMachine(
  { files, layout, writer }: KeepSite,
  uuid: string,
  keys: readonly string[],
): Promise<void> {
  const path = layout.machinesOf(uuid);
  await files.makeDir(layout.machines);
  const before = (await readJson(files, path, keysSchema)) ?? [];
  await writer.replace(path, [...new Set([...before, ...keys])]);
}

/** Each request runs once, for ever: what ran outlives its record, and is joined to what was kept before. */
async function keepUses(
  { files, layout, writer }: KeepSite,
  { uuid, usedRequests }: NodeRecord,
  keys: readonly string[],
): Promise<void> {
  // Nobody can ask for an act of a person again.
  const asked = Object.entries(usedRequests).filter(([id]) => !isActId(id));
  if (asked.length === 0) return;
  const path = layout.usedOn(uuid);
  const before = await readJson(files, path, forgottenUsesSchema);
  await files.makeDir(layout.used);
  const uses: ForgottenUses = {
    keys: [...new Set([...(before?.keys ?? []), ...keys])],
    requests: { ...before?.requests, ...Object.fromEntries(asked) },
  };
  await writer.replace(path, uses);
}
