import type { Palette } from "./palette.ts";

/** Gravest first. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The terminal, the pipe or the test that a command speaks to. stdout is the answer, stderr the story. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** One log line on stderr, when the level is wanted: JSON where stderr is not a terminal. */
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Rewrites the progress block at the bottom of a terminal; does nothing elsewhere. */
  progress(lines: readonly string[]): void;
  /** Asks a person; null when nobody can be asked, "" when Ctrl-C or Ctrl-D was the answer. */
  ask(question: string): Promise<string | null>;
  /** All that stands on stdin, up to its end or to that many bytes. */
  stdin(bytesMax: number): Promise<Uint8Array>;
  readonly columns: number;
  readonly stdoutIsTty: boolean;
  readonly stderrIsTty: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly colors: Palette;
  /** Aborted by the first SIGINT or SIGTERM: finish the running acts and leave. */
  readonly stopping: AbortSignal;
}
