import { type Failure, failure, fail, ok, type Result } from "../../schemas/failure.ts";
import { type Fleet, findNode } from "../../schemas/fleet.ts";
import { instantText } from "../../schemas/instant.ts";
import type { NodePlan, Plan } from "../../schemas/plan.ts";
import type { Observation } from "../../schemas/observation.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import type { Incarnation } from "../../schemas/store.ts";
import { nodesAsPlanned } from "../plan/allocations/allocated-node.ts";
import { allocationsInForce } from "../plan/allocations/in-force.ts";
import { treeOf } from "../plan/tree/relatives.ts";
import { requestsInForce } from "../plan/requests.ts";
import { interruptsService } from "../plan/budget.ts";
import { applyNode, type NodeOptions } from "./apply-node.ts";
import { Budget, type UnderLease } from "./budget.ts";
import { type ApplyContext, type ApplyPorts, type Authority } from "./flow.ts";
import { kindOf } from "../plan/machine.ts";
import { inOrder, type Turn } from "./in-order.ts";
import { limitsOf } from "./limits.ts";
import { failedByStore, type NodeResult, withheld } from "./node-result.ts";
import type { ActingStore } from "./ports.ts";

/** Who is about to release a lease has looked for slots to give back just before, and finds none that were taken since. */
const GIVE_BACK_TRIES = 3;
/** Between two of these tries. Milliseconds. */
const GIVE_BACK_MS = 500;

/** How a plan is applied. */
export interface ApplyOptions extends NodeOptions {
  readonly authority: Authority;
  readonly why: string;
  /** First SIGINT: acts that run are finished, nothing new is begun. */
  readonly stopping: AbortSignal;
  /** The commit comes after the one in force, in the history that all daemons follow: those that live come after it too. */
  readonly follows?: boolean | undefined;
}

/** What an apply came to; one entry for each node that had something to do. */
export interface ApplyResult {
  readonly nodes: readonly NodeResult[];
  /** Nodes whose planned steps were done: an operator finds this number in the plan. */
  readonly applied: number;
  /** Nodes without a step whose record was written: adopted, or left open by a crash. */
  readonly recorded: number;
  readonly failed: number;
  readonly skipped: number;
  /** Nodes whose list stands at a hold step: nothing is wrong with them. */
  readonly waiting: number;
  readonly durationSeconds: number;
}

/**
 * Applies a plan that was approved: makes its tree the one in force, then works node by node under
 * leases. One node's failure never stops another's steps.
 */
export async function apply(
  plan: Plan,
  declared: Fleet,
  ports: ApplyPorts,
  options: ApplyOptions,
): Promise<Result<ApplyResult>> {
  const fleet: Fleet = { ...declared, nodes: nodesAsPlanned(declared, plan) };
  const started = ports.clock.monotonic();
  const { act } = options.plan;
  const seq =
    act === undefined ? await putInForce(plan, fleet, ports, options) : ok(act.registerSeq);
  if (!seq.ok) return seq;
  const context: ApplyContext = {
    ...ports,
    plan,
    act: act ?? null,
    authority: options.authority,
    registerSeq: seq.value,
    digest: options.plan.digest,
    tree: treeOf(fleet.nodes),
    ...(ports.limits ?? limitsOf(ports.clock, ports.settings.concurrency)),
    budget: new Budget(ports.store, ports.clock, plan.budgets),
    stopping: options.stopping,
    seen: new Map(),
  };
  // What a person asks for is looked at once more under the lease, also where nothing is left to be done.
  const busy = act === undefined ? plan.nodes.filter(isBusy) : plan.nodes;
  emit(context, "apply.start", startText(busy));
  const results = await applyAll(context, busy, fleet, options);
  await keepReadings(context);
  if (act === undefined) await freeAllocations(context, fleet);
  const result = summary(results, (ports.clock.monotonic() - started) / 1000);
  const { applied, failed, skipped, recorded, waiting, durationSeconds } = result;
  const stand = waiting === 0 ? "" : `, ${waiting} waiting`;
  const message = `${applied} applied, ${failed} failed, ${skipped} skipped, ${recorded} recorded${stand}`;
  const counts = { applied, failed, skipped, recorded, ...(waiting === 0 ? {} : { waiting }) };
  const numbers = { ...counts, durationSeconds };
  emit(context, "apply.summary", message, numbers);
  return ok(result);
}

