import type { Json } from "./resources.ts";

/** One request as the BMC sees it. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** What it answers; `drop` ends the connection instead. */
export interface Answered {
  readonly status: number;
  readonly body?: Json | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly drop?: boolean;
}

/** One mutating call, as `GET /simulator/v1/log` and the log file have it. */
export interface LoggedCall {
  readonly time: string;
  readonly address: string;
  readonly machine: string | null;
  readonly session: string | null;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** Null when no answer was sent. */
  readonly status: number | null;
  /** What really happened, whatever was answered. */
  readonly effect: string;
}
