import type { Ring } from "./members.ts";
import type { Teller } from "./teller.ts";

/** Says who is in the ring and how many nodes came and went; `me`: the name of this engine. */
export function tellRing(
  teller: Teller,
  me: string,
  { before, now }: { readonly before: Ring; readonly now: Ring },
): void {
  const who = now.members.length === 0 ? "none" : now.members.join(", ");
  const stranger = now.isMember ? "" : `; ${me} is not declared and owns nothing`;
  teller.once("watch.members", `members: ${who}${stranger}`, null, {
    joined: missing(now.members, new Set(before.members)),
    left: missing(before.members, new Set(now.members)),
  });
  const gained = missing([...now.owned], before.owned);
  const lost = missing([...before.owned], now.owned);
  if (gained + lost === 0) return;
  const message = `owns ${now.owned.size} nodes: ${gained} gained, ${lost} lost`;
  teller.tell("watch.nodes", message, { gained, lost });
}

/** How many of these the others lack. */
function missing(these: readonly string[], others: ReadonlySet<string>): number {
  return these.filter((one) => !others.has(one)).length;
}
