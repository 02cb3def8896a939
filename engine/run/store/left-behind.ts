import { incarnationSchema } from "../../../schemas/store.ts";
import { readJournal } from "./journal.ts";
import { fencesIn, journalsIn, type Layout } from "./layout.ts";
import { readClaim } from "./records.ts";
import { readJson } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

type Site = Pick<StorePorts, "files" | "processes">;

/** The journal of an engine that is gone, and the nodes of which only it knows what was begun. */
export interface DeadJournal {
  readonly inc: string;
  readonly needed: ReadonlySet<string>;
}

/** Journals of engines that are known to be gone. */
export async function deadJournals(site: Site, layout: Layout): Promise<readonly DeadJournal[]> {
  const { files } = site;
  const found: DeadJournal[] = [];
  for (const inc of journalsIn(await files.list(layout.journals))) {
    if (!(await isGone(site, layout, inc))) continue;
    const fences = new Map<string, Set<number>>();
    for (const { node, fence } of await readJournal(files, layout.journal(inc)))
      fences.set(node, (fences.get(node) ?? new Set()).add(fence));
    const needed = new Set<string>();
    for (const [uuid, its] of fences)
      if (!(await isFolded(site, layout, uuid, Math.max(...its)))) needed.add(uuid);
    found.push({ inc, needed });
  }
  return found;
}

async function isGone({ files, processes }: Site, layout: Layout, inc: string): Promise<boolean> {
  const holder = await readJson(files, layout.instance(inc), incarnationSchema);
  if (holder === null || (await files.exists(layout.dead(inc)))) return true;
  return (await processes.fate(holder)) === "gone";
}

/**
 * True when the newest record says all that was written under this fence, and for ever: it has a higher one, or the
 * claim was given back, or tidied away by who copied what it said. Who holds the node now proves nothing: it may have
 * died before it copied the record.
 */
export async function isFolded(
  { files }: Pick<Site, "files">,
  layout: Layout,
  uuid: string,
  fence: number,
): Promise<boolean> {
  const newest = fencesIn(await files.list(layout.node(uuid)), "record").at(-1);
  if (newest !== undefined && newest > fence) return true;
  const claim = await readClaim(files, layout, uuid, fence);
  return claim === null || claim.released;
}
