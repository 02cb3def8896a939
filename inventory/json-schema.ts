import { z } from "zod";
import { DOCUMENT_KINDS } from "../schemas/kinds.ts";

/** JSON Schema (2020-12) of one kind, or of all as alternatives; null for a kind that there is not. */
export function jsonSchema(kind?: string): Record<string, unknown> | null {
  const kinds = Object.entries(DOCUMENT_KINDS);
  if (kind === undefined) {
    const alternatives = kinds.map(([, schema]) => ({
      ...z.toJSONSchema(schema, { io: "input" }),
    }));
    return {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: "Ironwright documents",
      oneOf: alternatives.map(({ $schema: _same, ...rest }) => rest),
    };
  }
  const found = kinds.find(([name]) => name === kind);
  return found === undefined ? null : { title: kind, ...z.toJSONSchema(found[1], { io: "input" }) };
}
