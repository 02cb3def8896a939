import { type Failure, fail, failure, ok, type Result } from "../../../schemas/failure.ts";
import { instantText } from "../../../schemas/instant.ts";
import { emptyRecord, type NodeRecord } from "../../../schemas/record.ts";
import type { Claim, JournalLine } from "../../../schemas/store.ts";
import type { Coroner, LivingIncarnation } from "./incarnation.ts";
import { foldLines } from "./fold-lines.ts";
import type { OthersJournals } from "./journal.ts";
import type { ClaimBlanks } from "./claim-blanks.ts";
import { fencesIn, type Layout } from "./layout.ts";
import { newestRecord, readClaim, recordDocument, type RecordFile } from "./records.ts";
import { NotSynced, type Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

/** What taking a claim needs. */
export interface ClaimSite {
  readonly layout: Layout;
  readonly ports: StorePorts;
  readonly writer: Writer;
  readonly coroner: Coroner;
  readonly me: LivingIncarnation;
  readonly journals: OthersJournals;
  readonly blanks: ClaimBlanks;
  /** The format that the store is written in. */
  readonly format: number;
  /** True while a flow of this engine has the node. */
  readonly isHeld: (uuid: string) => boolean;
}

/** How a claim is taken. */
export interface TakeOptions {
  readonly initial?: NodeRecord | undefined;
  /** Take it from a living holder, for this reason. */
  readonly breakFor?: string | undefined;
  readonly holderIsDead?: boolean | undefined;
}

/** A claim that is ours, with what its predecessors left. */
export interface Taken {
  readonly uuid: string;
  readonly fence: number;
  readonly claim: Claim;
  readonly record: RecordFile;
  /** False where no file and no line holds the record yet: its first line says it whole. */
  readonly isWritten: boolean;
  readonly predecessor: {
    readonly claim: Claim;
    readonly fence: number;
    readonly provenDead: boolean;
  } | null;
}

/** Rounds in which somebody else may be faster before we say who. */
const TRIES = 3;

/** Takes generation N+1 of a node by link(), and copies forward what the holders before left. */
export async function takeClaim(
  site: ClaimSite,
  uuid: string,
  name: string,
  options: TakeOptions,
): Promise<Result<Taken>> {
  const { layout, ports } = site;
  await ports.files.makeDir(layout.node(uuid));
  for (let tries = 0; tries < TRIES; tries += 1) {
    const highest = fencesIn(await ports.files.list(layout.node(uuid)), "claim").at(-1) ?? 0;
    const current = highest === 0 ? null : await readClaim(ports.files, layout, uuid, highest);
    if (highest > 0 && current === null) continue;
    const free = await isTakeable(site, { uuid, name }, current, options);
    if (!free.ok) return free;
    const fence = highest + 1;
    const before = await claimsLeft(site, uuid, highest);
    const sessions = before.flatMap(({ claim: left }) => left.sessions);
    const claim = await takeName(site, uuid, fence, {
      sessions,
      brokenFor: options.breakFor ?? null,
    });
    if (claim === null) continue;
    await ports.checkpoint("claimed");
    return ok(await grant(site, { uuid, name, fence, claim, previous: current, options }));
  }
  return fail(
    failure(
      "waiting",
      "IW-L01",
      `${name}: other engines are taking its lease at this moment; try again`,
    ),
  );
}

/** The claim when the name is ours: also when the answer to link() was lost, and only while nothing is higher. */
async function takeName(
  site: ClaimSite,
  uuid: string,
  fence: number,
  says: Pick<Claim, "sessions" | "brokenFor">,
): Promise<Claim | null> {
  const { layout, ports, writer, blanks } = site;
  const path = layout.claim(uuid, fence);
  const link = async (): Promise<{ claim: Claim; taken: Promise<boolean> }> => {
    if (says.sessions.length === 0 && says.brokenFor === null) return blanks.take(path);
    const claim = { ...blanks.claim(), ...says };
    return { claim, taken: writer.take(path, claim) };
  };
  const { claim, taken } = await link();
  const isThere = async (): Promise<boolean> =>
    (await readClaim(ports.files, layout, uuid, fence))?.nonce === claim.nonce;
  const isMine = await taken.then(
    async (answer) => answer || (await isThere()),
    async (error: unknown) => {
      // What a power cut may take back is no lease, and whoever wrote it must not go on.
      if (error instanceof NotSynced) site.me.die(`a write to ${layout.dir} failed`);
      else if (await isThere()) return true;
      throw error;
    },
  );
  const highest = fencesIn(await ports.files.list(layout.node(uuid)), "claim").at(-1);
  return isMine && highest === fence ? claim : null;
}

async function isTakeable(
  { coroner, me, isHeld }: ClaimSite,
  { uuid, name }: { readonly uuid: string; readonly name: string },
  current: Claim | null,
  options: TakeOptions,
): Promise<Result<null>> {
  if (current === null || current.released || options.breakFor !== undefined) return ok(null);
  // A claim of ours that no flow has is one that a failed write left behind.
  if (current.inc === me.info.inc) return isHeld(uuid) ? fail(ownWork(name)) : ok(null);
  const death = await coroner.judge(current.inc, me.info.name);
  if (death.dead) return ok(null);
  const since = instantText(current.takenAt).slice(0, 19).replace("T", " ");
  const seconds = Math.ceil(death.leftMs / 1000);
  return fail(heldBy(name, current.holder, since, seconds));
}

/** Another flow of this engine has it. */
export function ownWork(name: string): Failure {
  return failure("waiting", "IW-L01", `${name} is being worked on by this very engine`);
}

function heldBy(name: string, holder: string, since: string, seconds: number): Failure {
  return {
    ...failure(
      "waiting",
      "IW-L01",
      `${name} is held by ${holder} since ${since} UTC; wait for it, or if it hangs: --lock-timeout ${seconds + 10}`,
    ),
    retryAfterMs: seconds * 1000,
  };
}

interface Unfinished {
  readonly fence: number;
  readonly claim: Claim;
  readonly lines: readonly JournalLine[];
}

/** Claims from the newest record's own up to the highest that were not given back, with their journal's lines. */
async function unfinished(
  site: ClaimSite,
  uuid: string,
  highest: number,
): Promise<readonly Unfinished[]> {
  const { coroner, me, journals } = site;
  const chain: Unfinished[] = [];
  for (const { fence, claim } of await claimsLeft(site, uuid, highest)) {
    const death = await coroner.judge(claim.inc, me.info.name);
    const lines = await journals.linesOf(claim.inc, uuid, death.dead);
    chain.push({ fence, claim, lines: lines.filter((line) => line.fence === fence) });
  }
  return chain;
}

/**
 * True when everyone who may still have a request in its hand is gone for certain: who held the node,
 * and who wrote an intent that is still open, however many held the node since.
 */
async function areProvenDead(
  { coroner, me }: ClaimSite,
  chain: readonly Unfinished[],
  { open }: RecordFile,
  said: boolean,
): Promise<boolean> {
  const all = new Set([
    ...chain.map(({ claim }) => claim.inc),
    ...open.map(({ line }) => line.inc),
  ]);
  let proven = true;
  // What this engine itself left was answered, or failed, before it came back.
  all.delete(me.info.inc);
  for (const inc of all) {
    if (said) await coroner.prove(inc, me.info.name);
    const death = await coroner.judge(inc, me.info.name);
    proven &&= death.dead && death.proven;
  }
  return proven;
}

/** Claims that were not given back, from the newest record's own up to the highest. */
async function claimsLeft(
  { layout, ports }: ClaimSite,
  uuid: string,
  highest: number,
): Promise<readonly { readonly fence: number; readonly claim: Claim }[]> {
  const newest = await newestRecord(ports.files, layout, uuid);
  const from = Math.max(1, newest?.fence ?? 1);
  const left: { readonly fence: number; readonly claim: Claim }[] = [];
  for (let fence = from; fence <= highest; fence += 1) {
    const claim = await readClaim(ports.files, layout, uuid, fence);
    if (claim !== null && !claim.released) left.push({ fence, claim });
  }
  return left;
}

/** The newest record and the lines that go over it: a holder that is broken may still write the one as we read the others. */
async function leftBy(
  site: ClaimSite,
  uuid: string,
  highest: number,
): Promise<{
  readonly chain: readonly Unfinished[];
  readonly newest: Awaited<ReturnType<typeof newestRecord>>;
}> {
  const { files } = site.ports;
  for (;;) {
    const before = await newestRecord(files, site.layout, uuid);
    const chain = await unfinished(site, uuid, highest);
    const newest = await newestRecord(files, site.layout, uuid);
    if (JSON.stringify(before) === JSON.stringify(newest)) return { chain, newest };
  }
}

interface Granting {
  readonly uuid: string;
  readonly name: string;
  readonly fence: number;
  readonly claim: Claim;
  readonly previous: Claim | null;
  readonly options: TakeOptions;
}

/**
 * The first act of a grant: record N+1 is record N with the lines of its holders, open intents included. Where every
 * holder gave its claim back, record N says it all, and N+1 is written when there is something new to say.
 */
async function grant(site: ClaimSite, granting: Granting): Promise<Taken> {
  const { layout, ports, writer, format } = site;
  const { uuid, name, fence, previous, options } = granting;
  // Only now does the check of every holder before fail, so only now is its journal whole.
  const { chain, newest } = await leftBy(site, uuid, fence - 1);
  const sessions = chain.flatMap(sessionsOf);
  const claim: Claim = { ...granting.claim, sessions };
  if (sessions.length > granting.claim.sessions.length)
    await writer.replace(layout.claim(uuid, fence), claim);
  const base: RecordFile = newest?.record ?? {
    ...(options.initial ?? emptyRecord(uuid, name, "existing")),
    open: [],
  };
  const folded = foldLines(
    base,
    chain.flatMap(({ lines }) => lines),
  );
  const record: RecordFile = { ...folded, fence };
  if (chain.length > 0) {
    await recordDocument(writer, layout.record(uuid, fence), { initial: record, format }).write();
    await ports.checkpoint("record-copied");
  }
  await tidy(site, uuid, fence);
  const last = chain.at(-1);
  const proven = await areProvenDead(site, chain, record, options.holderIsDead === true);
  const predecessor =
    last === undefined
      ? previous === null
        ? null
        : { claim: previous, fence: fence - 1, provenDead: true }
      : {
          claim: { ...last.claim, sessions: claim.sessions },
          fence: last.fence,
          provenDead: proven,
        };
  const isWritten = newest !== null || chain.length > 0;
  return { uuid, fence, claim, record, isWritten, predecessor };
}

/** Sessions that a holder opened: named by its claim, or by its journal. */
function sessionsOf({ claim, lines }: Unfinished): Claim["sessions"] {
  const named = lines.flatMap((line) =>
    line.kind === "session" ? [{ address: line.address, session: line.session }] : [],
  );
  return [...claim.sessions, ...named];
}

/** Only the holder of a higher generation removes lower ones; the highest is never removed. */
async function tidy({ layout, ports }: ClaimSite, uuid: string, fence: number): Promise<void> {
  const names = await ports.files.list(layout.node(uuid));
  // The claim before its mark: one that lost its mark alone would count as held.
  for (const what of ["claim", "released"] as const)
    for (const old of fencesIn(names, what))
      if (old < fence) await ports.files.remove(layout[what](uuid, old));
  for (const old of fencesIn(names, "record").slice(0, -1))
    await ports.files.remove(layout.record(uuid, old));
}
