import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { aRack, type Rack } from "../../support/rack.ts";

/** Provision states in the record files of a rack's store. */
function recordedStates(rack: Rack): readonly string[] {
  const nodes = join(rack.repo.dir, ".ironwright", "nodes");
  return readdirSync(nodes, { recursive: true, encoding: "utf8" })
    .filter((path) => /record\.\d+\.json$/.test(path))
    .map((path) => JSON.parse(readFileSync(join(nodes, path), "utf8")) as Record<string, unknown>)
    .map((record) => String(record["provisionState"]));
}

function lastEvent(out: string): unknown {
  return JSON.parse(out.trim().split("\n").at(-1) ?? "{}");
}

test("the summary counts the nodes whose planned steps were done, and says apart whose record alone was written", async () => {
  const rack = await aRack(["n1", "n2", "n3"], { spec: "" });
  rack.declare("  power: on\n", ["n1"]);
  await rack.repo.commit("n1 is on");
  const plan = await rack.run("plan");
  expect(plan.out).toContain("THIS COMMIT CHANGES 1 NODE");
  const applied = await rack.run("apply", "--yes");
  expect(applied.out).toContain("1 node applied, 0 failed, 0 skipped, 2 records written, in ");
  expect(recordedStates(rack)).toEqual(["active", "active", "active"]);
});

test("adoption is written down once: the next apply touches nothing", async () => {
  const rack = await aRack(["n1", "n2"], { spec: "" });
  const first = await rack.run("apply", "--yes", "--json");
  expect(lastEvent(first.out)).toMatchObject({
    event: "apply.summary",
    applied: 0,
    failed: 0,
    skipped: 0,
    recorded: 2,
  });
  expect(recordedStates(rack)).toEqual(["active", "active"]);
  const second = await rack.run("apply", "--yes", "--json");
  expect(lastEvent(second.out)).toMatchObject({ message: "nothing to do", recorded: 0 });
});

test("what a crash left open is a record, not a node applied", async () => {
  const rack = await aRack(["n1", "n2"], { spec: "" });
  // One node alone acts, so that the first outcome is its own and the crash comes before its record.
  rack.declare("  power: on\n", ["n1"]);
  await rack.runWith({ IRONWRIGHT_TEST_STOP_AT: "outcome-durable:1" }, "apply", "--yes");
  const applied = await rack.run("apply", "--yes", "--node", "n1");
  expect(applied.out).toContain("1 record written; nothing was sent to a machine.");
});
