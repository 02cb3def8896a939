/** What a person wants who types. */
export type Key =
  | { readonly kind: "text"; readonly bytes: Uint8Array }
  | { readonly kind: "leave" | "break" | "flush" | "help" };

type Command = Exclude<Key["kind"], "text">;

/** What stands after the escape; as ssh, ipmitool and conserver have it. */
const COMMANDS: Readonly<Record<string, Command>> = {
  ".": "leave",
  B: "break",
  F: "flush",
  "?": "help",
};

const RETURN = 0x0d;
const NEWLINE = 0x0a;

/**
 * Finds the escape among keys: at the beginning of a line, as in ssh. Twice it is typed once; before a key that means nothing
 * both are typed. `escape` is one byte; null: there is none.
 */
export class EscapeKeys {
  readonly #escape: number | null;
  #isLineStart = true;
  #isEscaped = false;

  constructor(escape: number | null) {
    this.#escape = escape;
  }

  take(bytes: Uint8Array): readonly Key[] {
    const keys: Key[] = [];
    let text: number[] = [];
    for (const byte of bytes) {
      const command = this.#commandOf(byte);
      if (command === null) {
        text.push(...this.#typed(byte));
        continue;
      }
      if (text.length > 0) keys.push({ kind: "text", bytes: Uint8Array.from(text) });
      text = [];
      keys.push({ kind: command });
    }
    if (text.length > 0) keys.push({ kind: "text", bytes: Uint8Array.from(text) });
    return keys;
  }

  #commandOf(byte: number): Command | null {
    const command = this.#isEscaped ? COMMANDS[String.fromCharCode(byte)] : undefined;
    if (command === undefined) return null;
    this.#isEscaped = false;
    this.#isLineStart = true;
    return command;
  }

  /** What goes to the machine for a key; nothing where it may be an escape. */
  #typed(byte: number): readonly number[] {
    const escape = this.#escape;
    if (escape !== null && byte === escape && this.#isLineStart && !this.#isEscaped) {
      this.#isEscaped = true;
      return [];
    }
    const held = this.#isEscaped && escape !== null && byte !== escape ? [escape] : [];
    this.#isEscaped = false;
    this.#isLineStart = byte === RETURN || byte === NEWLINE;
    return [...held, byte];
  }
}

/** Reads `--escape`: a character, `^]` for one with Ctrl, or none; undefined for what is none of these. */
export function escapeByte(text: string): number | null | undefined {
  if (text === "none") return null;
  if (/^[\u0021-\u007e]$/.test(text)) return text.charCodeAt(0);
  // Ctrl-M and Ctrl-J are what ends a line.
  const [, letter] = /^\^([A-IK-LN-Z[\]\\^_])$/i.exec(text) ?? [];
  return letter === undefined ? undefined : letter.toUpperCase().charCodeAt(0) - 0x40;
}

/** The keys, for a person who asks. */
export function escapeHelp(escape: string): string {
  const rows = [
    [".", "leave the console"],
    ["B", "send a break"],
    ["F", "throw away what was typed and waits"],
    ["?", "this list"],
    [escape, `type ${escape} itself`],
  ];
  const lines = rows.map(([key = "", does = ""]) => `  ${escape}${key}   ${does}`);
  return `after Enter:\n${lines.join("\n")}\nIn an ssh session that takes the same escape, type it twice: ${escape}${escape}.`;
}
