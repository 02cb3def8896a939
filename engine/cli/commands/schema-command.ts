import { jsonSchema } from "../../../inventory/json-schema.ts";
import { DOCUMENT_KINDS } from "../../../schemas/kinds.ts";
import { nearest } from "../../../schemas/nearest.ts";
import { answer } from "../answer.ts";
import { type Command, CommandError, type CommandInput } from "../command.ts";
import { driverData, driverSheet, meaningOf } from "../driver-sheet.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { loadDrivers } from "../load-drivers.ts";
import { table } from "../table.ts";
import { loadPlace } from "../world.ts";

const KINDS = Object.keys(DOCUMENT_KINDS);

/** `schema [kind]`, `schema driver [name]`. */
export const schemaCommand: Command = {
  name: "schema",
  arguments: "[kind] [name]",
  completes: "words",
  words: [...KINDS, "driver"],
  wordsFrom: "schema driver -o name",
  summary: "JSON Schema of the documents, for editors; what a hardware type reads and offers",
  options: [],
  forms: ["json", "yaml", "name"],
  examples: [
    "ironwright schema > ironwright.schema.json",
    "ironwright schema Node",
    "ironwright schema driver",
    "ironwright schema driver redfish",
    "ironwright schema driver fake --json",
  ],
  async run(input) {
    const [kind, name] = input.args;
    if (kind === "driver") {
      await loadDrivers(input, await loadPlace(input));
      return name === undefined ? listDrivers(input) : showDriver(input, name);
    }
    if (name !== undefined)
      throw new CommandError(EXIT.usage, `schema ${kind ?? ""} takes no name; leave out "${name}"`);
    if (input.common.output === "name") {
      input.io.out(`${KINDS.join("\n")}\n`);
      return EXIT.done;
    }
    const schema = jsonSchema(kind);
    if (schema === null) throw unknown(`schema "${kind ?? ""}"`, kind ?? "", [...KINDS, "driver"]);
    answer(input, schema, `${JSON.stringify(schema, null, 2)}\n`);
    return EXIT.done;
  },
};

function listDrivers(input: CommandInput): ExitCode {
  const types = [...input.house.hardwareTypes.values()];
  if (input.common.output === "name") {
    input.io.out(types.map(({ name }) => `${name}\n`).join(""));
    return EXIT.done;
  }
  const rows = types.map((type) => ({ hardwareType: type.name, meaning: meaningOf(type) }));
  answer(input, rows, () =>
    table(
      ["hardware type", "is for"],
      rows.map(({ hardwareType, meaning }) => [hardwareType, meaning]),
      input.io.columns,
      ["hardware type"],
    ),
  );
  return EXIT.done;
}

function showDriver(input: CommandInput, name: string): ExitCode {
  const type = input.house.hardwareTypes.get(name);
  if (type === undefined)
    throw unknown(`hardware type "${name}"`, name, [...input.house.hardwareTypes.keys()]);
  if (input.common.output === "name") input.io.out(`${type.name}\n`);
  else answer(input, driverData(type), () => driverSheet(type, input.io.columns));
  return EXIT.done;
}

function unknown(what: string, word: string, words: readonly string[]): CommandError {
  const near = nearest(word, words);
  const hint = near === null ? "" : `; did you mean ${near}?`;
  return new CommandError(EXIT.usage, `${what} is none of ${words.join(", ")}${hint}`);
}
