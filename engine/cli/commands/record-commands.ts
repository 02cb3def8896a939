import { resolveNodes } from "../../plan/match-records.ts";
import { secretOf } from "../../run/login-guard.ts";
import { answer } from "../answer.ts";
import { type Command, CommandError } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { resolvedNode } from "../view.ts";
import { loadWorld, storeError, withActing } from "../world.ts";

/** `retry`: the next attempt now. */
export const retryCommand: Command = {
  name: "retry",
  arguments: "<node>",
  completes: "node",
  summary: "next attempt now: forget the last error, the wait, and a refused login",
  options: [],
  examples: ["ironwright retry r9-n31"],
  async run(input) {
    const world = await loadWorld(input);
    return withActing(input, world, async (store) => {
      const { uuid, node, record } = await resolvedNode(world, store, input.args[0]);
      const readings = new Map(await store.readings());
      const reading = readings.get(node.name);
      if (reading?.refusedSecret !== undefined) {
        const { refusedSecret: _tried, ...rest } = reading;
        readings.set(node.name, rest);
        await store.saveReadings(readings);
      }
      const address = node.spec.bmc?.address ?? "";
      await store.logins.forgive(secretOf(node), { node: node.name, address });
      if (record !== null) {
        const claimed = await store.claim(uuid, node.name);
        if (!claimed.ok) throw storeError(claimed.failure);
        await claimed.value.patchRecord({ lastError: null, retryAt: null, fault: null });
        await claimed.value.release();
      }
      await store.asks.ask([node.name]);
      const text = `${node.name}: the next plan and apply try it again.\n`;
      answer(input, { node: node.name, retry: true }, text);
      return EXIT.done;
    });
  },
};

/** `forget`: drops an orphan's record; nothing is sent to its BMC. */
export const forgetCommand: Command = {
  name: "forget",
  arguments: "<node>",
  summary: "drop the record of a node that is no longer declared; nothing is sent to its BMC",
  options: [],
  examples: ["ironwright forget r1-n09"],
  async run(input) {
    const world = await loadWorld(input);
    const name = input.args[0] ?? "";
    return withActing(input, world, async (store) => {
      if (world.fleet.nodes.some((node) => node.name === name))
        throw new CommandError(
          EXIT.refused,
          `${name} is declared; only an orphan can be forgotten. Remove it in a commit first`,
        );
      const { orphans } = resolveNodes(world.fleet, await store.records());
      const orphan = orphans.find((record) => record.name === name || record.uuid === name);
      if (orphan === undefined)
        throw new CommandError(
          EXIT.usage,
          `this store has no record of "${name}"; orphans: ${orphans.map((record) => record.name).join(", ") || "none"}`,
        );
      const forgotten = await store.forget(orphan.uuid);
      if (!forgotten.ok) throw storeError(forgotten.failure);
      answer(
        input,
        { node: name, uuid: orphan.uuid, forgotten: true },
        `${name} is forgotten: its record and history are gone, which requests ran is kept; its machine was left as it is.\n`,
      );
      return EXIT.done;
    });
  },
};
