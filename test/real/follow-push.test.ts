import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hookStatus, installHook, uninstallHook } from "../../inventory/follow/hook.ts";
import { aFollowing, failureOf, valueOf, wakes } from "../support/a-following.ts";
import { tempDir } from "../support/temp-dir.ts";
import { anOrigin, git } from "./git-program.ts";

const FILES = { "inventory/a.yaml": "# a\n" };

test("a push to a bare repository wakes at once, without a hook", async () => {
  const { bare, push } = anOrigin();
  const followed = await aFollowing(bare);
  expect(failureOf(await followed.newest())).toMatchObject({ code: "IW-G02", kind: "waiting" });
  const woken = wakes(followed);
  const commit = push(FILES);
  expect(await woken).toBe(true);
  expect(valueOf(await followed.newest())).toBe(commit);
});

test("refs that git packs are still followed", async () => {
  const { bare, push } = anOrigin();
  const followed = await aFollowing(bare, { git: { ref: "main" } });
  const commit = push(FILES);
  git(bare, "gc", "--quiet");
  expect(existsSync(join(bare, "refs/heads/main"))).toBe(false);
  expect(valueOf(await followed.newest())).toBe(commit);
  const second = push({ "inventory/a.yaml": "# 2\n" });
  expect(valueOf(await followed.newest())).toBe(second);
});

test("a hook that is there is kept, and gets what git says, and its word counts", async () => {
  const { bare, push } = anOrigin();
  const hook = join(bare, "hooks", "post-receive");
  const told = join(bare, "told");
  writeFileSync(hook, `#!/bin/sh\ncat > '${told}'\nexit 3\n`);
  chmodSync(hook, 0o755);
  const status = valueOf(installHook(bare, []));
  expect(status).toMatchObject({
    path: hook,
    state: "installed",
    calls: `${hook}.before-ironwright`,
  });
  const again = valueOf(installHook(bare, []));
  expect(again).toEqual(status);
  const commit = push(FILES);
  expect(readFileSync(told, "utf8")).toContain(`${commit} refs/heads/main`);
  expect(valueOf(hookStatus(bare)).wokeAt).not.toBeNull();
  expect(valueOf(uninstallHook(bare))).toMatchObject({ state: "another", wakes: [] });
  expect(readFileSync(hook, "utf8")).toContain("exit 3");
});

test("the hook touches the wake file of a daemon that follows a URL, and nothing stops a push", async () => {
  const { bare, push } = anOrigin();
  const dir = tempDir();
  const followed = await aFollowing(dir, { git: { url: "https://git.example.org/i.git" } });
  const wakeFile = followed.wakeFile;
  valueOf(installHook(bare, [wakeFile, "/nowhere/it's gone/wake"]));
  expect(valueOf(installHook(bare, [wakeFile])).wakes).toHaveLength(3);
  const woken = wakes(followed);
  push(FILES);
  expect(await woken).toBe(true);
});

test("where no repository is, and where two hooks are in the way, the hook is refused", () => {
  expect(failureOf(installHook(tempDir(), [])).message).toContain("--repository DIR");
  const { bare } = anOrigin();
  const hook = join(bare, "hooks", "post-receive");
  valueOf(installHook(bare, []));
  writeFileSync(`${hook}.before-ironwright`, "#!/bin/sh\n");
  writeFileSync(hook, "#!/bin/sh\n# another tool's\n");
  expect(failureOf(installHook(bare, []))).toMatchObject({ code: "IW-G09" });
  expect(readFileSync(hook, "utf8")).toContain("another tool's");
});

test("a hook whose bit was lost is said and mended; core.hooksPath is looked at", () => {
  const { bare } = anOrigin();
  const { path } = valueOf(installHook(bare, []));
  chmodSync(path, 0o644);
  expect(valueOf(hookStatus(bare)).state).toBe("not executable");
  valueOf(installHook(bare, []));
  expect(statSync(path).mode & 0o111).not.toBe(0);
  expect(valueOf(uninstallHook(bare)).state).toBe("none");
  git(bare, "config", "core.hooksPath", "our-hooks");
  rmSync(join(bare, "hooks"), { recursive: true });
  expect(valueOf(installHook(bare, [])).path).toBe(join(bare, "our-hooks", "post-receive"));
});
