import type { Fleet } from "../../schemas/fleet.ts";
import type { Impact } from "../../schemas/action.ts";
import type { Observation } from "../../schemas/observation.ts";
import type { HoldRecord, NodeRecord } from "../../schemas/record.ts";
import type { Settings } from "../../schemas/settings.ts";
import type { RegisterEntry, StopFile, StoreFile } from "../../schemas/store.ts";

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
  /** Nodes whose trouble `resume` acknowledged. */
  readonly acknowledged: ReadonlySet<string>;
}

export interface PlanOptions {
  /** Wall clock, milliseconds since the epoch. */
  readonly now: number;
  /** For spreads; the same seed gives the same plan. */
  readonly seed: number;
  readonly settings: Settings;
  readonly settingsHash: string;
  readonly offline: boolean;
  /** Causes that steps are made for; both when left out. */
  readonly only?: readonly ("intent" | "drift")[] | undefined;
  /** Names of nodes to plan; all when left out. */
  readonly select?: ReadonlySet<string> | undefined;
  /** Steps above it are not planned but shown as blocked. */
  readonly maxImpact?: Impact | undefined;
  /** Nodes that failed wait for their next attempt (a daemon's rounds); a person's apply is an attempt now. */
  readonly obeyBackoff?: boolean | undefined;
  /** Exact number of removals that a person accepted (`--accept-removal N`). */
  readonly acceptRemoval?: number | undefined;
}