/** The plan's tree becomes the one in force; answers its place in the register. */
async function putInForce(
  plan: Plan,
  fleet: Fleet,
  ports: ApplyPorts,
  options: ApplyOptions,
): Promise<Result<number>> {
  const refused = await othersInForce(plan, ports, options.follows === true);
  if (refused !== null) return fail(refused);
  const before = await ports.store.inForce();
  // The rounds of a daemon come here all the time, and a large fleet has many names.
  if (before?.tree === plan.tree) return ok(before.seq);
  const entry = await ports.store.propose({
    commit: plan.commit,
    subject: plan.commitSubject,
    tree: plan.tree,
    why: options.why,
    ...(ports.settings.git.verify === undefined ? {} : { verify: true }),
    names: fleet.nodes.map((node) => node.name),
    requests: requestsInForce(fleet, before, {
      seq: (plan.inForce?.seq ?? 0) + 1,
      at: ports.clock.now(),
      digest: options.plan.digest,
    }),
    allocations: allocationsInForce(fleet, before, (plan.inForce?.seq ?? 0) + 1),
    readAtSeq: plan.inForce?.seq ?? 0,
  });
  return entry.ok ? ok(entry.value.seq) : entry;
}

/** Steps to do, a record to write, or work of a crashed engine to close. */
export function isBusy({ steps, records, unfinished, adopts }: NodePlan): boolean {
  return steps.length > 0 || records !== undefined || unfinished === true || adopts === true;
}

function startText(busy: readonly NodePlan[]): string {
  if (busy.length === 0) return "nothing to apply; the commit is in force from now on";
  const changed = busy.filter(({ steps }) => steps.length > 0).length;
  const nodes = `${changed} ${changed === 1 ? "node" : "nodes"} to apply`;
  return busy.length === changed ? nodes : `${nodes}, ${busy.length - changed} to record`;
}

/** An apply of another tree than the one that a living engine works on would undo its work, in turns. */
async function othersInForce(
  plan: Plan,
  { store }: ApplyPorts,
  follows: boolean,
): Promise<Failure | null> {
  const inForce = await store.inForce();
  if (inForce === null || inForce.tree === plan.tree) return null;
  const others = follows ? await store.living() : await store.others();
  // Daemons go on together from commit to commit.
  const other = await whoWorks(
    others.filter(({ role }) => !follows || role !== "watch"),
    store,
  );
  if (other === null) return null;
  const uncommitted = inForce.why === "init" ? "the tree that init found" : "an uncommitted tree";
  const commit = inForce.commit === null ? uncommitted : `commit ${inForce.commit.slice(0, 7)}`;
  const message = `${other} is at work on ${commit}, which is in force; wait until it ends, stop it, or let it work on yours`;
  return failure("conflict", "IW-P17", message);
}

/** An engine, or a command that holds a lease: a person's act would be cut off in its midst. */
async function whoWorks(
  others: readonly Incarnation[],
  store: ActingStore,
): Promise<string | null> {
  const engine = others.find(({ role }) => role !== "command");
  if (engine !== undefined || others.length === 0) return engine?.name ?? null;
  const living = new Set(others.map(({ inc }) => inc));
  const held = (await store.leases()).find(
    ({ state, claim }) => state === "held" && living.has(claim.inc),
  );
  if (held === undefined) return null;
  const node = (await store.record(held.uuid))?.name ?? held.uuid;
  return `${held.claim.holder} holds the lease of ${node}, and`;
}

async function applyAll(
  context: ApplyContext,
  busy: readonly NodePlan[],
  fleet: Fleet,
  options: ApplyOptions,
): Promise<readonly NodeResult[]> {
  const results: NodeResult[] = [];
  const earlier = await context.store.readings();
  /** Nodes whose lease was ours: their slots were seen to under it. */
  const leased = new Set<string>();
  const work = async ({ plan, first, isLent, lent }: Turn): Promise<NodeResult | null> => {
    const node = findNode(fleet.nodes, plan.node);
    if (node === undefined || options.stopping.aborted) return null;
    const budget = isLent ? null : underLease(context, [plan, ...lent]);
    const at = { ...options, earlier, first, budget };
    const { result, record } = await applyNode(context, node, plan, at);
    if (record !== null) leased.add(plan.node);
    return result;
  };
  const begin = async (turn: Turn): Promise<NodeResult | null> => {
    const { plan, notDone, isLent, lent } = turn;
    const at = { context, node: { name: plan.node }, grant: null };
    if (notDone !== null) return withheld(at, notDone, "IW-P32");
    if (isLent) return context.slots.hold(() => work(turn));
    const family = [plan, ...lent];
    // Before it holds a worker or a lease: others go on while it waits for its turn.
    const full = await context.budget.enter(family, {
      signal: options.stopping,
      waits: context.act === null,
    });
    if (full !== null) return withheld(at, full.message, full.code);
    try {
      return await context.slots.hold(() => work(turn));
    } finally {
      await context.budget.leave(family, async (one) => {
        // Of one that was lent its lease was given back long before.
        if (one !== plan || !leased.has(one.node)) await giveBack(context, one);
      });
    }
  };
  await inOrder(busy, async (turn) => {
    const at = { context, node: { name: turn.plan.node }, grant: null };
    const result = await begin(turn).catch((error: unknown) => failedByStore(at, error));
    if (result !== null) results.push(result);
    return result;
  });
  const begun = new Set(results.map(({ node }) => node));
  for (const { node } of busy)
    if (!begun.has(node))
      results.push({
        node,
        status: "skipped",
        code: null,
        message: "interrupted before it was begun",
      });
  return results;
}

