import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compose } from "../../engine/cli/compose.ts";
import type { House } from "../../engine/cli/house.ts";
import { surroundingsOf } from "../../engine/plan/input.ts";
import { apply } from "../../engine/run/apply.ts";
import { planFleet } from "../../engine/run/plan-fleet.ts";
import { initStore } from "../../engine/run/store/init-store.ts";
import { openActing } from "../../engine/run/store/open-store.ts";
import type { FilesPort } from "../../engine/run/store/store-ports.ts";
import { FakeDriver } from "../../drivers/fake/fake-driver.ts";
import { loadFleet } from "../../inventory/load-fleet.ts";
import type { Fleet } from "../../schemas/fleet.ts";
import { settingsSchema } from "../../schemas/settings.ts";
import type { Cost, LifecycleMeasured } from "./lifecycle-bench.ts";
import { makeFakes } from "../support/make-inventory.ts";
import { BENCH_STORE } from "./bench-store.ts";

// Enrols so many fake nodes to active by the real planFleet and apply over a store on disk, then writes as many
// lines of the same mean size, in the same groups, with nothing else: the floor. Argument: how many. Prints JSON.
const nodes = Number(process.argv[2] ?? "1000");

/** As many nodes at once as a person would set for a fleet of this size. */
const CONCURRENCY = 256;
const settings = settingsSchema.parse({
  fleet: "6c1c1d9e-0000-4000-8000-000000000001",
  store: "bench",
  concurrency: CONCURRENCY,
  // The fake's power supplies and racks need no rest.
  limits: { resetSpacingSeconds: 0, powerOnSpacingSeconds: 0, settleSeconds: 0 },
});

/** What one sync of the journal made durable. */
interface Group {
  readonly lines: number;
  readonly bytes: number;
}

async function costOf(work: () => Promise<void>): Promise<Cost> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 };
}

/** The real files, with a count of what goes into the journal. */
function counted(files: FilesPort, groups: Group[]): FilesPort {
  const all: FilesPort = {
    ...files,
    guardedBy: () => all,
    async openAppend(path) {
      const file = await files.openAppend(path);
      return {
        ...file,
        async append(text) {
          groups.push({ lines: text.split("\n").length - 1, bytes: Buffer.byteLength(text) });
          await file.append(text);
        },
      };
    },
  };
  return all;
}

async function fleetIn(dir: string): Promise<Fleet> {
  makeFakes(dir, nodes);
  const { fleet } = await loadFleet({ dir, settings });
  if (fleet === null) throw new Error("the made inventory is invalid");
  return fleet;
}

/** Plans and applies; the inventory is read before, and the store made. */
async function enrol(house: House, fleet: Fleet, dir: string, groups: Group[]): Promise<Cost> {
  const ports = { ...house.store, files: counted(house.store.files, groups) };
  const actor = { name: "bench", role: "apply", host: house.host } as const;
  const opened = await openActing(dir, { store: "bench" }, actor, ports);
  if (!opened.ok) throw new Error(opened.failure.message);
  const store = opened.value;
  const driver = new FakeDriver({
    clock: house.clock,
    settings,
    resolveSecret: () => Promise.reject(new Error("a fake has no secret")),
    readFile: () => Promise.reject(new Error("a fake reads no file")),
    readOnly: false,
    random: () => house.random.next(),
    debug: () => undefined,
  });
  const drivers = { driverFor: () => driver, secretVersion: () => Promise.resolve(null) };
  const plan = {
    now: house.clock.now(),
    settings,
    settingsHash: "s",
    offline: false,
    digest: (text: string) => house.digest(text),
    claims: "all",
    maxImpact: "destructive",
  } as const;
  return costOf(async () => {
    const at = { drivers, clock: house.clock, concurrency: settings.concurrency };
    const planned = await planFleet(fleet, store, at, { plan, catalog: house.catalog });
    const done = await apply(
      planned.plan,
      fleet,
      {
        store,
        drivers,
        clock: house.clock,
        random: house.random,
        checkpoint: house.checkpoint,
        emit: () => undefined,
        settings,
      },
      {
        plan,
        surroundings: surroundingsOf(planned.input),
        lockTimeoutMs: 0,
        authority: { who: "bench", ceiling: "destructive" },
        why: "bench",
        stopping: new AbortController().signal,
      },
    );
    if (!done.ok) throw new Error(done.failure.message);
    const other = done.value.nodes.find(({ status }) => status !== "applied");
    if (other !== undefined) throw new Error(`${other.node}: ${other.status}, ${other.message}`);
    if (done.value.applied !== nodes) throw new Error(`${done.value.applied} nodes were applied`);
    await store.close();
  });
}

/** The same number of lines of the mean size, in the same groups, each group synced: nothing else. */
async function floor(path: string, groups: readonly Group[]): Promise<Cost> {
  const lines = groups.reduce((sum, group) => sum + group.lines, 0);
  const bytes = groups.reduce((sum, group) => sum + group.bytes, 0);
  const line = `${"x".repeat(Math.round(bytes / lines) - 1)}\n`;
  const file = await open(path, "a");
  const cost = await costOf(async () => {
    for (const group of groups) {
      await file.appendFile(line.repeat(group.lines));
      await file.datasync();
    }
  });
  await file.close();
  return cost;
}

const dir = mkdtempSync(join(tmpdir(), "ironwright-bench-"));
try {
  const house = compose("bench", {});
  const fleet = await fleetIn(dir);
  const state = join(dir, "state");
  const made = await initStore(state, BENCH_STORE, house.store);
  if (!made.ok) throw new Error(made.failure.message);
  const groups: Group[] = [];
  const whole = await enrol(house, fleet, state, groups);
  const least = await floor(join(dir, "floor"), groups);
  const lines = groups.reduce((sum, group) => sum + group.lines, 0);
  const bytes = groups.reduce((sum, group) => sum + group.bytes, 0);
  const measured: LifecycleMeasured = {
    nodes,
    lines,
    bytes,
    groups: groups.length,
    whole,
    floor: least,
  };
  process.stdout.write(`${JSON.stringify(measured)}\n`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
