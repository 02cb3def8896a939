import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { Following } from "../../inventory/follow/following.ts";
import { loadSettings } from "../../inventory/load-settings.ts";
import { aFollowing, failureOf, valueOf } from "../support/a-following.ts";
import { tempDir } from "../support/temp-dir.ts";
import { anOrigin, git, type Origin } from "./git-program.ts";
import { type GitFault, type GitServer, gitServer } from "./git-server.ts";

const LOGIN = { username: "ironwright", password: "s3cret-of-git" };

interface Scene {
  readonly origin: Origin;
  readonly server: GitServer;
  readonly url: string;
  readonly dir: string;
}

async function aScene(): Promise<Scene> {
  const origin = anOrigin();
  const server = await gitServer(dirname(origin.bare), LOGIN);
  return { origin, server, url: `${server.url}/inventory.git`, dir: tempDir() };
}

function following(
  { url, dir }: Scene,
  more: { readonly ref?: string; readonly timeoutSeconds?: number } = {},
  password = LOGIN.password,
  warn: (message: string) => void = () => undefined,
): Promise<Following> {
  const credentials = { username: LOGIN.username, password: { env: "GIT_PASSWORD" } };
  const env = { ...process.env, GIT_PASSWORD: password };
  return aFollowing(dir, { git: { url, ref: "main", credentials, ...more }, env, warn });
}

const FILES = {
  "ironwright.yaml": "mode: observe\n",
  "inventory/a.yaml": `# ${"x".repeat(2000)}\n`,
};

const FAULTS: readonly (readonly [string, GitFault, string])[] = [
  ["that hangs before its refs", { kind: "hang", at: "refs" }, "IW-G03"],
  ["that hangs before its pack", { kind: "hang", at: "pack" }, "IW-G03"],
  ["that is cut off in the middle of the pack", { kind: "cut", afterBytes: 150 }, "IW-G03"],
  ["whose pack has a wrong bit", { kind: "flip" }, "IW-G05"],
  ["that forbids", { kind: "status", status: 403 }, "IW-G04"],
  ["that is broken", { kind: "status", status: 500 }, "IW-G03"],
  ["that knows no such repository", { kind: "status", status: 404 }, "IW-G01"],
  [
    "that moved",
    { kind: "status", status: 301, location: "https://elsewhere/i.git?token=abc" },
    "IW-G05",
  ],
  ["that shows a page to sign in", { kind: "page" }, "IW-G05"],
];

test.each(FAULTS)(
  "of a remote %s the last commit stays, and the next fetch works",
  async (_what, fault, code) => {
    const scene = await aScene();
    const { origin, server } = scene;
    const first = origin.push(FILES);
    const followed = await following(scene, { timeoutSeconds: 2 });
    expect(valueOf(await followed.newest())).toBe(first);
    const second = origin.push({ "inventory/a.yaml": "# y\n" });
    server.fault = fault;
    const failed = failureOf(await followed.newest());
    expect(failed.code).toBe(code);
    expect(failed.message).toContain(`main of ${scene.url}`);
    expect(JSON.stringify(failed)).not.toMatch(/s3cret|token=|at .*\.ts/);
    // A pack and its index of the first fetch, and nothing of the one that failed.
    expect(readdirSync(join(followed.dir, "objects", "pack"))).toHaveLength(2);
    const { settings } = await loadSettings({ dir: followed.dir, ref: first, env: {} });
    expect(settings?.mode).toBe("observe");
    expect(git(followed.dir, "fsck", "--full")).not.toMatch(/error|missing|corrupt/);
    server.fault = null;
    expect(valueOf(await followed.newest())).toBe(second);
    expect(await followed.relation(second, first)).toBe("ahead");
  },
);

test("a first fetch that is cut off leaves nothing in the way of the next", async () => {
  const scene = await aScene();
  const commit = scene.origin.push(FILES);
  const followed = await following(scene);
  scene.server.fault = { kind: "cut", afterBytes: 150 };
  expect(failureOf(await followed.newest()).code).toBe("IW-G03");
  scene.server.fault = null;
  expect(valueOf(await followed.newest())).toBe(commit);
});

test("a remote that hangs is let go of, its socket closed", async () => {
  const scene = await aScene();
  scene.origin.push(FILES);
  scene.server.fault = { kind: "hang", at: "pack" };
  const followed = await following(scene, { timeoutSeconds: 1 });
  expect(failureOf(await followed.newest()).message).toContain("was not done within 1 s");
  await expect.poll(() => scene.server.open()).toBe(0);
});

