import { inWords } from "../../plan/durations.ts";
import { answer } from "../answer.ts";
import { type Command, CommandError, flag, textOption } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { table } from "../table.ts";
import { resolvedNode } from "../view.ts";
import { loadWorld, needReader, storeError, withActing } from "../world.ts";

/** `lease list`, `lease break NODE`. */
export const leaseCommand: Command = {
  name: "lease",
  arguments: "<action> [node]",
  completes: "words",
  words: ["list", "break"],
  summary: "list: who holds which node; break NODE: take a lease from a holder that hangs",
  options: [
    { flags: "--reason <text>", description: "why it is broken" },
    {
      flags: "--holder-is-dead",
      description: "you know that the old holder's process or host is gone",
    },
    { flags: "--all", description: "list released leases too" },
  ],
  examples: [
    "ironwright lease list",
    'ironwright lease break r2-n17 --reason "engine host burned" --holder-is-dead',
  ],
  async run(input) {
    const [action, name] = input.args;
    const world = await loadWorld(input);
    if (action === "list") {
      const store = await needReader(input, world);
      const records = await store.records();
      const now = input.house.clock.now();
      const leases = (await store.leases()).filter(
        ({ state }) => flag(input, "all") || state !== "released",
      );
      const rows = leases.map(({ uuid, fence, claim, state }) => ({
        node: records.get(uuid)?.name ?? uuid,
        holder: claim.holder,
        state,
        fence,
        since: claim.takenAt,
      }));
      if (rows.length === 0) answer(input, rows, "no lease is held.\n");
      else
        answer(input, rows, () =>
          table(
            ["NODE", "HOLDER", "STATE", "FENCE", "SINCE"],
            rows.map((r) => [
              r.node,
              r.holder,
              r.state,
              String(r.fence),
              `${inWords((now - r.since) / 1000)} ago`,
            ]),
            input.io.columns,
          ),
        );
      return EXIT.done;
    }
    if (action !== "break" || name === undefined)
      throw new CommandError(
        EXIT.usage,
        "write: ironwright lease list, or: ironwright lease break NODE --reason ...",
      );
    const reason = textOption(input, "reason");
    if (reason === undefined)
      throw new CommandError(EXIT.usage, 'breaking a lease needs a reason: --reason "..."');
    return withActing(input, world, async (store) => {
      const { uuid, node } = await resolvedNode(world, store, name);
      const held = ((await store.lease(uuid))?.state ?? "released") !== "released";
      if (!held)
        throw new CommandError(
          EXIT.usage,
          `nobody holds ${node.name}: there is no lease to break; see: ironwright lease list`,
        );
      const taken = await store.breakLease(uuid, reason, flag(input, "holderIsDead"));
      if (!taken.ok) throw storeError(taken.failure);
      answer(
        input,
        { node: node.name, fence: taken.value.fence },
        `${node.name}: the lease is broken (fence ${taken.value.fence}); the next apply finishes what was left open.\n`,
      );
      return EXIT.done;
    });
  },
};
