import { STORE_FORMAT } from "../../schemas/store-format.ts";
import { readdirSync, readFileSync } from "node:fs";
import { hash } from "node:crypto";
import { join } from "node:path";
import { parse } from "yaml";
import { makePlan } from "../../engine/plan/make-plan.ts";
import { loadFleet } from "../../inventory/load-fleet.ts";
import type { Observation } from "../../schemas/observation.ts";
import { defaultSettings } from "../../schemas/settings.ts";

// One measurement in a process of its own, for nothing may be warm but the cache on disk.
// Arguments: floor or plan, the directory, the cache directory. Prints JSON.
const [what = "", dir = "", cacheDir = ""] = process.argv.slice(2);
const settings = { ...defaultSettings(), fleet: "6c1c1d9e-0000-4000-8000-000000000001" };

/** The least that anybody can do: read each blob and parse it once. */
function floor(): number {
  const started = performance.now();
  for (const name of readdirSync(join(dir, "inventory"))) {
    const text = readFileSync(join(dir, "inventory", name), "utf8");
    for (const one of text.split(/^---$/m)) parse(one);
  }
  return performance.now() - started;
}

/** The inventory read, and a plan made of it without a BMC: what `plan --offline` does. */
async function plan(): Promise<{ readonly loadMs: number; readonly planMs: number }> {
  const started = performance.now();
  const { fleet } = await loadFleet({ dir, settings, cacheDir });
  const loaded = performance.now();
  if (fleet === null) throw new Error("the made inventory is invalid");
  const now = Date.UTC(2026, 10, 24);
  const observations = new Map(
    fleet.nodes.map((node): [string, Observation] => [node.name, healthy(node.name, now)]),
  );
  const made = performance.now();
  makePlan(
    {
      fleet,
      observations,
      records: new Map(),
      holds: new Map(),
      store: {
        id: "s",
        epoch: 1,
        format: STORE_FORMAT,
        backend: "file",
        ttlMs: 30_000,
        fleet: "f",
        dev: "",
        ino: "",
        createdAt: 0,
        spentRequests: [],
        nodes: "existing",
        existing: [],
      },
      inForce: null,
      catalog: {},
      stop: null,
      acknowledged: new Set(),
      unfinished: new Set(),
      spentRequests: new Set(),
      appliedImages: new Map(),
      forgottenUses: [],
      allocated: new Map(),
      existing: new Set(fleet.nodes.map(({ name }) => name)),
    },
    {
      now,
      settings,
      settingsHash: "s",
      offline: false,
      digest: (text) => hash("sha256", text),
    },
  );
  return { loadMs: loaded - started, planMs: performance.now() - made };
}

function healthy(name: string, at: number): Observation {
  const n = Number(name.slice(1));
  const reading = <T>(value: T): { known: true; value: T; at: number } => ({
    known: true,
    value,
    at,
  });
  return {
    node: name,
    at,
    facets: {
      identity: reading({
        manufacturer: "Dell",
        serial: `S${n}`,
        systemUuid: `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
      }),
      power: reading("on" as const),
      bootMode: reading("uefi" as const),
      bootDevice: reading({ device: "disk" as const, persistent: true }),
    },
    capabilities: {},
    transport: { tls: "verified", fence: "session" },
    unreachable: null,
  };
}

const measured = what === "floor" ? { loadMs: floor(), planMs: 0 } : await plan();
const rssMb = process.resourceUsage().maxRSS / 1024;
process.stdout.write(`${JSON.stringify({ ...measured, rssMb })}\n`);
