import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { codeOf } from "../../run/store/node-files.ts";

/** How every log of a console begins: by that a file is known to be one. */
const MARK = "=== console of ";

/** What it was opened with may be read by whoever opened it: people type passwords. */
const MODE = 0o600;

const { O_APPEND, O_CREAT, O_RDWR, O_NONBLOCK, O_NOFOLLOW } = constants;

/** What a person must be told of the log. */
export type LogTrouble =
  | { readonly kind: "stopped"; readonly why: string }
  | { readonly kind: "again"; readonly lostBytes: number };

/** A file to which a console is appended. What can't be written is lost, told once, and tried again. */
export class ConsoleLog {
  readonly #fd: number;
  readonly #path: string;
  readonly #isNew: boolean;
  readonly #told: (trouble: LogTrouble) => void;
  #lostBytes = 0;
  #isNewLine = true;

  private constructor(
    file: { readonly fd: number; readonly path: string; readonly isNew: boolean },
    told: (trouble: LogTrouble) => void,
  ) {
    this.#fd = file.fd;
    this.#path = file.path;
    this.#isNew = file.isNew;
    this.#told = told;
  }

  /** Opens or makes it; a sentence where that can't be: a file of another kind is left as it is. */
  static open(path: string, told: (trouble: LogTrouble) => void): ConsoleLog | string {
    let fd: number | null = null;
    const isNew = !existsSync(path);
    try {
      // A pipe without a reader must not hold the command, and a link may lead to anything.
      fd = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | O_NOFOLLOW, MODE);
      const wrong = otherKind(fd);
      if (wrong === null) return new ConsoleLog({ fd, path, isNew }, told);
      closeSync(fd);
      return `the log ${path} ${wrong}; name another file`;
    } catch (error) {
      if (fd !== null) closeSync(fd);
      return `the log ${path} cannot be opened: ${wordsOf(error)}`;
    }
  }

  /** What the machine said. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const written = this.#lostBytes === 0 || this.#filled() ? this.#append(bytes) : 0;
    this.#lostBytes += bytes.length - written;
    this.#isNewLine = bytes.at(-1) === 0x0a;
  }

  /** A line of ours. */
  line(text: string): void {
    this.write(Buffer.from(`${this.#isNewLine ? "" : "\n"}${MARK}${text} ===\n`));
  }

  /** A file that was made for a console which never opened goes again. */
  close(): void {
    const isEmpty = fstatSync(this.#fd).size === 0;
    closeSync(this.#fd);
    if (this.#isNew && isEmpty) unlinkSync(this.#path);
  }

  /** True where there is room again: then the gap is named first. */
  #filled(): boolean {
    const gap = Buffer.from(`\n${MARK}${this.#lostBytes} bytes could not be written here ===\n`);
    if (this.#append(gap) < gap.length) return false;
    this.#told({ kind: "again", lostBytes: this.#lostBytes });
    this.#lostBytes = 0;
    return true;
  }

  /** Answers how many bytes were written. */
  #append(bytes: Uint8Array): number {
    let at = 0;
    try {
      while (at < bytes.length) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      if (this.#lostBytes === 0) this.#told({ kind: "stopped", why: wordsOf(error) });
    }
    return at;
  }
}

function otherKind(fd: number): string | null {
  const stat = fstatSync(fd);
  if (!stat.isFile()) return "is no plain file";
  if (stat.size === 0) return null;
  const start = Buffer.alloc(MARK.length);
  readSync(fd, start, 0, start.length, 0);
  return start.toString() === MARK ? null : "is there already, and is no log of a console";
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: "that is not allowed here",
  EISDIR: "it is a directory",
  ELOOP: "it is a link",
  ENOENT: "its directory is not there",
  ENOSPC: "the disk is full",
  ENXIO: "it is no plain file",
  EROFS: "the file system is read-only",
};

function wordsOf(error: unknown): string {
  const code = codeOf(error);
  const known = WORDS[code];
  return known === undefined ? code : `${known} (${code})`;
}
