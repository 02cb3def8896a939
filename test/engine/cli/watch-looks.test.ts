import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { aRack, type Rack } from "../../support/rack.ts";
import { type Watching, watching } from "../../support/watching.ts";

// A daemon is a process of its own, and looks at each node once in ten seconds.
vi.setConfig({ testTimeout: 120_000 });

const SPEC = "  power: on\n  drift: { power: report }\n";

/** A daemon over three BMCs of one rack, that it has read once; a request to them may take half a minute. */
async function overThree(): Promise<{ readonly rack: Rack; readonly daemon: Watching }> {
  const rack = await aRack(["n1", "n2", "n3"], { simulator: { layout: "port-per-bmc" } });
  const settings = readFileSync(join(rack.repo.dir, "ironwright.yaml"), "utf8");
  const patient = settings.replace("requestSeconds: 2", "requestSeconds: 30");
  const quick =
    "git: { pollSeconds: 1 }\npowerSync: { intervalSeconds: 10 }\nwatch: { maxImpact: reboot }\n";
  rack.repo.write("ironwright.yaml", `${patient}${quick}`);
  rack.declare(SPEC);
  await rack.repo.commit("on");
  const env = { IRONWRIGHT_INSTANCE: "a", IRONWRIGHT_LISTEN: "127.0.0.1:0" };
  const daemon = watching(rack.start(env, "watch", "--json"));
  await daemon.until("apply.summary");
  return { rack, daemon };
}

async function ended({ child, ended: end }: Watching): Promise<void> {
  child.kill("SIGTERM");
  await end;
}

test("a BMC that does not answer holds up neither a commit nor its neighbours", async () => {
  const { rack, daemon } = await overThree();
  rack.simulator.fault("n1=hang");
  // Every node's turn comes within this: one read of n1 has begun, and waits.
  await pause(15_000);
  const from = performance.now();
  rack.declare("  power: off\n", ["n2", "n3"]);
  await rack.repo.commit("off");
  const seen = daemon.events().length;
  await daemon.until("watch.commit", /off/);
  await daemon.until("apply.summary", /[12] applied/, seen);
  const resets = (name: string): number =>
    rack.acts().filter(({ machine, path }) => machine === name && path.endsWith("Reset")).length;
  // On, and off.
  while (resets("n2") < 2 || resets("n3") < 2) await pause(50);
  // Far less than a request to n1 takes.
  expect(performance.now() - from).toBeLessThan(20_000);
  expect(daemon.events().some(({ event, node }) => event === "node.silent" && node === "n1")).toBe(
    false,
  );
  await ended(daemon);
});

test("a node in sync is read once an interval", async () => {
  const { daemon } = await overThree();
  const reads = async (): Promise<number> => {
    const text = await (await fetch(`${await daemon.url()}/metrics`)).text();
    const lines = text.split("\n").filter((line) => /bmc_call_seconds_count\{.*"read"/.test(line));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  };
  await pause(10_000);
  const before = await reads();
  await pause(20_000);
  const after = await reads();
  // Twice each, and a third time where its place in the interval falls on an edge.
  expect(after - before).toBeGreaterThanOrEqual(3);
  expect(after - before).toBeLessThanOrEqual(9);
  await ended(daemon);
});
