import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { aRack } from "../../support/rack.ts";

async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await met())) {
    if (Date.now() > deadline) throw new Error("it did not come to pass in 20 s");
    await new Promise((done) => setTimeout(done, 50));
  }
}

test("two applies of one node: the second says who holds it and since when, and leaves with 5", async () => {
  // Its lease must outlast the pause, also on a slow machine.
  const rack = await aRack(["n1"], { spec: "  power: on\n", ttlSeconds: 120 });
  const first = rack.start({ IRONWRIGHT_TEST_PAUSE_AT: "intent-durable" }, "apply", "--yes");
  await until(async () => (await rack.run("lease", "list")).out.includes(" held "));
  const second = await rack.run("apply", "--yes");
  expect(second.code).toBe(5);
  expect(second.out).toMatch(
    /n1 is held by .*\.apply\.\d+ since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/,
  );
  expect(rack.acts()).toEqual([]);
  first.child.kill("SIGCONT");
  expect((await first.ended).code).toBe(0);
  expect(rack.acts()).toHaveLength(1);
});

test("a stopped holder whose lease is taken over acts on nothing after it wakes, and its session is dead", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  // Stopped after its check, before the send: what no lease alone can fence.
  const first = rack.start({ IRONWRIGHT_TEST_PAUSE_AT: "checked:2" }, "apply", "--yes");
  await until(async () => (await rack.run("lease", "list")).out.includes(" held "));
  await until(() => rack.logins().length >= 1);
  const second = await rack.run("apply", "--yes", "--lock-timeout", "20");
  expect([second.code, second.out]).toEqual([0, expect.stringContaining("1 node applied")]);
  expect(rack.acts().map(({ effect }) => effect)).toEqual(["powering on"]);
  const logins = rack.logins().length;
  const ended = rack.simulator.log.filter(({ effect }) => effect === "session ended").length;
  expect(ended).toBeGreaterThan(0);
  first.child.kill("SIGCONT");
  const woken = await first.ended;
  expect(woken.code).not.toBe(0);
  expect(rack.acts()).toHaveLength(1);
  expect(rack.logins()).toHaveLength(logins);
});

test("lease break takes a lease from a holder that hangs; the old holder's next check fails", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  const first = rack.start({ IRONWRIGHT_TEST_PAUSE_AT: "before-intent" }, "apply", "--yes");
  await until(async () => (await rack.run("lease", "list")).out.includes(" held "));
  const broken = await rack.run("lease", "break", "n1", "--reason", "it hangs");
  expect([broken.code, broken.err]).toEqual([0, ""]);
  first.child.kill("SIGCONT");
  const woken = await first.ended;
  expect(woken.code).toBe(5);
  expect(rack.acts()).toEqual([]);
  expect((await rack.run("apply", "--yes")).code).toBe(0);
  expect(rack.acts()).toHaveLength(1);
});

test("without a session a paused holder is waited for, however often apply is run, until it is gone", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  const path = "inventory/n1.yaml";
  const text = readFileSync(join(rack.repo.dir, path), "utf8");
  rack.repo.write(path, text.replace("    username:", "    auth: basic\n    username:"));
  await rack.repo.commit("basic authentication");
  const first = rack.start({ IRONWRIGHT_TEST_PAUSE_AT: "checked:2" }, "apply", "--yes");
  await until(async () => (await rack.run("lease", "list")).out.includes(" held "));
  await until(() => isStopped(first.child.pid ?? 0));
  for (const lockTimeout of ["20", "0", "0"]) {
    const next = await rack.run("apply", "--yes", "--lock-timeout", lockTimeout);
    expect([next.code, next.out]).toEqual([5, expect.stringContaining("may only be paused")]);
  }
  expect(rack.acts()).toEqual([]);
  first.child.kill("SIGKILL");
  await first.ended;
  expect((await rack.run("apply", "--yes")).code).toBe(0);
  expect(rack.acts()).toHaveLength(1);
});

test("an inventory that was read slowly is not put in force over a newer one", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n", ttlSeconds: 120 });
  const slow = rack.start({ IRONWRIGHT_TEST_PAUSE_AT: "inventory-read" }, "apply", "--yes");
  await until(() => isStopped(slow.child.pid ?? 0));
  rack.declare("  boot: { device: pxe }\n");
  await rack.repo.commit("a newer one");
  expect((await rack.run("apply", "--yes")).code).toBe(0);
  slow.child.kill("SIGCONT");
  const ended = await slow.ended;
  expect([ended.code, ended.err]).toEqual([4, expect.stringContaining("IW-P17")]);
  expect(rack.acts().map(({ method }) => method)).toEqual(["PATCH"]);
});

/** The state letter after the name in parentheses, proc(5). */
function isStopped(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).startsWith("T");
}
