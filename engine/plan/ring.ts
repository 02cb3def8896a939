import type { ConductorDocument } from "../../schemas/documents.ts";
import type { FleetNode } from "../../schemas/fleet.ts";

/** An engine that may own nodes. */
export interface Member {
  readonly name: string;
  /** "" owns the nodes that name no group, as in Ironic. */
  readonly group: string;
  /** Null for every one. */
  readonly hardwareTypes: readonly string[] | null;
  /** 1 to 100: its share against the others'. */
  readonly weight: number;
}

/** What of a node decides who owns it. */
type Owned = Pick<FleetNode, "name" | "uuid" | "spec">;

/**
 * The members of a commit. Where it declares no Conductor, every engine that lives is one, of weight 1; else an engine that
 * is not declared owns nothing. `living` null counts every declared one as alive.
 */
export function membersOf(
  conductors: readonly ConductorDocument[],
  living: readonly string[] | null,
): readonly Member[] {
  if (conductors.length === 0) return [...(living ?? [])].sort().map((name) => aMember(name));
  const lives = living === null ? null : new Set(living);
  return conductors
    .filter(({ metadata: { name } }) => lives?.has(name) ?? true)
    .map(({ metadata: { name }, spec }) => ({ ...aMember(name), ...declared(spec) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A member of no group, with every hardware type and weight 1. */
export function aMember(name: string): Member {
  return { name, group: "", hardwareTypes: null, weight: 1 };
}

function declared(spec: ConductorDocument["spec"]): Omit<Member, "name"> {
  const { group = "", hardwareTypes, weight = 1 } = spec;
  return { group, hardwareTypes: hardwareTypes ?? null, weight };
}

/**
 * Who owns each node, by name; null where no member may. Each engine computes it alone: it depends on the commit and on who
 * lives, and on nothing else. Every member draws a number for every node and the lowest wins (rendezvous hashing), so that
 * a member which comes or goes moves its own share and nothing else. A child goes with its parent: their power is planned
 * together.
 */
export function ownersOf(
  nodes: readonly Owned[],
  members: readonly Member[],
): ReadonlyMap<string, string | null> {
  const seeds = members.map((member) => ({ member, seed: seedOf(member.name) }));
  const keyOf = familyKeys(nodes);
  const owners = new Map<string, string | null>();
  for (const { name, spec } of nodes) {
    const key = seedOf(keyOf(name, spec));
    let owner: string | null = null;
    let lowest = Infinity;
    for (const { member, seed } of seeds) {
      if (whyNot(member, spec) !== null) continue;
      const drawn = draw(key, seed) / member.weight;
      if (drawn < lowest) [owner, lowest] = [member.name, drawn];
    }
    owners.set(name, owner);
  }
  return owners;
}

/**
 * A daemon that comes while others are at work gets its nodes over so many renewals of its lease, each a third of the ttl:
 * minutes, in which whoever has a node goes on with it.
 */
const ARRIVAL_RENEWALS = 20;
/** So many nodes come over with each renewal in any case: a small fleet need not wait. */
const ARRIVAL_NODES = 64;

/** What a store says of a daemon that lives. */
export interface Arriving {
  readonly name: string;
  readonly joins?: boolean | undefined;
  readonly counter: number;
  /** Wall clock of its host, milliseconds since the epoch: of two of one name the later is meant. */
  readonly startedAt: number;
}

/** Members on their way in, with how often each has renewed its lease since it came. */
export function arrivalsOf(living: readonly Arriving[]): ReadonlyMap<string, number> {
  // One that crashed and began anew is seen twice by hosts that cannot see it gone.
  const newest = new Map<string, Arriving>();
  for (const one of living)
    if (one.startedAt >= (newest.get(one.name)?.startedAt ?? -Infinity)) newest.set(one.name, one);
  return new Map(
    [...newest.values()].flatMap(({ name, joins, counter }) =>
      joins === true && counter < ARRIVAL_RENEWALS ? [[name, counter] as const] : [],
    ),
  );
}

/**
 * Who owns each node while members are on their way in: of the nodes of one that arrives the first come over, in an order that
 * all compute alike, and more with each of its renewals, which all can see; who had the others keeps them. So a restart moves
 * no more at once than a daemon can take over. A node that nobody else may own is the arriving one's at once, and where all
 * arrive nobody waits. Two members that read a renewal apart differ over a few nodes for a moment: the lease says who may.
 */
export function ownersNow(
  nodes: readonly Owned[],
  members: readonly Member[],
  arrivals: ReadonlyMap<string, number>,
): ReadonlyMap<string, string | null> {
  const settled = members.filter(({ name }) => !arrivals.has(name));
  const owners = ownersOf(nodes, members);
  if (settled.length === 0 || settled.length === members.length) return owners;
  const before = ownersOf(nodes, settled);
  const keys = familyKeys(nodes);
  const orderOf = ({ name, spec }: Owned): string => {
    const key = keys(name, spec);
    return `${digitsOf(key)} ${key} ${name}`;
  };
  const now = new Map(owners);
  for (const [name, renewals] of arrivals) {
    const its = nodes
      .filter((node) => owners.get(node.name) === name && before.get(node.name) !== null)
      .map((node) => ({ node, order: orderOf(node), key: keys(node.name, node.spec) }))
      .sort((a, b) => (a.order < b.order ? -1 : 1));
    const step = Math.max(ARRIVAL_NODES, Math.ceil(its.length / ARRIVAL_RENEWALS));
    let first = step * (renewals + 1);
    // A family comes over whole.
    while (first < its.length && its[first]?.key === its[first - 1]?.key) first += 1;
    for (const { node } of its.slice(first)) now.set(node.name, before.get(node.name) ?? null);
  }
  return now;
}

/** What a node is drawn by: a child by its parent, so that their power has one owner. */
function familyKeys(nodes: readonly Owned[]): (name: string, spec: Owned["spec"]) => string {
  const keys = new Map(nodes.map((node) => [node.name, node.uuid ?? node.name]));
  return (name, spec) => keys.get(spec.parent ?? name) ?? keys.get(name) ?? name;
}

/** A number of a text as digits that sort as it does. */
function digitsOf(text: string): string {
  return (hash(text, 0x811c9dc5) >>> 0).toString(16).padStart(8, "0");
}

/** Why none of these members may own it, in one clause. */
export function whyNobody({ spec }: Owned, members: readonly Member[]): string {
  if (members.length === 0) return "no engine is a member";
  const { conductorGroup = "", driver = "" } = spec;
  const inGroup = members.filter(({ group }) => group === conductorGroup);
  if (inGroup.length > 0) return `no member of its group has the hardware type ${driver}`;
  return conductorGroup === ""
    ? "it names no conductor group, and every member is in one"
    : `no member is in the conductor group ${conductorGroup}`;
}

function whyNot(member: Member, spec: Owned["spec"]): "group" | "type" | null {
  if (member.group !== (spec.conductorGroup ?? "")) return "group";
  const knows = member.hardwareTypes?.includes(spec.driver ?? "") ?? true;
  return knows ? null : "type";
}

type Seed = readonly [number, number];

/** Two independent words of 32 bits of a text. */
function seedOf(text: string): Seed {
  return [hash(text, 0x811c9dc5), hash(text, 0x1b873593)];
}

/** An exponentially distributed number: divided by weights, the lowest of many falls on each by its weight. */
function draw([a, b]: Seed, [c, d]: Seed): number {
  const high = scramble(a ^ c) >>> 6;
  const low = scramble(scramble(b ^ d) ^ a) >>> 6;
  return -Math.log((high * 2 ** 26 + low + 0.5) / 2 ** 52);
}

/** FNV-1a of 32 bits, scrambled: its last bytes alone would hardly move the upper bits. */
function hash(text: string, basis: number): number {
  let word = basis;
  for (let at = 0; at < text.length; at += 1)
    word = Math.imul(word ^ text.charCodeAt(at), 0x01000193);
  return scramble(word);
}

/** The finaliser of MurmurHash3: every bit of the input moves half of the output's. */
function scramble(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** What changes hands between two rings. */
export interface Move {
  readonly node: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** Nodes whose owner is another one afterwards, sorted by name. */
export function movesBetween(
  before: ReadonlyMap<string, string | null>,
  after: ReadonlyMap<string, string | null>,
): readonly Move[] {
  return [...after]
    .map(([node, to]) => ({ node, from: before.get(node) ?? null, to }))
    .filter(({ from, to }) => from !== to)
    .sort((a, b) => (a.node < b.node ? -1 : 1));
}
