import { type Fleet, type FleetNode, findNode, nodesUnlike } from "../../../schemas/fleet.ts";
import { arrivalsOf, type Member, membersOf, ownersNow, ownersOf } from "../../plan/ring.ts";
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

/** The ring that was computed last, and of what. */
interface Last {
  readonly fleet: Fleet;
  readonly living: string;
  readonly ring: Ring;
}

/** The ring of a commit by who lives now: computed anew when either has changed, for every round asks. */
export class Members {
  readonly #store: ActingStore;
  #last: Last | null = null;

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
    const members = membersOf(fleet.conductors, names);
    const last = this.#last?.living === living && arrivals.size === 0 ? this.#last : null;
    const owned =
      (last === null ? null : movedOwned(last, fleet, { members, me: me.name })) ??
      allOwned(fleet, { members, arrivals, me: me.name });
    // The very same ring where a commit changes nothing of it: all who keep it know so at once.
    const ring =
      last?.ring.owned === owned
        ? last.ring
        : {
            members: members.map(({ name }) => name),
            owned,
            isMember: members.some(({ name }) => name === me.name),
          };
    this.#last = { fleet, living, ring };
    return ring;
  }
}

function allOwned(
  fleet: Fleet,
  {
    members,
    arrivals,
    me,
  }: {
    readonly members: readonly Member[];
    readonly arrivals: ReadonlyMap<string, number>;
    readonly me: string;
  },
): ReadonlySet<string> {
  const owners = ownersNow(fleet.nodes, members, arrivals);
  return new Set([...owners].flatMap(([node, owner]) => (owner === me ? [node] : [])));
}

/** The same where a commit changed few nodes of many, and no member; null where more than themselves may change hands. */
function movedOwned(
  { fleet: before, ring }: Last,
  fleet: Fleet,
  { members, me }: { readonly members: readonly Member[]; readonly me: string },
): ReadonlySet<string> | null {
  if (before.conductors !== fleet.conductors) return null;
  const come = nodesUnlike(before.nodes, fleet.nodes);
  // A child goes with its parent, by the parent's uuid.
  const isOther = ({ name, uuid }: FleetNode): boolean =>
    uuid !== (findNode(before.nodes, name)?.uuid ?? uuid);
  if (come.some(isOther)) return null;
  const parents = come.flatMap(({ spec }) => findNode(fleet.nodes, spec.parent ?? "") ?? []);
  const owners = ownersOf([...new Set([...come, ...parents])], members);
  const lost = nodesUnlike(fleet.nodes, before.nodes).filter(
    ({ name }) => ring.owned.has(name) && owners.get(name) !== me,
  );
  const gained = come.filter(({ name }) => owners.get(name) === me && !ring.owned.has(name));
  if (lost.length + gained.length === 0) return ring.owned;
  const owned = new Set(ring.owned);
  for (const { name } of lost) owned.delete(name);
  for (const { name } of gained) owned.add(name);
  return owned;
}
