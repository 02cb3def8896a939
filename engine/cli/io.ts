import type { Palette } from "./palette.ts";

/** The terminal, the pipe or the test that a command speaks to. stdout is the answer, stderr the story. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** Rewrites the progress block at the bottom of a terminal; does nothing elsewhere. */
  progress(lines: readonly string[]): void;
  /** Asks a person; null when nobody can be asked. */
  ask(question: string): Promise<string | null>;
  readonly columns: number;
  readonly stdoutIsTty: boolean;
  readonly stderrIsTty: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly colors: Palette;
  /** Aborted by the first SIGINT or SIGTERM: finish the running acts and leave. */
  readonly stopping: AbortSignal;
}
