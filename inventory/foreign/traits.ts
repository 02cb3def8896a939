import { traitSchema } from "../../schemas/documents.ts";
import type { Note } from "./foreign-node.ts";
import { textOf } from "./values.ts";

/** Most traits of a node, here as in Ironic. */
const TRAITS_MAX = 50;

/** Traits that are traits here too; the others are named. */
export function traitsOf(values: readonly unknown[]): {
  readonly traits: string[] | undefined;
  readonly notes: readonly Note[];
} {
  const texts = values.flatMap((value) => textOf(value) ?? []);
  const fit = [...new Set(texts.filter((text) => traitSchema.safeParse(text).success))];
  const traits = fit.slice(0, TRAITS_MAX);
  const others = texts.filter((text) => !traits.includes(text));
  return {
    traits: traits.length === 0 ? undefined : traits,
    notes: others.map((text) => ({
      field: `traits ${text}`,
      why: "it is no trait: a standard name, or CUSTOM_ and A-Z, 0-9, _, and 50 of them at most",
      todo: "give it such a name, here and where it is asked for",
    })),
  };
}
