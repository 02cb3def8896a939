import type { NewStore } from "../../engine/run/store/init-store.ts";

/** A store of a benchmark's own. */
export const BENCH_STORE: NewStore = {
  id: "bench",
  fleet: "f",
  ttlSeconds: 30,
  nodes: "new",
  names: [],
  machines: [],
  tree: "t",
  commit: null,
  by: "bench",
  spentRequests: [],
};
