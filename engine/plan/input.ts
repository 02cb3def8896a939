import type { Fleet } from "../../schemas/fleet.ts";
import type { Impact } from "../../schemas/impact.ts";
import type { Observation } from "../../schemas/observation.ts";
import type { ForgottenUses, HoldRecord, NodeRecord, UsedRequests } from "../../schemas/record.ts";
import type { PersonAct } from "../../schemas/person-act.ts";
import type { Settings } from "../../schemas/settings.ts";
import type { Catalog } from "../../schemas/steps.ts";
import type { Machines } from "./machines.ts";
import type { Owners } from "./owners.ts";
import type { Digest } from "./plan-id.ts";
import type { Policies } from "./policies.ts";
import { STORE_FORMAT } from "../../schemas/store-format.ts";
import {
  type AppliedImage,
  type RegisterEntry,
  type StopFile,
  type StoreFile,
  writtenIn,
} from "../../schemas/store.ts";
import { type RecordedImage, Whole } from "./whole.ts";

/** Everything that a plan is made from. Nothing else is read. */
export interface PlanInput {
  readonly fleet: Fleet;
  /** By node name; a node that is not in it was not observed. */
  readonly observations: ReadonlyMap<string, Observation>;
  /** By uuid. */
  readonly records: ReadonlyMap<string, NodeRecord>;
  /** By uuid; holds of the command line, the expired ones left out. */
  readonly holds: ReadonlyMap<string, readonly HoldRecord[]>;
  /** Null without a store: every node is then unknown and nothing is planned. */
  readonly store: StoreFile | null;
  readonly inForce: RegisterEntry | null;
  readonly stop: StopFile | null;
  /** Uuids of nodes whose last holder ended in the middle of its work. */
  readonly unfinished: ReadonlySet<string>;
  /** What the hardware types offer: their interfaces and steps. */
  readonly catalog: Catalog;
  /**
   * Request ids that count as used on every node, for they were in git when the store was made anew;
   * null when the history was too short to tell, and then no request runs.
   */
  readonly spentRequests: ReadonlySet<string> | null;
  /** What the store keeps of Images of this fleet that were applied, by name: also where nothing runs them any more. */
  readonly appliedImages: ReadonlyMap<string, AppliedImage>;
  /** What ran on nodes that were forgotten. */
  readonly forgottenUses: readonly ForgottenUses[];
  /**
   * Nodes that were declared when the store was made, or were forgotten since, and are somebody's: never erased by
   * inference. By name, and by what tells their machines (`keysOf`).
   */
  readonly existing: ReadonlySet<string>;
  /** Allocation -> uuid of the node that was taken for it. */
  readonly allocated: ReadonlyMap<string, string>;
  /** Nodes whose trouble `resume` acknowledged. */
  readonly acknowledged: ReadonlySet<string>;
}

/** What of the input is the same for every node. */
export interface Surroundings {
  readonly catalog: Catalog;
  readonly templates: Fleet["templates"];
  readonly runbooks: Fleet["runbooks"];
  /** Images of this fleet that were applied, by name: with which checksum, to which node first, and when. */
  readonly appliedImages: Pick<ReadonlyMap<string, RecordedImage>, "get">;
  readonly spentRequests: PlanInput["spentRequests"];
  /** What ran on nodes that were forgotten, by all that names them or their machine. */
  readonly forgottenUses: ReadonlyMap<string, UsedRequests>;
  /** Node name -> request id -> when it came into force. */
  readonly requestsSeen: RegisterEntry["requests"];
  /** The register entry under which the plan would run. */
  readonly seq: number;
  readonly existing: PlanInput["existing"];
  /** True for a store that was made anew or restored: what was agreed with the hardware before is lost. */
  readonly remade: boolean;
  /** The format that the store is written in. */
  readonly format: number;
  readonly policies: Policies;
  /** MACs of recorded ports, with the records that have each: two while one waits to be let go. */
  readonly macs: Owners<NodeRecord>;
  /** Every machine that this store knows, under whatever name. */
  readonly machines: Machines;
}

/** The parts of the input that concern all nodes alike. */
export function surroundingsOf(
  input: Pick<
    PlanInput,
    | "fleet"
    | "catalog"
    | "appliedImages"
    | "spentRequests"
    | "forgottenUses"
    | "inForce"
    | "existing"
    | "records"
    | "observations"
    | "store"
  >,
  whole = new Whole(input),
): Surroundings {
  const { fleet, catalog, spentRequests, inForce, existing } = input;
  const { templates, runbooks, tree } = fleet;
  const seq = inForce === null ? 1 : inForce.tree === tree ? inForce.seq : inForce.seq + 1;
  return {
    catalog,
    templates,
    runbooks,
    appliedImages: appliedImages(input, whole),
    spentRequests,
    forgottenUses: usesByKey(input.forgottenUses),
    requestsSeen: inForce?.requests ?? {},
    seq,
    format: input.store === null ? STORE_FORMAT : writtenIn(input.store),
    policies: whole.policies,
    macs: whole.macs,
    existing,
    remade: (input.store?.epoch ?? 1) > 1,
    machines: whole.machines,
  };
}

/** What was kept of a name stands over what records say: records of an engine before this one are all that there is. */
function appliedImages(
  { fleet: { images }, appliedImages: kept }: Pick<PlanInput, "fleet" | "appliedImages">,
  whole: Whole,
): Surroundings["appliedImages"] {
  const names = new Set(images.map(({ metadata }) => metadata.name));
  return {
    get: (name) => (names.has(name) ? (kept.get(name) ?? first(whole.images.of(name))) : undefined),
  };
}

/** Of several records that say it the first one: they may differ where none of them was kept. */
function first(all: ReadonlyMap<string, RecordedImage>): RecordedImage | undefined {
  return [...all.values()].sort(
    (a, b) => (a.at ?? Infinity) - (b.at ?? Infinity) || (a.node < b.node ? -1 : 1),
  )[0];
}

export interface PlanOptions {
  /** Wall clock, milliseconds since the epoch. */
  readonly now: number;
  readonly settings: Settings;
  readonly settingsHash: string;
  /** SHA-256, lower-case hex. */
  readonly digest: Digest;
  readonly offline: boolean;
  /** Causes that steps are made for; both when left out. */
  readonly only?: readonly ("intent" | "drift")[] | undefined;
  /** Names of nodes to plan; all when left out. */
  readonly select?: ReadonlySet<string> | undefined;
  /** Steps above it are not planned but shown as blocked. */
  readonly maxImpact?: Impact | undefined;
  /** Nodes that failed wait for their next attempt (a daemon's rounds); a person's apply is an attempt now. */
  readonly obeyBackoff?: boolean | undefined;
  /** Names of nodes whose machines a person gives up to be erased (`--claim NODE`); `all` for every one. */
  readonly claims?: ReadonlySet<string> | "all" | undefined;
  /** What a person asks of one node: nothing else is planned for it. */
  readonly act?: PersonAct | undefined;
  /** Exact number of removals that a person accepted (`--accept-removal N`). */
  readonly acceptRemoval?: number | undefined;
}

function usesByKey(all: readonly ForgottenUses[]): Surroundings["forgottenUses"] {
  const byKey = new Map<string, UsedRequests>();
  for (const { keys, requests } of all)
    for (const key of keys) byKey.set(key, { ...byKey.get(key), ...requests });
  return byKey;
}
