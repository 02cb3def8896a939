import type { NodeSpec } from "../../schemas/documents.ts";
import type { Place } from "../../schemas/diagnostic.ts";

/** Tools whose exports become documents of ours. */
export const TOOLS = ["ironic", "metal3"] as const;
export type Tool = (typeof TOOLS)[number];

/** What of a foreign machine no document says, or says otherwise. */
export interface Note {
  /** In the other tool's words: `provision_state`, `driver_info.deploy_kernel`. */
  readonly field: string;
  /** Why it is not carried over as it is. */
  readonly why: string;
  /** What a person does about it. */
  readonly todo: string;
  /** Where it is of one port, group or volume: which, and its row in the export. */
  readonly part?: { readonly noun: string; readonly name: string; readonly place: Place };
  /** What stood in the field, where that is one thing here and another there: for the document alone. */
  readonly value?: string;
}

/** A row of an export that stands in no document. */
export interface LeftBehind {
  /** `port 52:54:00:12:34:56`. */
  readonly what: string;
  readonly place: Place;
  readonly why: string;
  readonly todo: string;
}

/** One machine as another tool declares it, in our words; nothing of it is checked yet. */
export interface ForeignNode {
  /** What the other tool tells it from all others by, for people: a name, `namespace/name`, a uuid. */
  readonly called: string;
  /** As the other tool calls it; null where it has no name. */
  readonly name: string | null;
  /** What is put behind the name where two would have one. */
  readonly suffix: string;
  readonly place: Place;
  readonly uuid: string | undefined;
  /** The node that it sits in, as the other tool names it: by its name or its uuid. */
  readonly parent?: { readonly called: string; readonly dedicatedPower: boolean } | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: NodeSpec;
  /** JSON pointers below `spec` -> rows of other lists than the node's own. */
  readonly origins: Readonly<Record<string, Place>>;
  readonly notes: readonly Note[];
}

/** What of the hardware types an import must know: names, not what is behind them. */
export interface Offering {
  knows(driver: string): boolean;
  /** Whether an implementation of an interface is the driver's default, another of its own, or none. */
  find(driver: string, interfaceName: string, implementation: string): "default" | "other" | "none";
}
