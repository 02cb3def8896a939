import { expect, test } from "vitest";
import type { BmcCall } from "../../../drivers/driver.ts";
import { metricsOf } from "../../../engine/cli/metrics.ts";
import type { WatchState } from "../../../engine/run/watch/ports.ts";
import type { EngineEvent } from "../../../schemas/event.ts";

const STATE: WatchState = {
  commit: "9f2c1aa",
  commitAt: 1000,
  refused: null,
  members: ["a", "b"],
  owned: 3,
  busy: 1,
  waiting: 2,
  rounds: 7,
  beatAt: 0,
  failed: 0,
  withheld: false,
  nodes: new Map(),
};

function event(values: Partial<EngineEvent>): EngineEvent {
  const nobody = { node: null, step: null, commit: null, fence: null };
  const head = { time: "", code: null, instance: "a", message: "" };
  return { ...head, ...nobody, event: "node.done", ...values };
}

/** The lines of a scrape that begin so. */
async function lines(
  { registry }: ReturnType<typeof metricsOf>,
  name: string,
): Promise<readonly string[]> {
  const text = await registry.metrics();
  return text.split("\n").filter((line) => line.startsWith(`ironwright_${name}`));
}

test("what never happened is 0, and a commit that is not there yet has no age", async () => {
  const state = { ...STATE, commit: null, commitAt: null };
  const metrics = metricsOf({ state: () => state, now: () => 0 });
  expect(await lines(metrics, "lease_changes_total")).toEqual([
    'ironwright_lease_changes_total{change="taken"} 0',
    'ironwright_lease_changes_total{change="lost"} 0',
    'ironwright_lease_changes_total{change="broken"} 0',
    'ironwright_lease_changes_total{change="refused"} 0',
  ]);
  expect(await lines(metrics, "commit_age")).toEqual(["ironwright_commit_age_seconds Nan"]);
  expect(await lines(metrics, "commit_info")).toEqual([]);
});

test("a scrape is what the daemon's state is at that moment, however often it is asked for", async () => {
  let state = STATE;
  const metrics = metricsOf({ state: () => state, now: () => 61_000 });
  for (let scrape = 0; scrape < 2; scrape += 1) {
    expect(await lines(metrics, "rounds_total")).toEqual(["ironwright_rounds_total 7"]);
    expect(await lines(metrics, "queue_depth")).toEqual(["ironwright_queue_depth 2"]);
    expect(await lines(metrics, "commit_age")).toEqual(["ironwright_commit_age_seconds 60"]);
  }
  state = { ...STATE, commit: "aaaaaaa" };
  expect(await lines(metrics, "commit_info")).toEqual([
    'ironwright_commit_info{commit="aaaaaaa"} 1',
  ]);
});

test("leases and the ring are counted by what changed", async () => {
  const metrics = metricsOf({ state: () => STATE, now: () => 0 });
  metrics.hear(event({ event: "lease.taken", node: "n1", fence: 1 }));
  metrics.hear(event({ event: "lease.taken", node: "n2", fence: 1 }));
  metrics.hear(event({ event: "lease.lost", code: "IW-L02" }));
  metrics.hear(event({ event: "lease.broken", code: "IW-L02" }));
  metrics.hear(event({ event: "node.skipped", code: "IW-L01" }));
  // Skipped for another reason.
  metrics.hear(event({ event: "node.skipped", code: "IW-P01" }));
  metrics.hear(event({ event: "watch.members", joined: 2, left: 1 }));
  metrics.hear(event({ event: "watch.nodes", gained: 30, lost: 12 }));
  const all = [
    ...(await lines(metrics, "lease_changes")),
    ...(await lines(metrics, "ring_changes")),
    ...(await lines(metrics, "node_moves")),
  ];
  expect(
    all.map((line) => line.replace(/^ironwright_(.*)_total\{change="(.*)"\}/, "$1 $2")),
  ).toEqual([
    "lease_changes taken 2",
    "lease_changes lost 1",
    "lease_changes broken 1",
    "lease_changes refused 1",
    "ring_changes joined 2",
    "ring_changes left 1",
    "node_moves gained 30",
    "node_moves lost 12",
  ]);
});

test("requests to BMCs are counted by driver, kind and result, and no series names a node", async () => {
  const metrics = metricsOf({ state: () => STATE, now: () => 0 });
  const call = (kind: BmcCall["kind"], result: string, seconds: number): void =>
    metrics.called("redfish", { kind, result, seconds });
  call("read", "2xx", 0.02);
  call("read", "2xx", 0.2);
  call("read", "IW-B01", 10);
  call("act", "4xx", 0.2);
  expect(await lines(metrics, "bmc_call_seconds_count")).toEqual([
    'ironwright_bmc_call_seconds_count{driver="redfish",kind="read",result="2xx"} 2',
    'ironwright_bmc_call_seconds_count{driver="redfish",kind="read",result="IW-B01"} 1',
    'ironwright_bmc_call_seconds_count{driver="redfish",kind="act",result="4xx"} 1',
  ]);
  const buckets = await lines(metrics, "bmc_call_seconds_bucket");
  expect(buckets).toContain(
    'ironwright_bmc_call_seconds_bucket{le="0.1",driver="redfish",kind="read",result="2xx"} 1',
  );
  expect(await metrics.registry.metrics()).not.toMatch(/node=/);
});
