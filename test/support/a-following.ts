import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { follow } from "../../inventory/follow/follow.ts";
import type { Following } from "../../inventory/follow/following.ts";
import type { Failure, Result } from "../../schemas/failure.ts";
import { type Settings, settingsSchema } from "../../schemas/settings.ts";

interface Followed {
  readonly git?: Partial<Settings["git"]>;
  readonly secrets?: Partial<Settings["secrets"]>;
  readonly stateDir?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly warn?: (message: string) => void;
}

/** Follows as the daemon would; closed with the test. */
export async function tryToFollow(dir: string, how: Followed = {}): Promise<Result<Following>> {
  const {
    git = {},
    secrets = {},
    stateDir = join(dir, ".ironwright"),
    env = process.env,
    warn,
  } = how;
  const settings = settingsSchema.parse({ git, secrets });
  const followed = await follow({ dir, settings, stateDir, env, ...(warn && { warn }) });
  if (followed.ok) onTestFinished(() => followed.value.close());
  return followed;
}

export async function aFollowing(dir: string, how: Followed = {}): Promise<Following> {
  return valueOf(await tryToFollow(dir, how));
}

export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.message} (${result.failure.cause ?? ""})`);
  return result.value;
}

/** The failure, which says what, where and what to do, and has a code. */
export function failureOf(result: Result<unknown>): Failure {
  expect(result).toMatchObject({ ok: false });
  if (result.ok) throw new Error("it worked");
  return result.failure;
}

/** True when `changed()` resolves within two seconds. */
export async function wakes(following: Following): Promise<boolean> {
  const limit = AbortSignal.timeout(2000);
  await following.changed(limit);
  return !limit.aborted;
}
