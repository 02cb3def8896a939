import type { Result } from "../../schemas/failure.ts";
import { followLocal } from "./follow-local.ts";
import { followRemote } from "./follow-remote.ts";
import type { Following, FollowOptions } from "./following.ts";

/** Follows `git.ref` of `git.url`, or of the repository at hand. Fails where nothing can ever be followed. */
export function follow(options: FollowOptions): Promise<Result<Following>> {
  const { url } = options.settings.git;
  return url === undefined ? followLocal(options) : followRemote(options, url);
}
