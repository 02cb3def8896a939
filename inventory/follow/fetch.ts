import type { Result } from "../../schemas/failure.ts";
import type { Secret } from "../../schemas/secret.ts";

/** One fetch into a mirror. */
export interface FetchJob {
  /** The mirror. */
  readonly gitdir: string;
  readonly url: string;
  readonly ref: string;
  /** "main of https://git.example.org/inventory.git". */
  readonly what: string;
  readonly signal: AbortSignal;
  readonly login: { readonly username: string; readonly password: Secret } | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Brings the ref's objects into the mirror and answers its id, of a commit or a tag. Never throws for what the world did. */
export type Fetch = (job: FetchJob) => Promise<Result<string>>;

/** A commit by its whole id. */
export const COMMIT_ID = /^[0-9a-f]{40}$/;
