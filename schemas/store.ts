import { z } from "zod";
import { identitySchema } from "./documents.ts";
import type { Named } from "./record.ts";
import { STORE_FORMAT } from "./store-format.ts";

/** Of a store that was moved by `migrate store`: where it is, and in which formats it was. */
export const movedToSchema = z.object({
  backend: z.enum(["file", "etcd"]),
  place: z.string(),
  at: z.number(),
  by: z.string(),
  format: z.number().int(),
  writes: z.number().int().optional(),
});
export type MovedTo = z.infer<typeof movedToSchema>;

/** `store.json`: written once by `init`; every process obeys it. */
export const storeFileSchema = z.looseObject({
  id: z.string(),
  /** Raised by `init --restored` and `--replace-store`; fences of an older epoch mean nothing. */
  epoch: z.number().int().min(1),
  /** An engine that knows it, or the one before it, may read. */
  format: z.number().int(),
  /** The format that engines write; left out where it is `format`. Lower only while `migrate store` raises it. */
  writes: z.number().int().optional(),
  backend: z.enum(["file", "etcd"]),
  ttlMs: z.number().int(),
  fleet: z.string(),
  /** The directory's own device and inode, or the etcd's cluster and prefix: a copy differs and is refused. */
  dev: z.string(),
  ino: z.string(),
  createdAt: z.number(),
  /** Request ids that were in git when the store was made: they count as used. Null when nobody could tell. */
  spentRequests: z.array(z.string()).nullable().default([]),
  /** What the nodes of the first register entry are: somebody's, or given to us to be cleaned and deployed. */
  nodes: z.enum(["existing", "new"]).default("existing"),
  /** Names that were declared when the directory was restored: existing too, for what was done to them is lost. */
  existing: z.array(z.string()).default([]),
  /** It is kept elsewhere now: this one grants nothing any more, for ever. */
  movedTo: movedToSchema.optional(),
});
export type StoreFile = z.infer<typeof storeFileSchema>;

/** The format that engines write into a store: while it is not raised, that of the older one that made it. */
export function writtenIn({
  format,
  writes = format,
}: Pick<StoreFile, "format" | "writes">): number {
  return writes;
}

/** `inst/<inc>`: one lease for each running engine; a counter, no time. */
export const incarnationSchema = z.looseObject({
  inc: z.string(),
  name: z.string(),
  role: z.enum(["apply", "watch", "command"]),
  pid: z.number().int(),
  /** Field 22 of /proc/<pid>/stat: tells a re-used pid apart; null where there is no /proc. */
  startTicks: z.string().nullable(),
  bootId: z.string().nullable(),
  pidNamespace: z.string().nullable(),
  counter: z.number().int(),
  /** Wall clock, for people only; no decision rests on it. */
  startedAt: z.number(),
  host: z.string(),
  /** The newest format of a store that it knows. */
  format: z.number().int().default(1),
  /** It was told to leave: it takes no node any more, and finishes what it has begun. */
  drain: z.boolean().optional(),
  /** A daemon that came while others were at work: their nodes come over to it a few at a time (`engine/plan/ring.ts`). */
  joins: z.boolean().optional(),
});
export type Incarnation = z.infer<typeof incarnationSchema>;

/**
 * `nodes/ab/<uuid>/claim.<fence>`: who may act on a node; never renewed. It was given back once
 * `claim.<fence>.released` is there beside it.
 */
export const claimSchema = z.looseObject({
  inc: z.string(),
  nonce: z.string(),
  holder: z.string(),
  takenAt: z.number(),
  released: z.boolean(),
  /** Sessions that holders before left open; those of its own holder are in the holder's journal. */
  sessions: z.array(z.object({ address: z.string(), session: z.string() })),
  /** Why the claim was taken from a living holder, when it was. */
  brokenFor: z.string().nullable(),
});
export type Claim = z.infer<typeof claimSchema>;

/** When a request came into force, and what it was bound to then. */
export const requestSeenSchema = z.looseObject({
  seq: z.number().int(),
  at: z.number(),
  /** Hash of the fields that its act uses: a request whose node was changed since is stale. */
  bind: z.string(),
});
export type RequestSeen = z.infer<typeof requestSeenSchema>;

/** `register/<seq>`: the commit in force. */
export const registerEntrySchema = z.looseObject({
  seq: z.number().int(),
  commit: z.string().nullable(),
  subject: z.string().nullable(),
  tree: z.string(),
  by: z.string(),
  at: z.number(),
  why: z.string(),
  /** True where its settings demand signatures (`git.verify`): also whoever hasn't that commit must ask for one. */
  verify: z.boolean().optional(),
  /** Names in force, so that the next entry knows what it removes. */
  names: z.array(z.string()),
  /** Node name -> request id -> the entry that first held it: what `expires` and `stale` count from. */
  requests: z.record(z.string(), z.record(z.string(), requestSeenSchema)).default({}),
  /** Allocation -> the entry that first held it: who came first is served first. */
  allocations: z.record(z.string(), z.object({ seq: z.number().int() })).default({}),
});
export type RegisterEntry = z.infer<typeof registerEntrySchema>;

