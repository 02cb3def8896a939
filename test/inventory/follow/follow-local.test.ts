import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import fs from "node:fs";
import { join } from "node:path";
import * as git from "isomorphic-git";
import { expect, test } from "vitest";
import { wake } from "../../../inventory/follow/watch-git-directory.ts";
import { aFollowing, failureOf, tryToFollow, valueOf, wakes } from "../../support/a-following.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { type TempRepo, tempRepo } from "../../support/temp-repo.ts";

const FILES = { "inventory/a.yaml": "# a\n" };

async function branch({ dir }: TempRepo, ref: string, object: string): Promise<void> {
  await git.branch({ fs, dir, ref, object, force: true });
}

test("where no repository is, that is said with the ways out", async () => {
  const dir = tempDir();
  const failed = failureOf(await tryToFollow(dir));
  expect(failed).toMatchObject({ code: "IW-G01", kind: "stalled" });
  expect(failed.message).toMatch(new RegExp(`above ${dir}; check -C, run git init`));
});

test("a branch without a commit is waited for", async () => {
  const repo = await tempRepo(FILES);
  const followed = await aFollowing(repo.dir);
  expect(failureOf(await followed.newest())).toMatchObject({ code: "IW-G02", kind: "waiting" });
  const commit = await repo.commit("first");
  expect(valueOf(await followed.newest())).toBe(commit);
});

test("a ref that is not there is named, with what to do", async () => {
  const repo = await tempRepo(FILES);
  const commit = await repo.commit("first");
  for (const ref of ["production", "f".repeat(40)]) {
    const followed = await aFollowing(repo.dir, { git: { ref } });
    const failed = failureOf(await followed.newest());
    expect(failed.code).toBe("IW-G02");
    expect(failed.message).toContain(`${ref} of ${repo.dir}: there is no commit of "${ref}"`);
  }
  expect(valueOf(await (await aFollowing(repo.dir, { git: { ref: commit } })).newest())).toBe(
    commit,
  );
});

test("a commit whose objects are lost is no newest commit", async () => {
  const repo = await tempRepo(FILES);
  const commit = await repo.commit("first");
  const { oid } = await git.readBlob({
    fs,
    dir: repo.dir,
    oid: commit,
    filepath: "inventory/a.yaml",
  });
  const object = join(repo.dir, ".git/objects", oid.slice(0, 2), oid.slice(2));
  renameSync(object, `${object}.away`);
  const followed = await aFollowing(repo.dir);
  expect(failureOf(await followed.newest())).toMatchObject({ code: "IW-G08" });
  renameSync(`${object}.away`, object);
  expect(valueOf(await followed.newest())).toBe(commit);
});

test("a linked worktree says which repository to follow", async () => {
  const dir = tempDir();
  writeFileSync(join(dir, ".git"), "gitdir: /srv/inventory/.git/worktrees/a\n");
  expect(failureOf(await tryToFollow(dir))).toMatchObject({
    code: "IW-G08",
    message: expect.stringContaining("/srv/inventory/.git/worktrees/a"),
  });
});

test("a working tree is followed by its commits, never by what is not committed", async () => {
  const repo = await tempRepo(FILES);
  const first = await repo.commit("first");
  mkdirSync(join(repo.dir, "below"));
  const followed = await aFollowing(join(repo.dir, "below"));
  expect(followed).toMatchObject({ dir: repo.dir, what: `HEAD of ${repo.dir}` });
  repo.write("inventory/a.yaml", "# changed\n");
  expect(valueOf(await followed.newest())).toBe(first);
  const second = await repo.commit("second");
  expect(valueOf(await followed.newest())).toBe(second);
});

test("a commit, another branch at HEAD and a touched file wake; a burst wakes once", async () => {
  const repo = await tempRepo(FILES);
  const first = await repo.commit("first");
  const followed = await aFollowing(repo.dir);
  const acts: readonly (() => unknown)[] = [
    () => repo.commit("second"),
    () => branch(repo, "other", first),
    () => writeFileSync(join(repo.dir, ".git/HEAD"), "ref: refs/heads/other\n"),
    () => wake(repo.dir),
    () => wake(join(repo.dir, "inventory")),
  ];
  for (const act of acts) {
    const woken = wakes(followed);
    await Promise.resolve(act());
    expect(await woken).toBe(true);
  }
  // In one turn, so that a busy machine makes no two bursts of it.
  for (let i = 0; i < 20; i += 1)
    writeFileSync(join(repo.dir, `.git/refs/heads/burst-${i}`), `${first}\n`);
  expect(await wakes(followed)).toBe(true);
  expect(await wakes(followed)).toBe(false);
});

