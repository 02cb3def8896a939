import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Following } from "../../inventory/follow/following.ts";
import { aFollowing, failureOf, tryToFollow, valueOf, wakes } from "../support/a-following.ts";
import { tempDir } from "../support/temp-dir.ts";
import { anOrigin, git } from "./git-program.ts";

const FILES = { "ironwright.yaml": "mode: observe\n", "inventory/a.yaml": "# a\n" };

/** Stands in for ssh: `$command` is what it would run on the other host. */
function anSsh(dir: string, script: string): string {
  const path = join(dir, "ssh-stand-in");
  writeFileSync(path, `#!/bin/sh\nfor command; do :; done\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

interface BySsh {
  readonly url?: string;
  readonly script?: string;
  readonly timeoutSeconds?: number;
  readonly env?: Readonly<Record<string, string>>;
}

function bySsh(dir: string, { url, script, timeoutSeconds = 20, env }: BySsh): Promise<Following> {
  const command = script === undefined ? {} : { GIT_SSH_COMMAND: anSsh(dir, script) };
  const all = { PATH: process.env["PATH"], HOME: dir, ...command, ...env };
  const address = url ?? `git@example.org:${join(dir, "none.git")}`;
  return aFollowing(dir, { git: { url: address, ref: "main", timeoutSeconds }, env: all });
}

const FAULTS: readonly (readonly [string, string, string])[] = [
  [
    "refuses the key",
    'echo "git@example.org: Permission denied (publickey)." >&2; exit 255',
    "IW-G04",
  ],
  ["is not the host that it was", 'echo "Host key verification failed." >&2; exit 255', "IW-G04"],
  [
    "is not reached",
    'echo "ssh: connect to host example.org port 22: Connection refused" >&2; exit 255',
    "IW-G03",
  ],
  [
    "is not known by name",
    'echo "ssh: Could not resolve hostname example.org: Name or service not known" >&2; exit 255',
    "IW-G03",
  ],
  ["hangs", "sleep 60", "IW-G03"],
  [
    "cuts off in the middle of the pack",
    'sh -c "$command" | { head -c 700; kill -9 $$; }',
    "IW-G03",
  ],
  ["sends nonsense", "echo hello", "IW-G05"],
  [
    "has no such repository",
    'command="git-upload-pack \'/nowhere.git\'"; sh -c "$command"',
    "IW-G01",
  ],
];

test.each(FAULTS)(
  "of an ssh remote that %s the next fetch brings all",
  async (_what, script, code) => {
    const { bare, push } = anOrigin();
    const commit = push(FILES);
    const dir = tempDir();
    const url = `git@example.org:${bare}`;
    const bad = await bySsh(dir, { url, script, timeoutSeconds: 2 });
    const failed = failureOf(await bad.newest());
    expect(failed.code).toBe(code);
    expect(failed.message).toContain(`main of ${url}`);
    const good = await bySsh(dir, { url, script: 'exec sh -c "$command"' });
    expect(good.dir).toBe(bad.dir);
    expect(valueOf(await good.newest())).toBe(commit);
    expect(git(good.dir, "fsck", "--full")).not.toMatch(/error|missing|corrupt/);
  },
);

test("a fetch that hangs is ended with all that it started", async () => {
  const dir = tempDir();
  const mark = `60.${process.pid}`;
  const followed = await bySsh(dir, { script: `sleep ${mark}`, timeoutSeconds: 1 });
  expect(failureOf(await followed.newest()).message).toContain("was not done within 1 s");
  const running = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
  expect(running).not.toContain(`sleep ${mark}`);
});

test("what a killed fetch left behind is in no other's way", async () => {
  const { bare, push } = anOrigin();
  push(FILES);
  const dir = tempDir();
  const followed = await aFollowing(dir, { git: { url: bare, ref: "main" } });
  valueOf(await followed.newest());
  const left = [
    "HEAD.lock",
    "FETCH_HEAD.lock",
    "packed-refs.lock",
    "shallow.lock",
    "refs/ironwright/followed.lock",
    "refs/ironwright/incoming/dead",
    "objects/pack/tmp_pack_dead",
  ].map((name) => join(followed.dir, name));
  for (const path of left) writeFileSync(path, "");
  const second = push({ "inventory/a.yaml": "# b\n" });
  expect(valueOf(await followed.newest())).toBe(second);
  const longAgo = new Date(Date.now() - 2 * 3_600_000);
  // A ref without a text would stop git at once, so it is not there any more.
  expect(existsSync(join(followed.dir, "refs/ironwright/incoming/dead"))).toBe(false);
  for (const path of left.filter((one) => existsSync(one))) utimesSync(path, longAgo, longAgo);
  await followed.newest();
  expect(readdirSync(join(followed.dir, "objects/pack"))).not.toContain("tmp_pack_dead");
  expect(readdirSync(join(followed.dir, "refs/ironwright/incoming"))).toEqual([]);
});

test("a mirror whose objects are gone is fetched anew", async () => {
  const { bare, push } = anOrigin();
  const commit = push(FILES);
  const followed = await aFollowing(tempDir(), { git: { url: bare, ref: "main" } });
  valueOf(await followed.newest());
  rmSync(join(followed.dir, "objects"), { recursive: true });
  expect(valueOf(await followed.newest())).toBe(commit);
  expect(git(followed.dir, "fsck", "--full")).not.toMatch(/error|missing|corrupt/);
});

test("of a remote that is damaged, what was fetched before stays", async () => {
  const { bare, push } = anOrigin();
  const first = push(FILES);
  const followed = await aFollowing(tempDir(), { git: { url: bare, ref: "main" } });
  valueOf(await followed.newest());
  const second = push({ "inventory/a.yaml": "# lost\n" });
  const blob = git(bare, "rev-parse", `${second}:inventory/a.yaml`);
  rmSync(join(bare, "objects", blob.slice(0, 2), blob.slice(2)));
  expect(failureOf(await followed.newest()).code).toBe("IW-G05");
  expect(git(followed.dir, "cat-file", "-p", `${first}:inventory/a.yaml`)).toBe("# a");
});

test("half of a mirror, of a start that was killed, is completed", async () => {
  const { bare, push } = anOrigin();
  const commit = push(FILES);
  const followed = await aFollowing(tempDir(), { git: { url: bare, ref: "main" } });
  rmSync(join(followed.dir, "HEAD"));
  rmSync(join(followed.dir, "refs"), { recursive: true });
  expect(valueOf(await followed.newest())).toBe(commit);
});

test("without a git program that is said, with the way out", async () => {
  const followed = await bySsh(tempDir(), { env: { PATH: "/nowhere" } });
  expect(failureOf(await followed.newest())).toMatchObject({
    code: "IW-G06",
    message: expect.stringContaining("install git, or follow the repository by https"),
  });
});

test("a path where no repository is, and one to which nothing was pushed", async () => {
  const { bare, push } = anOrigin();
  const nowhere = await aFollowing(tempDir(), { git: { url: "file:///nowhere/at/all.git" } });
  expect(failureOf(await nowhere.newest()).code).toBe("IW-G01");
  for (const ref of ["main", "HEAD"]) {
    const followed = await aFollowing(tempDir(), { git: { url: bare, ref } });
    expect(failureOf(await followed.newest())).toMatchObject({ code: "IW-G02", kind: "waiting" });
  }
  const commit = push(FILES);
  const followed = await aFollowing(tempDir(), { git: { url: `file://${bare}` } });
  expect(valueOf(await followed.newest())).toBe(commit);
});

