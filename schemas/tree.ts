/** A node of the same plan that comes first, as a whole. */
export interface Earlier {
  readonly node: string;
  /** `it draws its power from srv-1`: follows the name in a sentence. */
  readonly why: string;
}

export type Switched = "on" | "off";

/**
 * What a node's parent and children make of its plan. They are decided once, where all nodes are known, and given back
 * to the planner when the node is planned again under its lease: so that node alone is all that is looked at there.
 */
export interface TreeTerms {
  /** Nodes whose steps are all done before the first of this one's begins. */
  readonly after?: readonly Earlier[] | undefined;
  /** Power that a child needs here, or that is to be off before the parent's is. */
  readonly power?: { readonly to: Switched; readonly why: string } | undefined;
  /** Why steps that switch it that way are not planned. */
  readonly waits?: readonly { readonly to: Switched; readonly why: string }[] | undefined;
  readonly notes?: readonly string[] | undefined;
}
