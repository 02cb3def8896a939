import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ConsoleLog, type LogTrouble } from "../../engine/cli/console/console-log.ts";
import { tempDir } from "../support/temp-dir.ts";
import { aRack, parseEveryFile, type Rack } from "../support/rack.ts";

/** Puts a file system of its own below the state directory; needs root, as .ci/run has it. */
function mountState(rack: Rack, size: string): string {
  const state = join(rack.repo.dir, ".ironwright");
  mkdirSync(state, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", state]);
  onTestFinished(() => void execFileSync("umount", [state]));
  return state;
}

test("a full disk: exit 3 or 5 and one sentence, every file whole, and the work is done once there is room", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n", init: false });
  const state = mountState(rack, "512k");
  expect((await rack.run("init")).code).toBe(0);
  const filler = join(state, "filler");
  for (let size = 500; size > 0; size -= 4) {
    try {
      writeFileSync(filler, Buffer.alloc(size * 1024));
      break;
    } catch {
      // A little less, until the disk is exactly full.
    }
  }
  const full = await rack.run("apply", "--yes");
  expect([3, 5]).toContain(full.code);
  expect(full.err + full.out).toContain("the disk is full");
  expect(full.err).not.toMatch(/at .*\.js:\d+/);
  execFileSync("rm", [filler]);
  expect(parseEveryFile(state)).toBeGreaterThan(1);
  expect((await rack.run("apply", "--yes")).code).toBe(0);
  expect(rack.acts()).toHaveLength(1);
});

test("a full disk under the log of a console: told once, the gap is named, and it goes on", () => {
  const dir = tempDir();
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", dir]);
  onTestFinished(() => void execFileSync("umount", [dir]));
  const told: LogTrouble[] = [];
  const log = ConsoleLog.open(join(dir, "n1.log"), (trouble) => void told.push(trouble));
  if (typeof log === "string") throw new Error(log);
  log.line("n1 opened");
  writeFileSync(join(dir, "filler"), Buffer.alloc(40 * 1024));
  for (let part = 0; part < 10; part += 1) log.write(Buffer.alloc(4096, "x"));
  expect(told).toEqual([{ kind: "stopped", why: "the disk is full (ENOSPC)" }]);
  execFileSync("rm", [join(dir, "filler")]);
  log.write(Buffer.from("y\n"));
  log.close();
  const [, again, ...more] = told;
  expect([again, more]).toEqual([{ kind: "again", lostBytes: expect.any(Number) }, []]);
  const text = readFileSync(join(dir, "n1.log"), "utf8");
  expect(text).toMatch(/x\n=== console of \d+ bytes could not be written here ===\ny\n$/);
});

test("a read-only state directory: plan reads, apply refuses with the way out", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n", init: false });
  const state = mountState(rack, "4m");
  expect((await rack.run("init")).code).toBe(0);
  execFileSync("mount", ["-o", "remount,ro", state]);
  const plan = await rack.run("plan");
  expect([plan.code, plan.out]).toEqual([0, expect.stringContaining("power.on")]);
  const apply = await rack.run("apply", "--yes");
  expect([apply.code, apply.err]).toEqual([
    3,
    expect.stringContaining("the file system is read-only"),
  ]);
  expect(rack.acts()).toEqual([]);
});