test("a push to a remote on this host wakes at once, and a forced one is followed", async () => {
  const { bare, clone, push } = anOrigin();
  const first = push(FILES);
  const followed = await aFollowing(tempDir(), { git: { url: bare, ref: "main" } });
  valueOf(await followed.newest());
  const woken = wakes(followed);
  const second = push({ "inventory/a.yaml": "# 2\n" });
  expect(await woken).toBe(true);
  expect(valueOf(await followed.newest())).toBe(second);
  git(clone, "reset", "--quiet", "--hard", first);
  const third = push({ "inventory/a.yaml": "# 3\n" }, "--force");
  expect(valueOf(await followed.newest())).toBe(third);
  expect(await followed.relation(third, second)).toBe("apart");
});

test("a repository that borrows objects of another is read by its path", async () => {
  const { bare, push } = anOrigin();
  const commit = push(FILES);
  const dir = tempDir();
  const borrower = join(dir, "borrower.git");
  git(dir, "clone", "--quiet", "--bare", "--shared", bare, borrower);
  const local = await aFollowing(borrower);
  expect(failureOf(await local.newest()).message).toContain("file://PATH");
  mkdirSync(join(dir, "engine"));
  const remote = await aFollowing(join(dir, "engine"), { git: { url: "../borrower.git" } });
  expect(valueOf(await remote.newest())).toBe(commit);
});

test("a shallow repository says unknown where its history was cut off", async () => {
  const { bare, push } = anOrigin();
  const first = push(FILES);
  push({ "inventory/a.yaml": "# 2\n" });
  const third = push({ "inventory/a.yaml": "# 3\n" });
  const dir = join(tempDir(), "shallow.git");
  git(bare, "clone", "--quiet", "--bare", "--depth", "1", `file://${bare}`, dir);
  const followed = await aFollowing(dir);
  expect(valueOf(await followed.newest())).toBe(third);
  expect(await followed.relation(third, first)).toBe("unknown");
});

test("a repository in a format that is not read says which, and what to do", async () => {
  const dir = join(tempDir(), "new.git");
  git(tempDir(), "init", "--quiet", "--bare", "--object-format=sha256", dir);
  expect(failureOf(await tryToFollow(dir))).toMatchObject({
    code: "IW-G08",
    message: expect.stringContaining("SHA-256"),
  });
});
