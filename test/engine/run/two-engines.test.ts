import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Sender } from "../../../drivers/driver.ts";
import { stopped } from "../../support/paused.ts";
import { aRack } from "../../support/rack.ts";

/** A lease that a test waits out: no shorter, for its taker holds one of the same length. */
const TAKEN_SECONDS = 12;

test("two applies of one node: the second says who holds it and since when, and leaves with 5", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  const first = rack.start({ IRONWRIGHT_TEST_PAUSE_AT: "intent-durable" }, "apply", "--yes");
  await stopped(first);
  expect((await rack.run("lease", "list")).out).toContain(" held ");
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
  const rack = await aRack(["n1"], { spec: "  power: on\n", ttlSeconds: TAKEN_SECONDS });
  // Stopped after its check, before the send: what no lease alone can fence.
  const first = rack.start({ IRONWRIGHT_TEST_PAUSE_AT: "checked:2" }, "apply", "--yes");
  await stopped(first);
  expect(rack.logins().length).toBeGreaterThan(0);
  const second = await rack.run("apply", "--yes", "--lock-timeout", "60");
  expect([second.code, second.out]).toEqual([0, expect.stringContaining("1 node applied")]);
  expect(rack.acts().map(({ effect }) => effect)).toEqual(["powering on"]);
  const logins = rack.logins().length;
  const ended = rack.simulator.log.filter(({ effect }) => effect === "session ended").length;
  expect(ended).toBeGreaterThan(0);
  // The BMC's log says who: what fences the first off, and the act, come under the lease after the first one's.
  const under = ({ sender }: { readonly sender: Sender | null }): number | undefined =>
    sender?.fence;
  expect(
    rack.simulator.log.filter(({ effect }) => effect === "session ended").map(under),
  ).toContain(2);
  expect(rack.acts().map(under)).toEqual([2]);
  first.child.kill("SIGCONT");
  const woken = await first.ended;
  expect(woken.code).not.toBe(0);
  expect(rack.acts()).toHaveLength(1);
  expect(rack.logins()).toHaveLength(logins);
});

test("lease break takes a lease from a holder that hangs; the old holder's next check fails", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  const asked = ["apply", "--yes", "--json"];
  const first = rack.start({ IRONWRIGHT_TEST_PAUSE_AT: "before-intent" }, ...asked);
  await stopped(first);
  expect((await rack.run("lease", "list")).out).toContain(" held ");
  const broken = await rack.run("lease", "break", "n1", "--reason", "it hangs");
  expect([broken.code, broken.err]).toEqual([0, expect.stringContaining("may still come")]);
  const { out: history } = await rack.run("history", "n1", "--json");
  expect(history).toMatch(/taken from .* \(fence 1\): .*it hangs/);
  first.child.kill("SIGCONT");
  const woken = await first.ended;
  expect(woken.code).toBe(5);
  expect(woken.out).toMatch(/"event":"lease.broken","node":"n1","step":"1".*"fence":\d/);
  expect(rack.acts()).toEqual([]);
  expect((await rack.run("apply", "--yes")).code).toBe(0);
  expect(rack.acts()).toHaveLength(1);
});

test("without a session a paused holder is waited for, however often apply is run, until it is gone", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n", ttlSeconds: TAKEN_SECONDS });
  const path = "inventory/n1.yaml";
  const text = readFileSync(join(rack.repo.dir, path), "utf8");
  rack.repo.write(path, text.replace("    username:", "    auth: basic\n    username:"));
  await rack.repo.commit("basic authentication");
  const first = rack.start({ IRONWRIGHT_TEST_PAUSE_AT: "checked:2" }, "apply", "--yes");
  await stopped(first);
  for (const lockTimeout of ["60", "0", "0"]) {
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
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  const slow = rack.start({ IRONWRIGHT_TEST_PAUSE_AT: "inventory-read" }, "apply", "--yes");
  await stopped(slow);
  rack.declare("  boot: { device: pxe }\n");
  await rack.repo.commit("a newer one");
  expect((await rack.run("apply", "--yes")).code).toBe(0);
  slow.child.kill("SIGCONT");
  const ended = await slow.ended;
  expect([ended.code, ended.err]).toEqual([4, expect.stringContaining("IW-P17")]);
  expect(rack.acts().map(({ method }) => method)).toEqual(["PATCH"]);
});
