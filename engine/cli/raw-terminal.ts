/** The keys and the screen of a process, byte by byte: what a console is shown on. */
export interface RawTerminal {
  /** Keys come from a person's terminal, each at once, Ctrl-C among them; else from a pipe or a file. */
  readonly isTty: boolean;
  /** Hears what is typed, until `release`; null: nothing more will come. */
  listen(hear: (bytes: Uint8Array | null) => void): void;
  /** No more is read until `resume`: a pipe waits. */
  pause(): void;
  resume(): void;
  /** As it stands, escape sequences and all. */
  write(bytes: Uint8Array): void;
  /** Aborted when the terminal has gone (SIGHUP, SIGQUIT): a window was closed, a line was cut. */
  readonly gone: AbortSignal;
  /** The terminal is as it was before; may be called twice. */
  release(): void;
}
