/** One part of a golden script, in the order in which it is read. */
export type Part =
  | { readonly kind: "prose"; readonly text: string }
  /** A whole document, written before what follows. */
  | { readonly kind: "document"; readonly path: string; readonly text: string }
  /** Lines of a document that are exchanged for others. */
  | { readonly kind: "edit"; readonly path: string; readonly text: string }
  /** What happens to a machine without us: fields of a fake machine's state, as JSON. */
  | { readonly kind: "machine"; readonly node: string; readonly text: string }
  | { readonly kind: "console"; readonly commands: readonly Command[] };

/** A command as a person types it, with what it printed. */
export interface Command {
  readonly line: string;
  readonly output: string;
}

const FENCE = /^```(\w+) ?(.*)\n([\s\S]*?)^```\n/m;

/** Takes a script apart; `showScript` of the parts is the same text again. */
export function parseScript(text: string): readonly Part[] {
  const parts: Part[] = [];
  let rest = text;
  for (let found = FENCE.exec(rest); found !== null; found = FENCE.exec(rest)) {
    const [whole, word = "", name = "", body = ""] = found;
    parts.push({ kind: "prose", text: rest.slice(0, found.index) }, partOf(word, name, body));
    rest = rest.slice(found.index + whole.length);
  }
  return [...parts, { kind: "prose", text: rest }];
}

/** The text of a script. */
export function showScript(parts: readonly Part[]): string {
  return parts.map(showPart).join("");
}

function partOf(word: string, name: string, text: string): Part {
  switch (word) {
    case "yaml":
      return { kind: "document", path: name, text };
    case "diff":
      return { kind: "edit", path: name, text };
    case "machine":
      return { kind: "machine", node: name, text };
    case "console":
      return { kind: "console", commands: commandsOf(text) };
    default:
      throw new Error(`a script has no \`\`\`${word}; there are yaml, diff, machine and console`);
  }
}

function commandsOf(text: string): readonly Command[] {
  return text.split(/^\$ /m).flatMap((piece) => {
    if (piece === "") return [];
    const end = piece.indexOf("\n");
    return [{ line: piece.slice(0, end), output: piece.slice(end + 1) }];
  });
}

function showPart(part: Part): string {
  switch (part.kind) {
    case "prose":
      return part.text;
    case "document":
      return fenced(`yaml ${part.path}`, part.text);
    case "edit":
      return fenced(`diff ${part.path}`, part.text);
    case "machine":
      return fenced(`machine ${part.node}`, part.text);
    case "console":
      return fenced(
        "console",
        part.commands.map(({ line, output }) => `$ ${line}\n${output}`).join(""),
      );
  }
}

function fenced(head: string, text: string): string {
  return `\`\`\`${head}\n${text}\`\`\`\n`;
}
