import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { GoldenHouse } from "../../support/golden-house.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { tempRepo } from "../../support/temp-repo.ts";

function typed(dir: string, ...words: readonly string[]): Promise<string> {
  const house = new GoldenHouse(dir, join(dir, ".ironwright"));
  return house.run([...words], { columns: 100, answer: null });
}

test("hook says what is wrong with how it was called, and writes nothing", async () => {
  const { dir } = await tempRepo();
  const hook = join(dir, ".git/hooks/post-receive");
  expect(await typed(dir, "hook", "instal")).toContain("write: ironwright hook install");
  expect(await typed(dir, "hook", "install", "--read-only")).toMatch(
    /nothing was done.*\n\[exit 4\]/,
  );
  expect(existsSync(hook)).toBe(false);
  const nowhere = tempDir();
  expect(await typed(nowhere, "hook", "install")).toMatch(
    /there is no git repository at or above .*--repository DIR.*IW-G01\n\[exit 3\]/,
  );
});

test("hook install is said, kept when it is repeated, and taken out again", async () => {
  const { dir } = await tempRepo();
  const hook = join(dir, ".git/hooks/post-receive");
  expect(await typed(dir, "hook", "status")).toContain(`${hook} is not there`);
  const said = await typed(dir, "hook", "install");
  expect(said).toBe(`${hook} wakes the daemon after each push
  it touches ${join(dir, ".git/ironwright-wake")}
  it woke last: never
`);
  const text = readFileSync(hook, "utf8");
  expect(await typed(tempDir(), "hook", "install", "--repository", dir)).toBe(said);
  expect(readFileSync(hook, "utf8")).toBe(text);
  expect(JSON.parse(await typed(dir, "hook", "status", "--json"))).toMatchObject({
    state: "installed",
    wokeAt: null,
  });
  expect(await typed(dir, "hook", "uninstall")).toBe(`${hook} is not there any more\n`);
  expect(existsSync(hook)).toBe(false);
  expect(await typed(dir, "hook", "uninstall")).toBe(`${hook} is not there any more\n`);
});

test("another hook is left alone by status and uninstall, and kept by install", async () => {
  const { dir } = await tempRepo();
  const hook = join(dir, ".git/hooks/post-receive");
  const theirs = "#!/bin/sh\necho theirs\n";
  await typed(dir, "hook", "install");
  await typed(dir, "hook", "uninstall");
  writeFileSync(hook, theirs);
  chmodSync(hook, 0o755);
  expect(await typed(dir, "hook", "uninstall")).toContain("is not ours and was left alone");
  expect(await typed(dir, "hook", "install")).toContain(`then it calls ${hook}.before-ironwright`);
  await typed(dir, "hook", "uninstall");
  expect(readFileSync(hook, "utf8")).toBe(theirs);
});
