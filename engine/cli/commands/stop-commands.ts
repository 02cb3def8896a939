import { answer } from "../answer.ts";
import { type Command, CommandError, textOption } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { personAt } from "../person.ts";
import { loadPlace, withActing } from "../world.ts";

/** `stop`: nothing acts any more, fleet-wide, before its next act. */
export const stopCommand: Command = {
  name: "stop",
  summary: "stop everything now: no engine of this store begins another act",
  options: [{ flags: "--reason <text>", description: "why; shown to everyone who plans" }],
  examples: ['ironwright stop --reason "the wrong commit is out"'],
  async run(input) {
    const reason = textOption(input, "reason");
    if (reason === undefined || reason.trim() === "")
      throw new CommandError(
        EXIT.usage,
        'a stop needs a reason that others will read: --reason "..."',
      );
    const { house } = input;
    const place = await loadPlace(input);
    return withActing(
      input,
      place,
      async (store) => {
        const by = personAt(input);
        const stop = { reason, by, at: house.clock.now(), kind: "stop" as const, nodes: [] };
        await store.setStop(stop);
        answer(
          input,
          stop,
          "Stopped: every engine finds this before its next act; acts on the wire are finished. To go on: ironwright resume\n",
        );
        return EXIT.done;
      },
      "restrain",
    );
  },
};

/** `resume`: ends a stop or a breaker, and acknowledges the nodes that opened it. */
export const resumeCommand: Command = {
  name: "resume",
  summary:
    "end a stop or a breaker; what opened it is acknowledged, and refused secrets are tried again",
  options: [],
  examples: ["ironwright resume"],
  async run(input) {
    const place = await loadPlace(input);
    return withActing(input, place, async (store) => {
      const ended = await store.clearStop();
      const freed = await store.logins.forgive(null, null);
      await store.asks.ask(ended?.nodes ?? []);
      if (freed > 0) input.io.log("info", "refused secrets are tried again, each a few times");
      if (ended === null) answer(input, { resumed: null }, "nothing was stopped.\n");
      else {
        const nodes = ended.nodes.length === 0 ? "" : `, acknowledged ${ended.nodes.length} nodes`;
        answer(
          input,
          { resumed: ended },
          `Resumed: ended the ${ended.kind} of ${ended.by} ("${ended.reason}")${nodes}.\n`,
        );
      }
      return EXIT.done;
    });
  },
};
