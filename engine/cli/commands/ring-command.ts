import {
  aMember,
  type Member,
  membersOf,
  movesBetween,
  ownersNow,
  ownersOf,
  whyNobody,
} from "../../plan/ring.ts";
import { answer } from "../answer.ts";
import { type Command, CommandError, type CommandInput, listOption } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { type RingNow, ringNow } from "../ring-now.ts";
import { selectedNames } from "../selector.ts";
import { table } from "../table.ts";
import { loadWorld, type World } from "../world.ts";

/** Moves that are named one by one, before the rest is counted. */
const NAMED_MAX = 40;

/** `ring`: who owns which node, and what would move. */
export const ringCommand: Command = {
  name: "ring",
  summary: "which engine owns which nodes, by the commit and by who lives; what would move",
  options: [
    {
      flags: "--add <name>",
      description: "what would move to an engine of that name",
      repeat: true,
    },
    { flags: "--remove <name>", description: "what would move away from it", repeat: true },
  ],
  examples: [
    "ironwright ring",
    "ironwright ring --remove engine-2",
    "ironwright ring --json -l rack=r7",
  ],
  async run(input) {
    const world = await loadWorld(input);
    const { members, living, arrivals } = await ringNow(input, world);
    const { nodes } = world.fleet;
    const changed = changedMembers(input, world, members);
    if (changed !== null)
      return showMoves(input, world, { members, changed, owners: ownersOf(nodes, members) });
    const owners = ownersNow(nodes, members, arrivals);
    const shown = selectedNames(nodes, input.common);
    const wanted = nodes.filter(({ name }) => shown?.has(name) ?? true);
    const data = {
      commit: world.fleet.commit.id,
      members: members.map((member) => ({
        ...member,
        lives: living === null ? null : living.has(member.name),
      })),
      owners: Object.fromEntries(wanted.map(({ name }) => [name, owners.get(name) ?? null])),
    };
    answer(input, data, () => {
      const rows = members.map((member) => memberRow(member, { living, arrivals, owners }));
      const head = ["MEMBER", "GROUP", "WEIGHT", "LIVES", "NODES", "TYPES"];
      const ownerless = wanted
        .filter(({ name }) => owners.get(name) === null)
        .map((node) => `${node.name} has no owner: ${whyNobody(node, members)}\n`);
      const none = members.length === 0 ? "no engine watches, and no Conductor is declared.\n" : "";
      return `${none}${rows.length === 0 ? "" : table(head, rows, input.io.columns)}${ownerless.join("")}`;
    });
    return EXIT.done;
  },
};

function memberRow(
  { name, group, weight, hardwareTypes }: Member,
  {
    living,
    arrivals,
    owners,
  }: Pick<RingNow, "living" | "arrivals"> & { readonly owners: ReadonlyMap<string, string | null> },
): readonly string[] {
  const nodes = [...owners.values()].filter((owner) => owner === name).length;
  const seen = living?.has(name) === true ? (arrivals.has(name) ? "comes" : "yes") : "no";
  const lives = living === null ? "?" : seen;
  const types = hardwareTypes?.join(", ") ?? "all";
  return [name, group === "" ? "-" : group, String(weight), lives, String(nodes), types];
}

/** The members after `--add` and `--remove`; null where neither was said. */
function changedMembers(
  input: CommandInput,
  { fleet }: World,
  members: readonly Member[],
): readonly Member[] | null {
  const added = listOption(input, "add");
  const removed = listOption(input, "remove");
  if (added.length === 0 && removed.length === 0) return null;
  const names = members.map(({ name }) => name);
  for (const name of removed)
    if (!names.includes(name))
      throw new CommandError(
        EXIT.usage,
        `--remove ${name}: it is no member; members are: ${names.join(", ") || "none"}`,
      );
  for (const name of added)
    if (names.includes(name))
      throw new CommandError(EXIT.usage, `--add ${name}: it is a member already`);
  const kept = members.filter(({ name }) => !removed.includes(name));
  const declared = membersOf(fleet.conductors, null);
  const come = added.map((name) => declared.find((one) => one.name === name) ?? aMember(name));
  return [...kept, ...come];
}

function showMoves(
  input: CommandInput,
  { fleet }: World,
  ring: {
    readonly members: readonly Member[];
    readonly changed: readonly Member[];
    readonly owners: ReadonlyMap<string, string | null>;
  },
): typeof EXIT.done {
  const moves = movesBetween(ring.owners, ownersOf(fleet.nodes, ring.changed));
  const data = { commit: fleet.commit.id, members: ring.changed, moves };
  answer(input, data, () => {
    const count = `${moves.length} of ${fleet.nodes.length} nodes would move`;
    if (moves.length === 0) return `${count}.\n`;
    const rows = moves
      .slice(0, NAMED_MAX)
      .map(({ node, from, to }) => [node, from ?? "nobody", to ?? "nobody"]);
    const rest = moves.length > NAMED_MAX ? `and ${moves.length - NAMED_MAX} more (--json)\n` : "";
    return `${count}:\n${table(["NODE", "FROM", "TO"], rows, input.io.columns)}${rest}`;
  });
  return EXIT.done;
}