/** `images/<name>`: with which checksum an Image was applied first; written once, before a record says so. */
export const appliedImageSchema = z.looseObject({
  checksum: z.string(),
  node: z.string(),
  at: z.number(),
});
export type AppliedImage = Named<z.infer<typeof appliedImageSchema>>;

/** `stop`: a file at a fixed name, read before every act. */
export const stopSchema = z.looseObject({
  reason: z.string(),
  by: z.string(),
  at: z.number(),
  kind: z.enum(["stop", "breaker"]),
  /** Nodes that were in trouble when a breaker opened: `resume` acknowledges exactly these. */
  nodes: z.array(z.string()),
});
export type StopFile = z.infer<typeof stopSchema>;

const common = {
  version: z.literal(STORE_FORMAT),
  node: z.string(),
  fence: z.number().int(),
  seq: z.number().int(),
  inc: z.string(),
  at: z.number(),
};

/** What a step is about to do; durable before it is done (leases-and-journal, section 3). */
export const intentLineSchema = z.looseObject({
  ...common,
  kind: z.literal("intent"),
  /** What the record says from this line on. */
  patch: z.record(z.string(), z.unknown()).optional(),
  planId: z.string(),
  registerSeq: z.number().int(),
  commit: z.string().nullable(),
  step: z.string(),
  attempt: z.number().int(),
  action: z.looseObject({ verb: z.string() }),
  impact: z.string(),
  /** Who wrote that commit. */
  author: z.string().nullable(),
  /** Who approved, under which ceiling. */
  authority: z.looseObject({ who: z.string(), ceiling: z.string() }),
  bmc: z.string().nullable(),
  system: z.string().nullable(),
  identity: identitySchema.nullable(),
  session: z.string().nullable(),
  before: z.record(z.string(), z.unknown()),
  after: z.record(z.string(), z.unknown()),
  requestMaxMs: z.number(),
  verifyMaxMs: z.number(),
  reason: z.string(),
});

/** The BMC took it; written at once when it names a task. */
export const acceptedLineSchema = z.looseObject({
  ...common,
  kind: z.literal("accepted"),
  step: z.string(),
  attempt: z.number().int(),
  task: z.string().nullable(),
});

export const OUTCOMES = ["done", "not-done", "not-effective", "not-sent", "ambiguous"] as const;
export type OutcomeWord = (typeof OUTCOMES)[number];

export const outcomeLineSchema = z.looseObject({
  ...common,
  kind: z.literal("outcome"),
  step: z.string(),
  attempt: z.number().int(),
  outcome: z.enum(OUTCOMES),
  /** What the record says from this line on. */
  patch: z.record(z.string(), z.unknown()).optional(),
  code: z.string().nullable(),
  message: z.string(),
  durationMs: z.number(),
});

/** A fact that guards a machine: the record's new fields, durable before any promise rests on them. */
export const factLineSchema = z.looseObject({
  ...common,
  kind: z.literal("fact"),
  patch: z.record(z.string(), z.unknown()),
});

/** A session that was opened, durable before its first mutating request: a takeover ends it. */
export const sessionLineSchema = z.looseObject({
  ...common,
  kind: z.literal("session"),
  address: z.string(),
  session: z.string(),
});

export const journalLineSchema = z.discriminatedUnion("kind", [
  intentLineSchema,
  acceptedLineSchema,
  outcomeLineSchema,
  factLineSchema,
  sessionLineSchema,
]);
export type JournalLine = z.infer<typeof journalLineSchema>;
export type IntentLine = z.infer<typeof intentLineSchema>;

/** What whoever asks for an act says of it; who wrote the line, when and under which fence is the grant's. */
export type IntentBody = Omit<Named<IntentLine>, keyof typeof common | "kind">;

/** One entry of a node's history, for people. */
export interface HistoryEntry {
  readonly at: number;
  readonly event: string;
  readonly step: string | null;
  readonly action: string | null;
  readonly commit: string | null;
  /** Who applied it. */
  readonly by: string;
  /** Who wrote the commit that declared it; null for an uncommitted tree. */
  readonly author?: string | null | undefined;
  readonly fence: number | null;
  readonly code: string | null;
  readonly message: string;
  readonly durationMs: number | null;
}