/** What left git, and whose node was given back, is free to be asked for anew. */
async function freeAllocations({ store }: ApplyContext, fleet: Fleet): Promise<void> {
  if (store.dead() !== null) return;
  const declared = new Set(fleet.allocations.map(({ name }) => name));
  for (const [name, uuid] of await store.allocated()) {
    if (!declared.has(name)) await store.freeAllocation(name, uuid);
  }
}

/** The readings of before would call what was just done a drift. */
async function keepReadings({ store, seen }: ApplyContext): Promise<void> {
  if (seen.size === 0 || store.dead() !== null) return;
  const earlier = await store.readings();
  const readings = new Map<string, Observation>();
  for (const [name, observation] of seen) {
    const { agreed } = earlier.get(name) ?? {};
    readings.set(name, agreed === undefined ? observation : { ...observation, agreed });
  }
  await store.saveReadings(readings);
}

/**
 * The budget of a node that has it. One that is not interrupted needs none, but what others took for it, who then did not get
 * its lease, is given back by whoever has that.
 */
function underLease(
  { budget, store }: ApplyContext,
  family: readonly NodePlan[],
): UnderLease | null {
  const [plan] = family;
  if (plan === undefined) return null;
  return {
    confirm: () =>
      family.some(interruptsService) ? budget.confirm(family) : Promise.resolve(null),
    giveBack: async (record) => {
      const uuid = plan.uuid ?? "";
      if (!isWell(record)) return;
      // A person may have taken the lease from us meanwhile, for another.
      const isOurs = (await store.lease(uuid))?.claim.inc === store.incarnation.inc;
      if (isOurs) await store.freeSlots(uuid);
    },
  };
}

/**
 * The same of one whose lease was not ours, or is not any more. Slots are given back under the lease alone, for whoever takes
 * the node next rests on those that it finds: who has it now gives them back itself.
 */
async function giveBack({ store, clock }: ApplyContext, { uuid, node }: NodePlan): Promise<void> {
  if (uuid === null || store.dead() !== null) return;
  // Nobody ever acted on it: there is nothing to be mended, and no lease to begin with.
  if ((await store.lease(uuid)) === null) return void (await store.freeSlots(uuid));
  for (let tries = 1; ; tries += 1) {
    const claimed = await store.claim(uuid, node);
    if (claimed.ok) {
      if (isWell(claimed.value.record)) await store.freeSlots(uuid);
      return claimed.value.release();
    }
    if (tries === GIVE_BACK_TRIES) return;
    await clock.sleep(GIVE_BACK_MS);
  }
}

/** In service again: at rest, and with nothing that somebody must look at. */
function isWell({ provisionState, activity, fault, lastError }: NodeRecord): boolean {
  const rests = kindOf(provisionState) === "stable" && provisionState !== "error";
  return rests && activity === null && fault === null && lastError === null;
}

function summary(nodes: readonly NodeResult[], seconds: number): ApplyResult {
  const count = (...words: readonly NodeResult["status"][]): number =>
    nodes.filter(({ status }) => words.includes(status)).length;
  return {
    nodes,
    applied: count("applied", "already-done"),
    recorded: count("recorded"),
    failed: count("failed"),
    skipped: count("skipped"),
    waiting: count("waiting"),
    durationSeconds: Math.round(seconds * 10) / 10,
  };
}

function emit(
  { clock, plan, store, emit: say }: ApplyContext,
  event: "apply.start" | "apply.summary",
  message: string,
  numbers: Readonly<Record<string, number>> = {},
): void {
  say({
    time: instantText(clock.now()),
    code: null,
    event,
    node: null,
    step: null,
    commit: plan.commit,
    instance: store.incarnation.name,
    fence: null,
    message,
    ...numbers,
  });
}
