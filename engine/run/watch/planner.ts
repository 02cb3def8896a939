import { findNode } from "../../../schemas/fleet.ts";
import { sameValue } from "../../plan/canonical-json.ts";
import type { PlanOptions } from "../../plan/input.ts";
import { withRelatives } from "../../plan/tree/relatives.ts";
import type { Whole } from "../../plan/whole.ts";
import { facetsToRead } from "../observe-fleet.ts";
import {
  type Look,
  lookAt,
  lookedAt,
  type Planned,
  planSeen,
  type PlanFleetOptions,
  readFacts,
} from "../plan-fleet.ts";
import { type Declared, intervalMsOf } from "./declared.ts";
import type { Known } from "./known.ts";
import type { Looked, Looks } from "./looks.ts";
import type { WatchPorts } from "./ports.ts";

/** What came of planning what was read. */
export interface PlannedLooks {
  /** Null where nothing that was read still fits. */
  readonly planned: Planned | null;
  /** Nodes whose reading rests on facets of before and does not agree: to be read afresh. */
  readonly doubted: readonly string[];
}

type PlannerPorts = Pick<WatchPorts, "store" | "clock" | "digest" | "catalog" | "drivers">;

/** Reads and plans nodes of a commit for a daemon, in two parts: between them the rounds go on. */
export class Planner {
  readonly #ports: PlannerPorts;
  readonly #known: Known;
  readonly #beat: () => void;

  constructor(ports: PlannerPorts, known: Known, beat: () => void) {
    this.#ports = ports;
    this.#known = known;
    this.#beat = beat;
  }

  options({ settings, settingsHash }: Declared): PlanOptions {
    return {
      now: this.#ports.clock.now(),
      settings,
      settingsHash,
      digest: this.#ports.digest,
      offline: false,
      maxImpact: settings.watch.maxImpact,
      obeyBackoff: true,
    };
  }

  /** Begins to read those that nobody reads yet, each with those of its family that may be planned with it. */
  async begin(
    looks: Looks,
    declared: Declared,
    names: readonly string[],
    how: {
      readonly isFree: (name: string) => boolean;
      readonly signal: AbortSignal;
      /** Also what was read of late. */
      readonly isAfresh?: boolean;
    },
  ): Promise<void> {
    const whole = await this.#wholeOf(declared, names);
    const ports = this.#observePorts(declared);
    const facetSeconds = how.isAfresh === true ? undefined : declared.settings.watch.facetSeconds;
    for (const name of names) {
      if (looks.has(name)) continue;
      const family = [...withRelatives(declared.fleet.nodes, new Set([name]))].filter(
        (one) => !looks.has(one) && how.isFree(one),
      );
      const nodes = lookedAt(declared.fleet, new Set(family));
      const options = { facetSeconds, signal: how.signal, onRead: this.#beat };
      const read = (): ReturnType<typeof lookAt> => lookAt(whole, nodes, ports, options);
      looks.begin(family, read, this.#known.silent.has(name));
    }
  }

  /**
   * Plans what was read, where the node and its record are still what they were when the reading began; the others keep their
   * turn. Who is in doubt is left out of the plan, with those that are planned with him.
   */
  async planLooks(
    declared: Declared,
    ended: readonly Looked[],
    how: { readonly signal: AbortSignal; readonly keeps?: boolean },
  ): Promise<PlannedLooks> {
    const whole = await this.#wholeOf(
      declared,
      ended.flatMap(({ names }) => names),
    );
    const fits = ({ node, record, before }: Look): boolean =>
      node === findNode(declared.fleet.nodes, node.name) &&
      // Asked meanwhile to try a login again that was refused: what was read does not answer that.
      before?.refusedSecret === whole.observations.get(node.name)?.refusedSecret &&
      sameValue(record, whole.resolved.nodes.get(node.name)?.record ?? null);
    // A relative on which somebody works is another one at each moment, and is planned by nobody here.
    const fitting = ended.filter(({ names, looks }) =>
      names.every((name) => {
        const look = looks.get(name);
        return look !== undefined && fits(look);
      }),
    );
    if (fitting.length === 0) return { planned: null, doubted: [] };
    const looks = new Map(fitting.flatMap((one) => [...one.looks]));
    const { store } = this.#ports;
    const facts = await readFacts(store, declared.fleet);
    const planned = (names: readonly string[]): ReturnType<typeof planSeen> =>
      planSeen(whole, store, { facts, looks }, this.#how(declared, names, how));
    const first = await planned(fitting.flatMap(({ names }) => names));
    if (first.doubted.size === 0) return { planned: first, doubted: [] };
    const isSure = ({ names }: Looked): boolean => !names.some((name) => first.doubted.has(name));
    const sure = fitting.filter(isSure).flatMap(({ names }) => names);
    const doubted = fitting.filter((one) => !isSure(one)).flatMap(({ names }) => names);
    return { planned: sure.length === 0 ? null : await planned(sure), doubted };
  }

  /** A commit's plan of these nodes, with what was read for it, or from the last readings alone; nothing of it is kept. */
  async judge(
    candidate: Declared,
    names: readonly string[],
    ended: readonly Looked[],
    how: { readonly offline?: boolean; readonly signal: AbortSignal },
  ): Promise<Planned> {
    const whole = await this.#wholeOf(candidate, names);
    const { store } = this.#ports;
    const facts = await readFacts(store, candidate.fleet);
    const looks = new Map(ended.flatMap((one) => [...one.looks]));
    const kept = this.#how(candidate, names, { ...how, keeps: false });
    return planSeen(whole, store, { facts, looks }, kept);
  }

  /** Those of them of which too little was read, or too long ago, to judge a commit by. */
  unread(candidate: Declared, before: Declared | null, names: readonly string[]): string[] {
    const maxAgeMs = intervalMsOf(candidate);
    return names.filter((name) => {
      const node = findNode(candidate.fleet.nodes, name);
      const was = before === null ? undefined : findNode(before.fleet.nodes, name);
      if (node === undefined) return false;
      const isElsewhere = !sameValue(
        [was?.spec.driver, was?.spec.bmc],
        [node.spec.driver, node.spec.bmc],
      );
      return (
        isElsewhere || !this.#known.isRead(name, maxAgeMs, (record) => facetsToRead(node, record))
      );
    });
  }

  #wholeOf(declared: Declared, names: readonly string[]): Promise<Whole> {
    return this.#known.of(declared.fleet, names, intervalMsOf(declared));
  }

  #observePorts(declared: Declared): Parameters<typeof lookAt>[2] {
    const { drivers, clock } = this.#ports;
    return { drivers: drivers(declared), clock, concurrency: declared.settings.concurrency };
  }

  #how(
    declared: Declared,
    names: readonly string[],
    { offline = false, ...how }: { offline?: boolean; keeps?: boolean; signal: AbortSignal },
  ): PlanFleetOptions {
    return {
      plan: { ...this.options(declared), offline, select: new Set(names) },
      catalog: this.#ports.catalog,
      facetSeconds: declared.settings.watch.facetSeconds,
      isOld: (plan) => this.#known.refreshFor(plan),
      ...how,
    };
  }
}
