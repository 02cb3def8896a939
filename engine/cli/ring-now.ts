import { arrivalsOf, type Member, membersOf } from "../plan/ring.ts";
import { isMember } from "../run/store/engines.ts";
import type { CommandInput } from "./command.ts";
import { reader, type World } from "./world.ts";

/** The ring of a commit, as it can be seen from here. */
export interface RingNow {
  readonly members: readonly Member[];
  /** Names of daemons that live; null where there is no store to tell. */
  readonly living: ReadonlySet<string> | null;
  /** Those that came while others were at work, and get their nodes a few at a time. */
  readonly arrivals: ReadonlyMap<string, number>;
}

/**
 * Of the declared members those that live; all of them where none does, or where nobody can tell: then it is what the ring
 * will be once they are started.
 */
export async function ringNow(input: CommandInput, { fleet, ...place }: World): Promise<RingNow> {
  const { store } = await reader(input, place);
  if (store === null)
    return { members: membersOf(fleet.conductors, null), living: null, arrivals: new Map() };
  const daemons = (await store.engines()).filter(isMember);
  const living = new Set(daemons.map(({ name }) => name));
  const members = membersOf(fleet.conductors, [...living]);
  const arrivals = arrivalsOf(daemons);
  return {
    members: members.length > 0 ? members : membersOf(fleet.conductors, null),
    living,
    arrivals,
  };
}
