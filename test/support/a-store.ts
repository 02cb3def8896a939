import type { ActingStore, Grant } from "../../engine/run/ports.ts";
import type { NewStore } from "../../engine/run/store/init-store.ts";
import { openActing } from "../../engine/run/store/open-store.ts";
import type { FilesPort, ProcessId, StorePorts } from "../../engine/run/store/store-ports.ts";
import type { Incarnation, IntentBody } from "../../schemas/store.ts";
import { FakeClock, seededRandom } from "./fake-clock.ts";
import { turns } from "./a-disk.ts";

export const UUID = "ab000000-0000-4000-8000-000000000001";
export const TTL_SECONDS = 30;

/** What `/s` is made from in tests of the store. */
export const STORE: NewStore = {
  id: "store",
  fleet: "f",
  ttlSeconds: TTL_SECONDS,
  nodes: "existing",
  names: [],
  machines: [],
  tree: "t",
  commit: null,
  by: "test",
  spentRequests: [],
};
const EXPECTED = { store: "store", ttlSeconds: TTL_SECONDS };

/** An act that nothing stands against in a new store. */
export const ACT = {
  impact: "in-place",
  verb: "power.on",
  requestMaxMs: 1000,
  registerSeq: 1,
} as const;

export const INTENT: IntentBody = {
  planId: "p",
  registerSeq: 1,
  commit: null,
  author: null,
  step: "1",
  attempt: 1,
  action: { verb: "power.on" },
  impact: "in-place",
  authority: { who: "test", ceiling: "in-place" },
  bmc: null,
  system: null,
  identity: null,
  session: null,
  before: {},
  after: {},
  requestMaxMs: 1000,
  verifyMaxMs: 1000,
  reason: "a test",
};

/** What one process can say of another, by its pid; `unknown` is all that another boot can tell. */
export type FateOf = (pid: number) => "alive" | "gone" | "unknown";

/** Ports of a process whose pid is its seed. */
export function storePorts(
  files: FilesPort,
  seed: number,
  more: { readonly clock?: FakeClock; readonly fateOf?: FateOf } = {},
): StorePorts {
  const fate = ({ pid }: ProcessId): "alive" | "gone" | "unknown" =>
    pid === seed ? "alive" : (more.fateOf?.(pid) ?? "unknown");
  return {
    files,
    processes: {
      self: () => ({ pid: seed, startTicks: "1", bootId: `boot-${seed}`, pidNamespace: "n" }),
      fate: (other) => Promise.resolve(fate(other)),
    },
    clock: more.clock ?? new FakeClock(),
    random: seededRandom(seed),
    checkpoint: () => Promise.resolve(),
  };
}

export async function acting(
  using: StorePorts,
  name = "e",
  role: Incarnation["role"] = "apply",
): Promise<ActingStore> {
  const opened = await openActing("/s", EXPECTED, { name, role, host: "h" }, using);
  if (!opened.ok) throw new Error(opened.failure.message);
  return opened.value;
}

/** Takes the lease of the one node, or throws what stands against it. */
export async function held(store: ActingStore): Promise<Grant> {
  const claimed = await store.claim(UUID, "n1");
  if (!claimed.ok) throw new Error(`${claimed.failure.code} ${claimed.failure.message}`);
  return claimed.value;
}

/** Lets seconds pass one by one, so that who renews can renew. */
export async function pass(clock: FakeClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(1000);
    await turns();
  }
}
