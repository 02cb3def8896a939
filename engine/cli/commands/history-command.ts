import { instantText } from "../../../schemas/instant.ts";
import { inWords } from "../../plan/durations.ts";
import { answer } from "../answer.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { table } from "../table.ts";
import { resolvedNode } from "../view.ts";
import { loadWorld, needReader } from "../world.ts";

/** `history`: what happened to a node. */
export const historyCommand: Command = {
  name: "history",
  arguments: "<node>",
  completes: "node",
  summary: "what happened to a node: when, what, by whom, under which commit",
  options: [],
  examples: ["ironwright history r7-n01"],
  async run(input) {
    const world = await loadWorld(input);
    const store = await needReader(input, world);
    const { uuid, node } = await resolvedNode(world, store, input.args[0]);
    const entries = await store.history(uuid);
    if (entries.length === 0)
      answer(input, entries, `${node.name}: nothing was done to it by this store.\n`);
    else
      answer(input, entries, () =>
        table(
          ["WHEN", "EVENT", "ACTION", "TOOK", "COMMIT", "DECLARED", "APPLIED", "MESSAGE"],
          entries.map((e) => [
            instantText(e.at).slice(0, 19).replace("T", " "),
            e.event,
            e.action ?? "-",
            e.durationMs === null ? "-" : inWords(e.durationMs / 1000),
            e.commit?.slice(0, 7) ?? "-",
            e.author ?? "-",
            e.by,
            `${e.message}${e.code === null ? "" : ` (${e.code})`}`,
          ]),
          input.io.columns,
          ["WHEN", "EVENT", "ACTION", "TOOK"],
        ),
      );
    return EXIT.done;
  },
};
