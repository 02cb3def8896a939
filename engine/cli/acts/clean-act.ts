import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { NodeRequest } from "../../../schemas/documents.ts";
import { namedStepSchema } from "../../../schemas/steps.ts";
import { type Command, CommandError, type CommandInput, flag, textOption } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { type ActWish, ALLOW_ERASE, YES, wordsTyped } from "./act-wish.ts";
import { runAct } from "./run-act.ts";

/** As a request in git has them. */
const stepsSchema = z.array(namedStepSchema).min(1).max(100);

/** `node clean`: the steps of a Runbook or of the command line, as written. */
export const cleanAct: Command = {
  name: "clean",
  group: "node",
  arguments: "<node>",
  completes: "node",
  summary: "run clean steps on one node, in that order; what erases names its disks first",
  options: [
    { flags: "--runbook <name>", description: "the steps of a Runbook" },
    {
      flags: "--steps <steps>",
      description: "the steps, as in a request: JSON, or a file of YAML or JSON",
    },
    ALLOW_ERASE,
    { flags: "--claim", description: "give the machine up to be erased by this" },
    YES,
  ],
  examples: [
    "ironwright node clean r2-n17 --runbook burn-in",
    `ironwright node clean r2-n17 --steps '[{"interface":"deploy","step":"erase_devices_metadata"}]' --yes --allow-erase 1`,
  ],
  run: (input) => runAct(input, wishOf(input)),
};

function wishOf(input: CommandInput): ActWish {
  const runbook = textOption(input, "runbook");
  const text = textOption(input, "steps");
  if ((runbook === undefined) === (text === undefined))
    throw new CommandError(
      EXIT.usage,
      "node clean needs its steps: either --runbook NAME or --steps '[ ... ]'",
    );
  const list: Partial<NodeRequest> =
    text === undefined ? { runbook } : { steps: stepsOf(input, text) };
  return {
    typed: `node clean${runbook === undefined ? "" : ` --runbook ${runbook}`}`,
    command: `node clean ${wordsTyped(input, cleanAct.options)}`,
    node: input.args[0],
    ask: { kind: "request", request: { action: "clean", ...list } },
    timeoutSeconds: null,
    question: (node) => `Clean ${node}`,
    asks: true,
    already: "it was cleaned",
    hold: null,
    follows: null,
    claims: flag(input, "claim"),
  };
}

/** Larger lists are no list that a person wrote. */
const FILE_BYTES_MAX = 1024 * 1024;

function stepsOf(input: CommandInput, text: string): NodeRequest["steps"] {
  const inline = text.trimStart().startsWith("[");
  const parsed = stepsSchema.safeParse(parsedYaml(inline ? text : fileText(input, text)));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue === undefined ? "" : ` (${issue.path.join(".")}: ${issue.message})`;
  throw new CommandError(
    EXIT.usage,
    `--steps is no list of steps${at}; write [{"interface":"deploy","step":"erase_devices_metadata"}]`,
  );
}

function fileText(input: CommandInput, path: string): string {
  const whole = resolve(input.io.cwd, path);
  const found = statSync(whole, { throwIfNoEntry: false });
  if (found?.isFile() !== true || found.size > FILE_BYTES_MAX)
    throw new CommandError(
      EXIT.usage,
      `--steps ${path}: there is no such file of at most 1 MiB, and it is no JSON list either`,
    );
  return readFileSync(whole, "utf8");
}

function parsedYaml(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch {
    return undefined;
  }
}