test("whoever is told to stop stops at once", async () => {
  const scene = await aScene();
  scene.origin.push(FILES);
  scene.server.fault = { kind: "hang", at: "refs" };
  const followed = await following(scene);
  const stop = new AbortController();
  const asked = followed.newest(stop.signal);
  await expect.poll(() => scene.server.asked.length).toBe(1);
  stop.abort();
  expect(failureOf(await asked).message).toContain("told to stop");
  await expect.poll(() => scene.server.open()).toBe(0);
});

test("a wrong password is said with its user and never shown; a new one is taken", async () => {
  const scene = await aScene();
  const commit = scene.origin.push(FILES);
  const file = join(scene.dir, "secrets", "git");
  mkdirSync(dirname(file));
  writeFileSync(file, "wrong-one\n");
  const credentials = { username: LOGIN.username, password: { file: "git" } };
  const followed = await aFollowing(scene.dir, {
    git: { url: scene.url, ref: "main", credentials },
    secrets: { dirs: ["secrets"] },
  });
  const failed = failureOf(await followed.newest());
  expect(failed).toMatchObject({ code: "IW-G04", kind: "stalled" });
  expect(failed.message).toContain("the user ironwright");
  expect(JSON.stringify(failed)).not.toContain("wrong-one");
  writeFileSync(file, LOGIN.password);
  expect(valueOf(await followed.newest())).toBe(commit);
});

test("without credentials the way to them is said", async () => {
  const scene = await aScene();
  const followed = await aFollowing(scene.dir, { git: { url: scene.url } });
  expect(failureOf(await followed.newest()).message).toContain("write git.credentials");
});

test("a remote to which nothing was pushed, and a ref that is not there", async () => {
  const scene = await aScene();
  const followed = await following(scene);
  expect(failureOf(await followed.newest())).toMatchObject({ code: "IW-G02", kind: "waiting" });
  const commit = scene.origin.push(FILES);
  expect(valueOf(await followed.newest())).toBe(commit);
  const other = await following(scene, { ref: "production" });
  expect(failureOf(await other.newest()).message).toContain('no commit of "production"');
});

test("a force-pushed branch is followed, and is apart from what it was", async () => {
  const scene = await aScene();
  const first = scene.origin.push(FILES);
  const second = scene.origin.push({ "inventory/a.yaml": "# 2\n" });
  const followed = await following(scene);
  expect(valueOf(await followed.newest())).toBe(second);
  git(scene.origin.clone, "reset", "--quiet", "--hard", first);
  const third = scene.origin.push({ "inventory/a.yaml": "# 3\n" }, "--force");
  expect(valueOf(await followed.newest())).toBe(third);
  expect(await followed.relation(third, second)).toBe("apart");
  expect(await followed.relation(first, third)).toBe("behind");
  expect(await followed.relation(third, "0".repeat(40))).toBe("unknown");
});

test("an annotated tag, HEAD and a whole commit id are followed too", async () => {
  const scene = await aScene();
  const commit = scene.origin.push(FILES);
  git(scene.origin.clone, "tag", "-a", "-m", "one", "v1");
  git(scene.origin.clone, "push", "--quiet", "origin", "v1");
  for (const ref of ["v1", "HEAD", "refs/heads/main", commit])
    expect(valueOf(await (await following(scene, { ref })).newest())).toBe(commit);
});

test("a damaged mirror is fetched anew, and that is said", async () => {
  const scene = await aScene();
  const commit = scene.origin.push(FILES);
  const followed = await following(scene);
  valueOf(await followed.newest());
  const packs = join(followed.dir, "objects", "pack");
  for (const name of readdirSync(packs)) {
    const path = join(packs, name);
    if (name.endsWith(".pack")) writeFileSync(path, readFileSync(path).fill(0, 40, 80));
  }
  const warnings: string[] = [];
  const again = await following(scene, {}, LOGIN.password, (message) => warnings.push(message));
  expect(again.dir).toBe(followed.dir);
  expect(valueOf(await again.newest())).toBe(commit);
  expect(warnings).toEqual([expect.stringContaining("is damaged and is fetched anew")]);
  expect(git(again.dir, "fsck", "--full")).not.toMatch(/error|missing|corrupt/);
});

test("nothing new costs one request", async () => {
  const scene = await aScene();
  scene.origin.push(FILES);
  const followed = await following(scene);
  await followed.newest();
  scene.server.asked.length = 0;
  await followed.newest();
  expect(scene.server.asked).toEqual(["GET /inventory.git/info/refs?service=git-upload-pack"]);
});

test("a mirror that cannot be written is said with its place", async () => {
  const scene = await aScene();
  scene.origin.push(FILES);
  const followed = await following(scene);
  rmSync(join(followed.dir, "objects"), { recursive: true });
  writeFileSync(join(followed.dir, "objects"), "no directory");
  expect(failureOf(await followed.newest())).toMatchObject({ code: "IW-G07" });
  expect(existsSync(followed.dir)).toBe(true);
});
