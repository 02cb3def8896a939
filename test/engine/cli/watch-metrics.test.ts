import { expect, test, vi } from "vitest";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { aRack } from "../../support/rack.ts";
import { watched } from "../../support/scraping.ts";

// A daemon is a process of its own, and looks at each node once in ten seconds.
vi.setConfig({ testTimeout: 120_000 });

const NODES = ["n1", "n2", "n3"];

const SPEC = "  power: on\n  bios: { ProcVirtualization: Enabled }\n  drift: { power: report }\n";

test("a scrape of a daemon says what a rack's people would see", async () => {
  const rack = await aRack(NODES, { simulator: { layout: "port-per-bmc" } });
  const settings = readFileSync(join(rack.repo.dir, "ironwright.yaml"), "utf8");
  const quick = "git: { pollSeconds: 1 }\npowerSync: { intervalSeconds: 10 }\n";
  rack.repo.write("ironwright.yaml", `${settings}${quick}`);
  rack.declare(SPEC);
  const commit = await rack.repo.commit("on");
  const { daemon, until } = await watched(rack);

  const well = await until(
    (now) =>
      now.get('events_total{event="apply.summary",code=""}') === 1 && now.get("nodes_busy") === 0,
  );
  expect(Object.fromEntries(well)).toMatchObject({
    nodes_owned: 3,
    ring_members: 1,
    commit_refused: 0,
    [`commit_info{commit="${commit}"}`]: 1,
    'ring_changes_total{change="joined"}': 1,
    'node_moves_total{change="gained"}': 3,
    'lease_changes_total{change="taken"}': 3,
    'lease_changes_total{change="lost"}': 0,
    'lease_changes_total{change="refused"}': 0,
    'bmc_call_seconds_count{driver="redfish",kind="login",result="2xx"}': rack.logins().length,
    'bmc_call_seconds_count{driver="redfish",kind="act",result="2xx"}': rack
      .acts()
      .filter(({ path }) => path.endsWith("Reset")).length,
  });
  expect(well.get("rounds_total")).toBeGreaterThan(0);
  expect(well.get("commit_age_seconds")).toBeLessThan(60);

  rack.simulator.pressPowerButton("n1");
  rack.simulator.fault("n3=busy");
  const busy = 'bmc_call_seconds_count{driver="redfish",kind="read",result="5xx"}';
  const drifted = await until(
    (now) => now.get('drift{facet="power"}') === 1 && (now.get(busy) ?? 0) > 0,
  );
  expect(drifted.get('nodes_by_state{state="active"}')).toBe(3);
  expect([...drifted.keys()].filter((series) => /n[123]/.test(series))).toEqual([]);
  daemon.child.kill("SIGTERM");
  expect((await daemon.ended).code).toBe(0);
});
