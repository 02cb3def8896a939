import { type Failure, failure } from "../../schemas/failure.ts";

/** Also said of a branch on which nothing was committed yet. */
export function noSuchRef(what: string, ref: string): Failure {
  return failure(
    "waiting",
    "IW-G02",
    `${what}: there is no commit of "${ref}"; push it there, or name another by git.ref (ironwright.yaml) or IRONWRIGHT_GIT_REF`,
  );
}

/** Not all of a commit is there. */
export function damaged(what: string, commit: string): Failure {
  return failure(
    "transient",
    "IW-G08",
    `${what}: not all of commit ${commit} can be read; look at: git fsck. A repository that borrows objects of another (objects/info/alternates) is followed by git.url: file://PATH`,
  );
}

/** The state directory is full, or not ours. */
export function mirrorUnwritable(
  { what, gitdir }: { readonly what: string; readonly gitdir: string },
  cause: string,
): Failure {
  return failure(
    "transient",
    "IW-G07",
    `${what}: its mirror in ${gitdir} cannot be written; free space there, or give it to the user that the engine runs as`,
    cause,
  );
}

/** The remote hangs, or sends too slowly. */
export function tookTooLong(what: string, seconds: number): Failure {
  return failure(
    "transient",
    "IW-G03",
    `${what}: the remote was not done within ${seconds} s and was cut off; it is tried again. For a large repository raise git.timeoutSeconds`,
  );
}

/** Whoever asked no longer wants it. */
export function toldToStop(what: string): Failure {
  return failure("waiting", "IW-G03", `${what}: the fetch was told to stop`);
}
