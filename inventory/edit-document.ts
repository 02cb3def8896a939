import { isMap, parseAllDocuments } from "yaml";

/** Which document of a file is edited: by kind and name, or the first. */
export interface Which {
  readonly kind: string;
  readonly name: string;
}

/**
 * Sets one value in a YAML text and keeps everything else: comments, order, other documents. Null when
 * the text has no such document or is not YAML.
 */
export function editDocument(
  text: string,
  path: readonly string[],
  value: unknown,
  which?: Which,
): string | null {
  const parsed = parseAllDocuments(text, { version: "1.2", schema: "core" });
  const empty = !Array.isArray(parsed) || parsed.every(({ contents }) => contents === null);
  if (empty) {
    // Comments alone: the value becomes the first line below them.
    if (which !== undefined) return null;
    const prefix = text === "" || text.endsWith("\n") ? text : `${text}\n`;
    return `${prefix}${line(path, value)}\n`;
  }
  const document = parsed.find(
    (one) =>
      isMap(one.contents) &&
      (which === undefined ||
        (one.get("kind") === which.kind && one.getIn(["metadata", "name"]) === which.name)),
  );
  if (document === undefined || document.errors.length > 0) return null;
  document.setIn(path, value);
  return parsed.map((one) => one.toString({ lineWidth: 0 })).join("");
}

/** `a: { b: value }` as the one line that begins a file. */
function line(path: readonly string[], value: unknown): string {
  const [first = "", ...rest] = path;
  if (rest.length > 0) return `${first}: { ${line(rest, value)} }`;
  return `${first}: ${String(value)}`;
}
