import type { Failure } from "../../schemas/failure.ts";
import type { ObservedFacet } from "../../schemas/observation.ts";
import { signNamed } from "../plan/signs.ts";
import { firstMismatch, type Mismatch } from "../plan/verdict.ts";
import { firstOf } from "./first-of.ts";
import { type Flow, joinReading, tell } from "./flow.ts";
import { LeaseLost } from "./store/file-grant.ts";

/** The first look after an act comes soon: most settings are there at once. Milliseconds. */
const FIRST_LOOK_MS = 200;
/** Each look waits this much longer than the one before, up to `timeouts.lookSeconds`. */
const LOOK_GROWTH = 1.6;

/** Readings that tell whether these facets are as they should be. */
export function readingsFor(expected: Readonly<Record<string, unknown>>): readonly ObservedFacet[] {
  return [...new Set(Object.keys(expected).flatMap((facet) => signNamed(facet).observes))];
}

/**
 * Reads the facets that a step names and joins them to what is known. An engine that lost its lease reads
 * no more: a read would log in again where a takeover has just ended its session.
 */
export async function look(flow: Flow, facets: readonly ObservedFacet[]): Promise<void> {
  if (facets.length === 0) return;
  const { deathSignal } = flow.context.store;
  const dead = flow.context.store.dead();
  if (dead !== null) throw new LeaseLost(dead);
  joinReading(flow, await flow.driver.observe(flow.node, facets, deathSignal));
}

/** Lets time pass; a lost lease ends it, and a stop where what is waited for may be left to the next apply. */
export async function pass({ context }: Flow, ms: number, mayLeave = false): Promise<void> {
  const { store, stopping, clock } = context;
  const ends = mayLeave ? firstOf(store.deathSignal, stopping) : firstOf(store.deathSignal);
  await clock.sleep(ms, ends.signal).catch(() => undefined);
  ends.letGo();
}

/** What waiting for an after-state came to. */
export type Settled =
  | { readonly kind: "seen" }
  /** It can't come any more. */
  | { readonly kind: "ended"; readonly why: Failure }
  /** It may still come; somebody wants to stop, and the next apply goes on looking. */
  | { readonly kind: "left" }
  | { readonly kind: "unseen"; readonly mismatch: Mismatch };

/** How an after-state is waited for. */
export interface Settling {
  readonly timeoutMs: number;
  /** The step that events name. */
  readonly step: string;
  /** True while no worker is held between two looks. */
  readonly waits: boolean;
  /** True where a stop ends the waiting: the machine goes on by itself. */
  readonly mayLeave: boolean;
  /** Why it can't come any more; asked after each look. */
  readonly early?: (() => Failure | null) | undefined;
}

/** Of a silent BMC nothing is known. */
function allUnknown(after: Readonly<Record<string, unknown>>): Mismatch {
  return { facet: readingsFor(after)[0] ?? "provision", expected: after, seen: undefined };
}

/** Looks until the after-state is seen or its time is up; a BMC that is silent for a while is waited for. */
export async function settle(
  flow: Flow,
  after: Readonly<Record<string, unknown>>,
  { timeoutMs, step, waits, mayLeave, early }: Settling,
): Promise<Settled> {
  const { clock, settings, store, slots, stopping } = flow.context;
  const facets = readingsFor(after);
  const deadline = clock.monotonic() + timeoutMs;
  let wait = FIRST_LOOK_MS;
  for (;;) {
    await look(flow, facets);
    const { observation, grant } = flow;
    const silent = observation.unreachable !== null;
    const mismatch = firstMismatch(after, observation, grant.record);
    if (mismatch === null && !silent) return { kind: "seen" };
    const why = silent ? null : (early?.() ?? null);
    if (why !== null) return { kind: "ended", why };
    const left = deadline - clock.monotonic();
    if (left <= 0 || store.deathSignal.aborted)
      return { kind: "unseen", mismatch: mismatch ?? allUnknown(after) };
    if (mayLeave && stopping.aborted) return { kind: "left" };
    tell(flow, "step.look", silent ? "the BMC is silent; looking again" : "not there yet", {
      step,
    });
    const ms = Math.min(wait, left);
    const sleep = (): Promise<void> => pass(flow, ms, mayLeave);
    await (waits ? slots.rest(sleep) : sleep());
    wait = Math.min(wait * LOOK_GROWTH, settings.timeouts.lookSeconds * 1000);
  }
}
