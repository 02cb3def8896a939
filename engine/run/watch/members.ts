import type { Fleet } from "../../../schemas/fleet.ts";
import { arrivalsOf, membersOf, ownersNow } from "../../plan/ring.ts";
import type { ActingStore } from "../ports.ts";
import { isMember } from "../store/engines.ts";

/** Who lives, and so which nodes are this engine's: alike in every member that sees the same. */
export interface Ring {
  readonly members: readonly string[];
  readonly owned: ReadonlySet<string>;
  /** False for an engine that the commit does not declare: it owns nothing, and puts nothing in force. */
  readonly isMember: boolean;
}

/** The ring before anything was read. */
export const NO_RING: Ring = { members: [], owned: new Set(), isMember: false };

/** Which daemons are there. */
interface Living {
  readonly names: readonly string[];
  readonly arrivals: ReadonlyMap<string, number>;
}

/** The ring of a commit by who lives now: computed anew when either has changed, for every round asks. */
export class Members {
  readonly #store: ActingStore;
  #last: { readonly fleet: Fleet; readonly living: string; readonly ring: Ring } | null = null;

  constructor(store: ActingStore) {
    this.#store = store;
  }

  async ringOf(fleet: Fleet): Promise<Ring> {
    const me = this.#store.incarnation;
    // Who was told to leave is passed over at once, also by itself.
    const daemons = [me, ...(await this.#store.living())].filter(isMember);
    const names = [...new Set(daemons.map(({ name }) => name))].sort();
    const arrivals = arrivalsOf(daemons);
    const living = JSON.stringify(names.map((name) => [name, arrivals.get(name) ?? null]));
    if (this.#last?.fleet === fleet && this.#last.living === living) return this.#last.ring;
    const ring = among(fleet, { names, arrivals }, me.name);
    this.#last = { fleet, living, ring };
    return ring;
  }
}

function among(fleet: Fleet, { names, arrivals }: Living, me: string): Ring {
  const members = membersOf(fleet.conductors, names);
  const owners = ownersNow(fleet.nodes, members, arrivals);
  return {
    members: members.map(({ name }) => name),
    owned: new Set([...owners].flatMap(([node, owner]) => (owner === me ? [node] : []))),
    isMember: members.some(({ name }) => name === me),
  };
}
