import { traitSchema } from "../../schemas/documents.ts";
import { isKnownTrait, OS_TRAITS_VERSION } from "../../schemas/standard-traits.ts";
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
  const isTrait = (text: string): boolean => traitSchema.safeParse(text).success;
  const fit = [...new Set(texts.filter(isTrait))];
  const traits = fit.slice(0, TRAITS_MAX);
  const others = texts.filter((text) => !traits.includes(text));
  return {
    traits: traits.length === 0 ? undefined : traits,
    notes: [...traits.filter((text) => !isKnownTrait(text)).map(unknown), ...others.map(noTrait)],
  };
}

function unknown(text: string): Note {
  return {
    field: `traits ${text}`,
    why: `it is not in os-traits ${OS_TRAITS_VERSION}, and kept as it is`,
    todo: "correct it where it is misspelt; one that a newer os-traits has may stay",
  };
}

function noTrait(text: string): Note {
  return {
    field: `traits ${text}`,
    why: "it is no trait: a standard name, or CUSTOM_ and A-Z, 0-9, _, and 50 of them at most",
    todo: "give it such a name, here and where it is asked for",
  };
}
