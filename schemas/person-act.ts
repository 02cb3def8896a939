import type { BootDevice, NodeRequest } from "./documents.ts";
import type { IndicatorComponent, IndicatorState } from "./indicators.ts";
import type { HoldRecord } from "./record.ts";
import type { VendorCall, VendorImpact, VendorReadings } from "./vendor.ts";

/** What a person may ask of one node at the command line; each kind has a row in `engine/plan/act-drafts.ts`. */
export type ActAsk =
  /** What a request in git may ask as well, by the same way. */
  | { readonly kind: "request"; readonly request: Omit<NodeRequest, "id" | "expires"> }
  | {
      readonly kind: "power";
      readonly to: "on" | "off";
      /** Asked to stop, and not forced. */
      readonly soft: boolean;
      /** Seconds after which a graceful stop is forced; null: never. */
      readonly forceAfterSeconds: number | null;
    }
  | {
      readonly kind: "reboot";
      readonly soft: boolean;
      readonly forceAfterSeconds: number | null;
    }
  /** Null for every light of the component. */
  | {
      readonly kind: "indicator";
      readonly component: IndicatorComponent;
      readonly id: string | null;
      readonly state: IndicatorState;
    }
  | { readonly kind: "bootDevice"; readonly device: BootDevice; readonly persistent: boolean }
  | ({
      readonly kind: "vendor";
      readonly impact: VendorImpact;
      /** What is read back once it took effect; empty where that can't be seen. */
      readonly after: VendorReadings;
    } & VendorCall);

/** One act of a person on one node: never git's word, and never put in force. */
export interface PersonAct {
  /** Names person and time, as `actId` makes it; written into the record as used, like the id of a request. */
  readonly id: string;
  readonly node: string;
  /** `ada@desk`. */
  readonly by: string;
  readonly ask: ActAsk;
  /** Seconds that the effect is waited for; null: as the settings say. */
  readonly timeoutSeconds: number | null;
  /** It cuts the power of the node's children as well, also of those that are on or silent. */
  readonly ignoresChildren?: true;
  /** Ids of holds that its own kind of act has set, and that it goes past. */
  readonly pastHolds: readonly string[];
  /** The register entry that is in force: an act runs under it. */
  readonly registerSeq: number;
}

/** Ids of a person's acts begin with it, and no request in git may. */
export const ACT_PREFIX = "act:";

/** The id of an act: who, when, and what tells two of one moment apart. */
export function actId(by: string, time: string, hex: string): string {
  return `${ACT_PREFIX}${by}/${time}/${hex}`;
}

/** True for what a person asked at the command line. */
export function isActId(id: string): boolean {
  return id.startsWith(ACT_PREFIX);
}

/** Who asked, in an act's id. */
export function actorOf(id: string): string {
  return id.slice(ACT_PREFIX.length).replace(/\/[^/]*\/[^/]*$/, "");
}

/** `request ops-1`, or `asked by ada@desk` for a person's act: who wants it, in the words of a plan. */
export function askedIn(id: string): string {
  return isActId(id) ? `asked by ${actorOf(id)}` : `request ${id}`;
}

/** Where a person's act is declared. */
export const AT_COMMAND_LINE = "at the command line";

/** `the request ops-1 (nmi)`, or `node nmi` for a person's act. */
export function requestText({ id, action }: Pick<NodeRequest, "id" | "action">): string {
  if (!isActId(id)) return `the request ${id} (${action})`;
  return action.endsWith("reboot") ? `node power ${action}` : `node ${action}`;
}

/**
 * True when the hold was set by an act that powered the node off, and this one may go past it: off again for
 * everybody, on again for the person who powered it off.
 */
export function goesPast(hold: HoldRecord, { by, ask }: Pick<PersonAct, "by" | "ask">): boolean {
  if (hold.act === undefined || ask.kind !== "power") return false;
  return ask.to === "off" || hold.owner === by;
}
