/** One condition on a label. */
export interface SelectorTerm {
  readonly key: string;
  readonly value: string;
  /** False for `!=`, which a node without the label meets too. */
  readonly equal: boolean;
}

/** Parses `rack=rack1,zone!=b`; answers the part that is no condition where there is one. */
export function parseTerms(text: string): readonly SelectorTerm[] | { readonly wrong: string } {
  const terms: SelectorTerm[] = [];
  for (const part of text.split(",")) {
    const match = /^\s*([^=!\s]+)\s*(!=|==?)\s*(.*?)\s*$/.exec(part);
    if (match === null) return { wrong: part };
    terms.push({ key: match[1] ?? "", value: match[3] ?? "", equal: match[2] !== "!=" });
  }
  return terms;
}

/** The conditions of a selector that its schema has let through; none where it is left out. */
export function termsOf({
  selector,
}: {
  readonly selector?: string | undefined;
}): readonly SelectorTerm[] {
  const terms = selector === undefined ? [] : parseTerms(selector);
  if ("wrong" in terms) throw new Error(`the selector ${selector ?? ""} was not checked`);
  return terms;
}

/** True where every condition holds. */
export function meets(
  labels: Readonly<Record<string, string>>,
  terms: readonly SelectorTerm[],
): boolean {
  return terms.every(({ key, value, equal }) => (labels[key] === value) === equal);
}
