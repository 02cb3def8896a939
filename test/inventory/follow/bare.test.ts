import fs from "node:fs";
import { join } from "node:path";
import * as git from "isomorphic-git";
import { expect, test } from "vitest";
import { loadFleet } from "../../../inventory/load-fleet.ts";
import { loadSettings } from "../../../inventory/load-settings.ts";
import { requestIdsInGit } from "../../../inventory/request-ids.ts";
import { findRepository } from "../../../inventory/committed-tree.ts";
import { settingsSchema } from "../../../schemas/settings.ts";
import { aFollowing, valueOf } from "../../support/a-following.ts";
import { GoldenHouse } from "../../support/golden-house.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { tempRepo } from "../../support/temp-repo.ts";

const NODE = `apiVersion: ironwright/v1
kind: Node
metadata: { name: n1 }
spec:
  driver: fake
  requests: [{ id: 2026-11-24-a, action: reboot, expires: 2026-11-30 }]
  power: on
`;

/** As `git clone --bare` leaves it. */
async function aBare(): Promise<{ readonly dir: string; readonly commit: string }> {
  const repo = await tempRepo({ "ironwright.yaml": "concurrency: 7\n", "inventory/a.yaml": NODE });
  const commit = await repo.commit("first");
  const dir = join(tempDir(), "inventory.git");
  fs.cpSync(join(repo.dir, ".git"), dir, { recursive: true });
  await git.setConfig({ fs, gitdir: dir, path: "core.bare", value: true });
  return { dir, commit };
}

/** What a person sees who types the command there. */
function typed(dir: string, ...words: readonly string[]): Promise<string> {
  const house = new GoldenHouse(dir, join(dir, ".ironwright"));
  return house.run([...words], { columns: 100, answer: null });
}

test.each([["plan"], ["validate"], ["status"], ["apply"], ["init"]])(
  "%s in a bare repository says that there is no working tree, and what to name",
  async (command) => {
    const { dir } = await aBare();
    const said = await typed(dir, command);
    expect(said).toContain(`${dir} is a bare repository: it has commits and no working tree`);
    expect(said).toContain("--ref HEAD");
    expect(said).toContain("[exit 3]");
  },
);

test("init --ref writes nothing into a bare repository", async () => {
  const { dir } = await aBare();
  expect(await typed(dir, "init", "--ref", "main")).toContain("run it in a clone");
  expect(fs.existsSync(join(dir, "ironwright.yaml"))).toBe(false);
});

test("a ref that is not there is said in a bare repository too", async () => {
  const { dir } = await aBare();
  expect(await typed(dir, "validate", "--ref", "nope")).toContain(
    'git knows no commit "nope" here',
  );
});

test.each(["main", "HEAD", "refs/heads/main"])(
  "plan and validate --ref %s read a bare repository",
  async (ref) => {
    const { dir } = await aBare();
    expect(await typed(dir, "validate", "--ref", ref)).toMatch(/1 node/);
    expect(await typed(dir, "plan", "--offline", "--ref", ref)).toContain("n1");
  },
);

test("settings, fleet, request ids and the newest commit are read from a bare repository", async () => {
  const { dir, commit } = await aBare();
  expect(findRepository(join(dir, "refs"))).toMatchObject({ dir, gitdir: dir, bare: true });
  expect((await loadSettings({ dir, ref: commit, env: {} })).settings?.concurrency).toBe(7);
  const { fleet } = await loadFleet({ dir, ref: commit, settings: settingsSchema.parse({}) });
  expect(fleet).toMatchObject({ commit: { id: commit }, nodes: [{ name: "n1" }] });
  expect(await requestIdsInGit(dir, "inventory")).toEqual({
    ids: ["2026-11-24-a"],
    complete: true,
  });
  const followed = await aFollowing(dir);
  expect(followed.dir).toBe(dir);
  expect(valueOf(await followed.newest())).toBe(commit);
});

test("a ref that is an annotated tag is the commit that it names", async () => {
  const { dir, commit } = await aBare();
  const tagger = { name: "ops", email: "ops@example.org" };
  await git.annotatedTag({ fs, gitdir: dir, ref: "v1", message: "one", object: commit, tagger });
  const { fleet } = await loadFleet({ dir, ref: "v1", settings: settingsSchema.parse({}) });
  expect(fleet?.commit.id).toBe(commit);
});
