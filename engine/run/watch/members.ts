import type { Fleet } from "../../../schemas/fleet.ts";
import { membersOf, ownersOf } from "../../plan/ring.ts";
import type { ActingStore } from "../ports.ts";

/** Who lives, and so which nodes are this engine's: alike in every member that sees the same. */
export interface Ring {
  readonly members: readonly string[];
  readonly owned: ReadonlySet<string>;
  /** False for an engine that the commit does not declare: it owns nothing, and puts nothing in force. */
  readonly isMember: boolean;
}

/** The ring before anything was read. */
export const NO_RING: Ring = { members: [], owned: new Set(), isMember: false };

/** The ring of a commit by who lives now: computed anew when either has changed, for every round asks. */
export class Members {
  readonly #store: ActingStore;
  #last: { readonly fleet: Fleet; readonly living: string; readonly ring: Ring } | null = null;

  constructor(store: ActingStore) {
    this.#store = store;
  }

  async ringOf(fleet: Fleet): Promise<Ring> {
    const { name: me } = this.#store.incarnation;
    const daemons = (await this.#store.living()).filter(({ role }) => role === "watch");
    const names = [me, ...daemons.map(({ name }) => name)].sort();
    const living = JSON.stringify(names);
    if (this.#last?.fleet === fleet && this.#last.living === living) return this.#last.ring;
    const ring = among(fleet, names, me);
    this.#last = { fleet, living, ring };
    return ring;
  }
}

function among(fleet: Fleet, living: readonly string[], me: string): Ring {
  const members = membersOf(fleet.conductors, living);
  const owners = ownersOf(fleet.nodes, members);
  return {
    members: members.map(({ name }) => name),
    owned: new Set([...owners].flatMap(([node, owner]) => (owner === me ? [node] : []))),
    isMember: members.some(({ name }) => name === me),
  };
}
