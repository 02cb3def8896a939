import type { Result } from "../../schemas/failure.ts";
import type { Settings } from "../../schemas/settings.ts";

/** What is followed, and where it may be kept. */
export interface FollowOptions {
  /** Absolute path: a repository, or a directory in one. Where `settings.git.url` is set, only relative paths start here. */
  readonly dir: string;
  readonly settings: Settings;
  /** Absolute path; a remote's mirror is below it, in `git/`. */
  readonly stateDir: string;
  /** Where secrets by reference are looked for, and what the `git` command gets. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told what does not stop it: a watcher that could not be set up, a mirror that is fetched anew. */
  readonly warn?: (message: string) => void;
}

/** How one commit stands to another; unknown: one of them is not here. */
export type Relation = "same" | "ahead" | "behind" | "apart" | "unknown";

/** A ref of a repository that is followed, here or far away. */
export interface Following {
  /** The repository that documents are read from: `dir` of loadSettings and loadFleet, with `ref` a commit of newest(). */
  readonly dir: string;
  /** What is followed, for people: "main of /srv/inventory.git". */
  readonly what: string;
  /** The file that wakes `changed()` when it is touched. */
  readonly wakeFile: string;
  /** The newest commit of the ref, brought here first where it is remote. Never throws for what the world did. */
  newest(signal?: AbortSignal): Promise<Result<string>>;
  /**
   * Resolves when something may have changed since it resolved last: a ref moved, a push, a wake-up. Never
   * rejects; resolves too when aborted or closed. Polling is the caller's.
   */
  changed(signal: AbortSignal): Promise<void>;
  /** How commit `a` stands to `b`: ahead = a descends from b. */
  readonly relation: (a: string, b: string) => Promise<Relation>;
  close(): Promise<void>;
}
