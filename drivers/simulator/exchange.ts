import type { Sender } from "../driver.ts";
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
  /** The engine and the lease that its User-Agent names; null for anybody else. */
  readonly sender: Sender | null;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** Null when no answer was sent. */
  readonly status: number | null;
  /** What really happened, whatever was answered. */
  readonly effect: string;
}

/** The body of a request: empty where there is none, null where it is no JSON object. */
export function bodyOf({ body: text }: Pick<Asked, "body">): Json | null {
  if (text === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value))
      : null;
  } catch {
    return null;
  }
}