test("what changed while nobody waited is heard by the next who does", async () => {
  const repo = await tempRepo(FILES);
  const followed = await aFollowing(repo.dir);
  await repo.commit("first");
  await new Promise((done) => setTimeout(done, 500));
  expect(await wakes(followed)).toBe(true);
});

test("nothing wakes for the working tree, objects and locks", async () => {
  const repo = await tempRepo(FILES);
  await repo.commit("first");
  const followed = await aFollowing(repo.dir);
  const woken = wakes(followed);
  repo.write("inventory/a.yaml", "# changed\n");
  writeFileSync(join(repo.dir, ".git/index.lock"), "");
  writeFileSync(join(repo.dir, ".git/refs/heads/main.lock"), "");
  await git.add({ fs, dir: repo.dir, filepath: "inventory/a.yaml" });
  expect(await woken).toBe(false);
});

test("changed() resolves when it is aborted, and when all is closed", async () => {
  const repo = await tempRepo(FILES);
  const followed = await aFollowing(repo.dir);
  await followed.changed(AbortSignal.abort());
  const stop = new AbortController();
  const waiting = [followed.changed(stop.signal), followed.changed(new AbortController().signal)];
  stop.abort();
  await waiting[0];
  await followed.close();
  await waiting[1];
  await followed.changed(new AbortController().signal);
});

test("commits stand to each other as git says", async () => {
  const repo = await tempRepo(FILES);
  const first = await repo.commit("first");
  repo.write("inventory/a.yaml", "# 2\n");
  const second = await repo.commit("second");
  await branch(repo, "other", first);
  await git.checkout({ fs, dir: repo.dir, ref: "other", force: true });
  repo.write("inventory/a.yaml", "# 3\n");
  const other = await repo.commit("other");
  const { relation } = await aFollowing(repo.dir);
  expect(await relation(first, first)).toBe("same");
  expect(await relation(second, first)).toBe("ahead");
  expect(await relation(first, second)).toBe("behind");
  expect(await relation(other, second)).toBe("apart");
  expect(await relation(other, "0".repeat(40))).toBe("unknown");
  expect(await relation("no commit", first)).toBe("unknown");
});

test("a repository that goes away and comes back is followed on", async () => {
  const repo = await tempRepo(FILES);
  const commit = await repo.commit("first");
  const followed = await aFollowing(repo.dir);
  renameSync(join(repo.dir, ".git"), join(repo.dir, "away"));
  expect(failureOf(await followed.newest()).code).toBe("IW-G02");
  renameSync(join(repo.dir, "away"), join(repo.dir, ".git"));
  expect(valueOf(await followed.newest())).toBe(commit);
});

test("the state directory of a mirror that can't be made is named", async () => {
  const dir = tempDir();
  writeFileSync(join(dir, "state"), "a file");
  const url = "https://git.example.org/inventory.git";
  const failed = failureOf(await tryToFollow(dir, { git: { url }, stateDir: join(dir, "state") }));
  expect(failed).toMatchObject({ code: "IW-G07" });
  expect(failed.message).toContain(join(dir, "state"));
});

test("of credentials that can't be had, nothing is sent", async () => {
  const credentials = { username: "ironwright", password: { env: "NOT_SET" } };
  const url = "https://127.0.0.1:1/inventory.git";
  const followed = await aFollowing(tempDir(), { git: { url, credentials }, env: {} });
  const failed = failureOf(await followed.newest());
  expect(failed).toMatchObject({ code: "IW-S09" });
  expect(failed.message).toMatch(/git\.credentials: .*NOT_SET/);
});

test("a remote where nobody listens is said", async () => {
  const followed = await aFollowing(tempDir(), { git: { url: "http://127.0.0.1:1/i.git" } });
  expect(failureOf(await followed.newest())).toMatchObject({ code: "IW-G03", kind: "transient" });
});
