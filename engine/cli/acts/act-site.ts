import type { Fleet } from "../../../schemas/fleet.ts";
import { instantText } from "../../../schemas/instant.ts";
import { actId, goesPast, type PersonAct } from "../../../schemas/person-act.ts";
import type { HoldRecord } from "../../../schemas/record.ts";
import type { RegisterEntry } from "../../../schemas/store.ts";
import { fleetWithAct } from "../../plan/act-view.ts";
import type { ActingStore } from "../../run/ports.ts";
import type { CommandInput } from "../command.ts";
import type { DriverSet } from "../house.ts";
import { person, personAt } from "../person.ts";
import { resolvedNode } from "../view.ts";
import type { World } from "../world.ts";
import type { ActWish } from "./act-wish.ts";

/** Where an act is done. */
export interface Site {
  readonly input: CommandInput;
  readonly world: World;
  readonly store: ActingStore;
  readonly drivers: DriverSet;
  readonly wish: ActWish;
  readonly act: PersonAct;
  readonly uuid: string;
  /** The fleet with the act in it. */
  readonly fleet: Fleet;
  /** The hold that it sets; null where it sets none, or has set it before. */
  readonly sets: HoldRecord | null;
  /** Holds of the node as they were before it. */
  readonly holds: readonly HoldRecord[];
  /** Which commit is in force and which is read here, where they are not the same; null where they are. */
  readonly otherTree: string | null;
}

/** What does not change from one look to the next. */
export type Place = Pick<Site, "input" | "world" | "store" | "drivers" | "wish">;

/** The act with its id and its hold, as the store is now. */
export async function siteOf(from: Place): Promise<Site> {
  const { input, world, store, wish } = from;
  const { node, uuid } = await resolvedNode(world, store, wish.node);
  const holds = await store.holdsOf(uuid);
  const by = personAt(input);
  const asked = { by: person(input), ask: wish.ask };
  const past = holds.filter((one) => goesPast(one, asked));
  const now = input.house.clock.now();
  const id = actId(by, instantText(now), input.house.random.hex(ID_BYTES));
  const isMine = past.some(({ owner }) => owner === asked.by);
  const sets: HoldRecord | null =
    wish.hold === null || isMine
      ? null
      : {
          id: input.house.random.hex(ID_BYTES),
          scope: "power",
          reason: wish.hold,
          owner: asked.by,
          since: now,
          until: null,
          act: id,
        };
  const inForce = await store.inForce();
  const act: PersonAct = {
    id,
    node: node.name,
    by,
    ask: wish.ask,
    timeoutSeconds: wish.timeoutSeconds,
    ...(wish.ignoresChildren === true ? { ignoresChildren: true } : {}),
    pastHolds: [...past, ...(sets === null ? [] : [sets])].map((one) => one.id),
    registerSeq: inForce?.seq ?? 0,
  };
  return {
    ...from,
    act,
    uuid,
    fleet: fleetWithAct(world.fleet, act),
    sets,
    holds,
    otherTree: otherTree(world.fleet, inForce),
  };
}

/** An act runs under the commit that is in force: what another one says of the node is not what was applied. */
function otherTree({ tree, commit }: Fleet, inForce: RegisterEntry | null): string | null {
  if (inForce === null || inForce.tree === tree) return null;
  const applies = "apply this one first";
  // `init`, and an apply of a working tree, put in force what no commit held then.
  if (inForce.commit === null)
    return `another tree is in force, and it was no commit when it was applied; ${applies}`;
  const id = inForce.commit.slice(0, 7);
  const here = commit.id === null ? "an uncommitted tree" : `commit ${commit.id.slice(0, 7)}`;
  return `commit ${id} is in force, and this is ${here}; add --ref ${id}, check that commit out, or ${applies}`;
}

/** Of a hold, as `hold` have them: short enough to be typed. */
const ID_BYTES = 4;

/** The hold that an earlier act of this person has set. */
export function ownHold({ input, act, holds }: Site): HoldRecord | null {
  const own = holds.filter(({ id }) => act.pastHolds.includes(id));
  return own.find(({ owner }) => owner === person(input)) ?? null;
}
