import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { BmcCall } from "../../drivers/driver.ts";
import type { EngineEvent } from "../../schemas/event.ts";
import type { NodeStanding, WatchState } from "../run/watch/ports.ts";

/** Where metrics hear what happens. */
export interface Ear {
  readonly hear: (event: EngineEvent) => void;
  /** A request to a BMC has ended, and which driver had made it. */
  readonly called: (driver: string, call: BmcCall) => void;
}

/** What metrics ask of their daemon. */
export interface Watched {
  readonly state: () => WatchState;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** From a BMC next door that is awake to one that is given up. Seconds. */
const CALL_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Names begin with `ironwright_` (README, "Metrics"). Gauges are read when they are asked for, counters count what is heard.
 * No label names a node: series would be as many as machines.
 */
export function metricsOf({ state, now }: Watched): Ear & { readonly registry: Registry } {
  const registry = new Registry();
  const gauge = (name: string, help: string, read: () => number | null): void => {
    const made = new Gauge({
      name: `ironwright_${name}`,
      help,
      registers: [],
      collect() {
        this.set(read() ?? Number.NaN);
      },
    });
    registry.registerMetric(made);
  };
  gauge("queue_depth", "Nodes whose turn has come", () => state().waiting);
  gauge("nodes_busy", "Nodes that are worked on", () => state().busy);
  gauge("nodes_owned", "Nodes that this engine owns", () => state().owned);
  gauge("ring_members", "Engines in the ring", () => state().members.length);
  gauge("commit_age_seconds", "Since the commit came into force here", () => {
    const { commitAt } = state();
    return commitAt === null ? null : (now() - commitAt) / 1000;
  });
  gauge("commit_refused", "1 while the newest commit is refused", () =>
    state().refused === null ? 0 : 1,
  );
  registry.registerMetric(total("rounds_total", "Rounds since it began", () => state().rounds));
  for (const { words, ...said } of COUNTED)
    registry.registerMetric(counted(said, () => words(state())));
  return { registry, ...earOf(registry) };
}

/** Counters of what happens, each with a label or two of few words. */
function earOf(registry: Registry): Ear {
  const counter = (name: string, help: string, labelNames: readonly string[]): Counter =>
    new Counter({ name: `ironwright_${name}`, help, labelNames, registers: [registry] });
  const events = counter("events_total", "What happened, by event and code", ["event", "code"]);
  const leases = counter("lease_changes_total", "Leases taken, lost, broken, refused", ["change"]);
  const members = counter("ring_changes_total", "Members that joined or left", ["change"]);
  const nodes = counter("node_moves_total", "Nodes that were gained or lost", ["change"]);
  const calls = new Histogram({
    name: "ironwright_bmc_call_seconds",
    help: "Requests to BMCs, by driver, kind and result",
    labelNames: ["driver", "kind", "result"],
    buckets: CALL_BUCKETS,
    registers: [registry],
  });
  // What never happened is 0 and not absent: a rate over it has a beginning.
  for (const change of ["taken", "lost", "broken", "refused"]) leases.inc({ change }, 0);
  for (const change of ["joined", "left"]) members.inc({ change }, 0);
  for (const change of ["gained", "lost"]) nodes.inc({ change }, 0);
  return {
    hear(event) {
      events.inc({ event: event.event, code: event.code ?? "" });
      const change = leaseChange(event);
      if (change !== null) leases.inc({ change });
      const { joined = 0, left = 0, gained = 0, lost = 0 } = event;
      members.inc({ change: "joined" }, joined);
      members.inc({ change: "left" }, left);
      nodes.inc({ change: "gained" }, gained);
      nodes.inc({ change: "lost" }, lost);
    },
    called: (driver, { kind, result, seconds }) => calls.observe({ driver, kind, result }, seconds),
  };
}

/** refused: another engine holds it. broken: another engine took it from this one. lost: with the engine's own life. */
function leaseChange({ event, code }: EngineEvent): string | null {
  if (event === "node.skipped" && code === "IW-L01") return "refused";
  if (event === "lease.taken" || event === "lease.lost" || event === "lease.broken")
    return event.slice("lease.".length);
  return null;
}

/** A gauge with one value for each word that is given. */
interface Counted {
  readonly name: string;
  readonly help: string;
  readonly label: string;
}

function ofNodes(
  words: (node: NodeStanding) => readonly string[],
): (state: WatchState) => readonly string[] {
  return ({ nodes }) => [...nodes.values()].flatMap(words);
}

const COUNTED: readonly (Counted & { readonly words: (state: WatchState) => readonly string[] })[] =
  [
    {
      name: "nodes_by_state",
      help: "Owned nodes by provision state",
      label: "state",
      words: ofNodes(({ provisionState }) => [provisionState]),
    },
    {
      name: "drift",
      help: "Owned nodes that drifted, by facet",
      label: "facet",
      words: ofNodes(({ drifted }) => drifted),
    },
    {
      name: "nodes_blocked",
      help: "Owned nodes that are blocked, by why",
      label: "kind",
      words: ofNodes(({ blocked }) => blocked),
    },
    {
      name: "commit_info",
      help: "1 for the commit that is in force here",
      label: "commit",
      words: ({ commit }) => (commit === null ? [] : [commit]),
    },
  ];

function counted({ name, help, label }: Counted, words: () => readonly string[]): Gauge {
  return new Gauge({
    name: `ironwright_${name}`,
    help,
    labelNames: [label],
    registers: [],
    collect() {
      this.reset();
      for (const word of words()) this.inc({ [label]: word });
    },
  });
}

/** A counter that the daemon keeps itself. */
function total(name: string, help: string, read: () => number): Counter {
  return new Counter({
    name: `ironwright_${name}`,
    help,
    registers: [],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}
