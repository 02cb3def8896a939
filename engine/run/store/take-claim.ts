import { type Failure, fail, failure, ok, type Result } from "../../../schemas/failure.ts";
import { instantText } from "../../../schemas/instant.ts";
import { emptyRecord, type NodeRecord } from "../../../schemas/record.ts";
import type { Claim, JournalLine } from "../../../schemas/store.ts";
import type { Coroner, LivingIncarnation } from "./incarnation.ts";
import { foldLines } from "./fold-lines.ts";
import type { OthersJournals } from "./journal.ts";
import { fencesIn, type Layout } from "./layout.ts";
import { newestRecord, readClaim, recordDocument, type RecordFile } from "./records.ts";
import type { Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

/** What taking a claim needs. */
export interface ClaimSite {
  readonly layout: Layout;
  readonly ports: StorePorts;
  readonly writer: Writer;
  readonly coroner: Coroner;
  readonly me: LivingIncarnation;
  readonly journals: OthersJournals;
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
  const { layout, ports, me } = site;
  await ports.files.makeDir(layout.node(uuid));
  for (let tries = 0; tries < TRIES; tries += 1) {
    const highest = fencesIn(await ports.files.list(layout.node(uuid)), "claim").at(-1) ?? 0;
    const current = highest === 0 ? null : await readClaim(ports.files, layout, uuid, highest);
    if (highest > 0 && current === null) continue;
    const free = await isTakeable(site, name, current, options);
    if (!free.ok) return free;
    const fence = highest + 1;
    const before = await claimsLeft(site, uuid, highest);
    const claim: Claim = {
      inc: me.info.inc,
      nonce: ports.random.hex(16),
      holder: me.info.name,
      takenAt: ports.clock.now(),
      released: false,
      sessions: before.flatMap(({ claim: left }) => left.sessions),
      brokenFor: options.breakFor ?? null,
    };
    if (!(await takeName(site, uuid, fence, claim))) continue;
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

/** True when the name is ours: also when the answer to link() was lost, and only while nothing is higher. */
async function takeName(
  site: ClaimSite,
  uuid: string,
  fence: number,
  claim: Claim,
): Promise<boolean> {
  const { layout, ports, writer } = site;
  let taken = false;
  try {
    taken = await writer.take(layout.claim(uuid, fence), claim);
  } catch (error) {
    const there = await readClaim(ports.files, layout, uuid, fence);
    if (there?.nonce !== claim.nonce) throw error;
    taken = true;
  }
  const highest = fencesIn(await ports.files.list(layout.node(uuid)), "claim").at(-1);
  if (!taken) {
    const there = await readClaim(ports.files, layout, uuid, fence);
    return there?.nonce === claim.nonce && highest === fence;
  }
  return highest === fence;
}

async function isTakeable(
  { coroner, me }: ClaimSite,
  name: string,
  current: Claim | null,
  options: TakeOptions,
): Promise<Result<null>> {
  if (current === null || current.released || options.breakFor !== undefined) return ok(null);
  if (current.inc === me.info.inc)
    return fail(failure("waiting", "IW-L01", `${name} is being worked on by this very engine`));
  const death = await coroner.judge(current.inc, me.info.name);
  if (death.dead) return ok(null);
  const since = instantText(current.takenAt).slice(0, 19).replace("T", " ");
  const seconds = Math.ceil(death.leftMs / 1000);
  return fail(heldBy(name, current.holder, since, seconds));
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

interface Granting {
  readonly uuid: string;
  readonly name: string;
  readonly fence: number;
  readonly claim: Claim;
  readonly previous: Claim | null;
  readonly options: TakeOptions;
}

/** The first act of a grant: record N+1 is record N with the lines of its holders, open intents included. */
async function grant(site: ClaimSite, granting: Granting): Promise<Taken> {
  const { layout, ports, writer } = site;
  const { uuid, name, fence, previous, options } = granting;
  // Only now does the check of every holder before fail, so only now is its journal whole.
  const chain = await unfinished(site, uuid, fence - 1);
  const sessions = chain.flatMap((one) => one.claim.sessions);
  const claim: Claim = { ...granting.claim, sessions };
  if (sessions.length > granting.claim.sessions.length)
    await writer.replace(layout.claim(uuid, fence), claim);
  const newest = await newestRecord(ports.files, layout, uuid);
  const base: RecordFile = newest?.record ?? {
    ...(options.initial ?? emptyRecord(uuid, name, "existing")),
    open: [],
  };
  const folded = foldLines(
    base,
    chain.flatMap(({ lines }) => lines),
  );
  const record: RecordFile = { ...folded, fence };
  await recordDocument(writer, layout.record(uuid, fence), record).write();
  await ports.checkpoint("record-copied");
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
  return { uuid, fence, claim, record, predecessor };
}

/** Only the holder of a higher generation removes lower ones; the highest is never removed. */
async function tidy({ layout, ports }: ClaimSite, uuid: string, fence: number): Promise<void> {
  const names = await ports.files.list(layout.node(uuid));
  for (const old of fencesIn(names, "claim"))
    if (old < fence) await ports.files.remove(layout.claim(uuid, old));
  for (const old of fencesIn(names, "record"))
    if (old < fence) await ports.files.remove(layout.record(uuid, old));
}
