import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
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
