import { HOLD_SCOPES } from "../../../schemas/documents.ts";
import { parseInstant, instantText } from "../../../schemas/instant.ts";
import { placeText } from "../../../schemas/diagnostic.ts";
import { originOf } from "../../../schemas/fleet.ts";
import { resolveNodes } from "../../plan/match-records.ts";
import { answer } from "../answer.ts";
import { type Command, CommandError, type CommandInput, textOption } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { person } from "../person.ts";
import { setHold } from "../set-hold.ts";
import { table } from "../table.ts";
import { resolvedNode } from "../view.ts";
import { loadWorld, needReader, withActing } from "../world.ts";

/** `hold`: keeps the engine's hands off a node; obeyed before the next act by all. */
export const holdCommand: Command = {
  name: "hold",
  arguments: "<node>",
  completes: "node",
  summary: "keep all engines' hands off a node, before their next act",
  options: [
    { flags: "--reason <text>", description: "why; shown in every plan" },
    {
      flags: "--scope <word>",
      description: `what is held: ${HOLD_SCOPES.join(", ")}`,
      default: "all",
    },
    { flags: "--until <time>", description: "ends by itself: 2h, 3d, or 2026-12-01T00:00:00Z" },
    { flags: "--owner <name>", description: "who holds it (default: you)" },
  ],
  examples: [
    'ironwright hold r2-n17 --reason "replacing a fan"',
    'ironwright hold r2-n17 --scope power --until 2h --reason "cabling"',
  ],
  async run(input) {
    const { house } = input;
    const reason = textOption(input, "reason");
    if (reason === undefined || reason.trim() === "")
      throw new CommandError(
        EXIT.usage,
        'a hold needs a reason that others will read: --reason "..."',
      );
    const scope = HOLD_SCOPES.find((word) => word === (textOption(input, "scope") ?? "all"));
    if (scope === undefined)
      throw new CommandError(EXIT.usage, `--scope is none of ${HOLD_SCOPES.join(", ")}`);
    const now = house.clock.now();
    const until = untilOption(textOption(input, "until"), now);
    const owner = textOption(input, "owner") ?? person(input);
    const world = await loadWorld(input);
    return withActing(
      input,
      world,
      async (store) => {
        const { uuid, node } = await resolvedNode(world, store, input.args[0]);
        const id = house.random.hex(4);
        await setHold(store, uuid, { id, scope, reason, owner, since: now, until });
        answer(
          input,
          { node: node.name, id, scope, reason, owner, since: now, until },
          `${node.name} is held (${scope}, id ${id}). To release it: ironwright release ${node.name} ${id}\n`,
        );
        return EXIT.done;
      },
      "restrain",
    );
  },
};

function untilOption(text: string | undefined, now: number): number | null {
  if (text === undefined) return null;
  const span = /^(\d+)(m|h|d)$/.exec(text);
  const unit = { m: 60_000, h: 3_600_000, d: 86_400_000 }[span?.[2] ?? ""] ?? 0;
  const at = span === null ? parseInstant(text) : now + Number(span[1]) * unit;
  if (Number.isNaN(at))
    throw new CommandError(
      EXIT.usage,
      `--until "${text}" is neither a span (2h, 3d) nor a time (2026-12-01T00:00:00Z)`,
    );
  if (at <= now) throw new CommandError(EXIT.usage, `--until "${text}" is over already`);
  return at;
}

/** `release`: ends a node's holds. */
export const releaseCommand: Command = {
  name: "release",
  arguments: "<node> [id]",
  completes: "node",
  summary: "end a node's hold (all of them without an id, and its slots of the budget)",
  options: [],
  examples: ["ironwright release r2-n17", "ironwright release r2-n17 4f2a91c0"],
  async run(input) {
    const world = await loadWorld(input);
    return withActing(input, world, async (store) => {
      const { uuid, node } = await resolvedNode(world, store, input.args[0]);
      const released = await store.releaseHold(uuid, input.args[1] ?? null);
      const freed = input.args[1] === undefined ? await store.freeSlots(uuid) : 0;
      await store.asks.ask([node.name]);
      if (freed > 0)
        input.io.out(
          `${node.name}: its ${freed === 1 ? "slot" : `${freed} slots`} of the budget ${freed === 1 ? "is" : "are"} given back.\n`,
        );
      const inGit = (node.spec.holds ?? []).length;
      const note =
        inGit === 0
          ? ""
          : ` ${inGit} ${inGit === 1 ? "hold is" : "holds are"} declared in git; end ${inGit === 1 ? "it" : "them"} in a commit.`;
      if (released.length === 0) {
        if (freed > 0) return EXIT.done;
        const none = `${node.name} has no ${input.args[1] === undefined ? "hold of the command line" : `hold ${input.args[1]}`}.${note}`;
        if (input.args[1] !== undefined)
          throw new CommandError(EXIT.usage, `${none} See: ironwright holds`);
        answer(input, { node: node.name, released, inGit }, `${none}\n`);
        return inGit > 0 ? EXIT.refused : EXIT.done;
      }
      answer(
        input,
        { node: node.name, released, inGit },
        `${node.name}: released ${released.map((hold) => `${hold.id} ("${hold.reason}")`).join(", ")}.${note}\n`,
      );
      return EXIT.done;
    });
  },
};

/** `holds`: every hold, in git and of the command line. */
export const holdsCommand: Command = {
  name: "holds",
  summary: "every hold, in git and of the command line",
  options: [],
  examples: ["ironwright holds"],
  async run(input) {
    const rows = await allHolds(input);
    if (rows.length === 0) answer(input, rows, "nothing is held.\n");
    else
      answer(input, rows, () =>
        table(
          ["NODE", "SCOPE", "OWNER", "UNTIL", "WHERE", "REASON"],
          rows.map((r) => [
            r.node,
            r.scope,
            r.owner ?? "-",
            r.until?.replace(/\.\d+Z$/, "Z") ?? "released",
            r.where,
            r.reason,
          ]),
          input.io.columns,
        ),
      );
    return EXIT.done;
  },
};

interface HoldRow {
  readonly node: string;
  readonly scope: string;
  readonly owner: string | null;
  readonly until: string | null;
  readonly where: string;
  readonly reason: string;
}

async function allHolds(input: CommandInput): Promise<readonly HoldRow[]> {
  const world = await loadWorld(input);
  const store = await needReader(input, world);
  const held = await store.holds();
  const { nodes } = resolveNodes(world.fleet, await store.records());
  const rows: HoldRow[] = [];
  for (const { node, uuid } of nodes.values()) {
    for (const [index, hold] of (node.spec.holds ?? []).entries())
      rows.push({
        node: node.name,
        scope: hold.scope ?? "all",
        owner: hold.owner ?? null,
        until: hold.until ?? null,
        where: placeText(originOf(node, `/holds/${index}`), false),
        reason: hold.reason,
      });
    for (const hold of held.get(uuid ?? "") ?? [])
      rows.push({
        node: node.name,
        scope: hold.scope,
        owner: hold.owner,
        until: hold.until === null ? null : instantText(hold.until),
        where: `id ${hold.id}`,
        reason: hold.reason,
      });
  }
  return rows;
}
