import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { editDocument } from "../../../inventory/edit-document.ts";
import { answer } from "../answer.ts";
import { type Command, CommandError } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { sightings } from "../view.ts";
import { loadWorld, nodeNamed } from "../world.ts";

/** `drift accept NODE`: writes what the hardware says into the node's own document, to be committed. */
export const driftCommand: Command = {
  name: "drift",
  arguments: "<action> <node>",
  completes: "words",
  words: ["accept"],
  summary: "accept NODE: write into its document what its hardware says now, for you to commit",
  options: [],
  examples: ["ironwright drift accept r5-n03 && git diff"],
  async run(input) {
    const [action, name] = input.args;
    if (action !== "accept")
      throw new CommandError(EXIT.usage, "write: ironwright drift accept NODE");
    if (input.common.ref !== undefined)
      throw new CommandError(EXIT.usage, "--ref: a commit cannot be written to; leave it out");
    const world = await loadWorld(input);
    const node = nodeNamed(world.fleet, name);
    const { nodes } = await sightings(input, world, { live: true, select: new Set([node.name]) });
    const drifts = (nodes[0]?.plan.changes ?? []).filter(
      ({ cause, facet }) => cause === "drift" && facet !== "identity",
    );
    if (drifts.length === 0) {
      const none = { node: node.name, file: null, written: [] };
      answer(input, none, `${node.name}: no drift; nothing was written.\n`);
      return EXIT.done;
    }
    const path = join(world.root, node.place.file);
    let text = readFileSync(path, "utf8");
    for (const { path: pointer, observed } of drifts) {
      const keys = ["spec", ...pointer.slice(1).split("/")];
      const edited = editDocument(text, keys, plainValue(observed), {
        kind: "Node",
        name: node.name,
      });
      if (edited === null)
        throw new CommandError(
          EXIT.failed,
          `${node.name} is no document of its own in ${node.place.file} (a row of a NodeList, or generated); write by hand: ${keys.join(".")}: ${JSON.stringify(observed)}`,
        );
      text = edited;
    }
    writeFileSync(path, text);
    const written = drifts.map(({ path: pointer }) => pointer.slice(1).replaceAll("/", "."));
    answer(
      input,
      { node: node.name, file: node.place.file, written },
      `${node.place.file}: ${written.join(", ")} written as observed; look at it and commit: git diff ${node.place.file}\n`,
    );
    return EXIT.done;
  },
};

/** A boot device is read with its persistence; a document names the device alone. */
function plainValue(observed: unknown): unknown {
  if (typeof observed === "object" && observed !== null && "device" in observed)
    return observed.device;
  return observed;
}
