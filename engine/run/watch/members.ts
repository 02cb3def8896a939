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

/** The ring of a commit, by who lives now. */
export async function ringOf(store: ActingStore, fleet: Fleet): Promise<Ring> {
  const { name: me } = store.incarnation;
  const daemons = (await store.living()).filter(({ role }) => role === "watch");
  const members = membersOf(fleet.conductors, [me, ...daemons.map(({ name }) => name)]);
  const owners = ownersOf(fleet.nodes, members);
  return {
    members: members.map(({ name }) => name),
    owned: new Set([...owners].flatMap(([node, owner]) => (owner === me ? [node] : []))),
    isMember: members.some(({ name }) => name === me),
  };
}
