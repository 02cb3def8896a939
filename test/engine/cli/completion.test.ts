import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { runCli } from "../../support/run-cli.ts";
import { tempDir } from "../../support/temp-dir.ts";

test("completion knows commands, their other names and flags, also behind -C DIR", async () => {
  const dir = tempDir();
  const { out } = await runCli(dir, ["completion", "bash"]);
  const ask = (words: string): readonly string[] => {
    const text = `${out}\nCOMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _ironwright; echo "\${COMPREPLY[*]}"`;
    const ran = spawnSync("bash", ["-c", text], { cwd: dir, encoding: "utf8" });
    expect(ran.stderr).toBe("");
    return ran.stdout.trim().split(" ");
  };
  expect(ask("ironwright desc")).toEqual(["describe"]);
  expect(ask("ironwright -C . --state x lease li")).toEqual(["list"]);
  expect(ask("ironwright -C . get --li")).toEqual(["--live"]);
  expect(ask("ironwright mig")).toEqual(["migrate"]);
  expect(ask("ironwright migrate --dry")).toEqual(["--dry-run"]);
  expect(ask("ironwright schema dri")).toEqual(["driver"]);
  expect(ask("ironwright node po")).toEqual(["power"]);
  expect(ask("ironwright -C . node power soft-of")).toEqual(["soft-off"]);
  expect(ask("ironwright node power off --force")).toEqual(["--force-after"]);
  expect(ask("ironwright plan --read")).toEqual(["--read-only"]);
});
