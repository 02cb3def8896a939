import type { NodeRecord } from "../../../schemas/record.ts";
import { sameValue } from "../canonical-json.ts";
import { configDriveOf, imageChanged, imageOf, sameImage } from "../flows/deploy.ts";
import type { Comparison, Facet, NodeView } from "./facet.ts";

/** A workload that we deployed, of a node that is to keep one; null when there is nothing to compare with. */
function deployed({ record, node }: NodeView): NonNullable<NodeRecord["instance"]> | null {
  const { instance } = record;
  return node.spec.provision?.state === "active" && instance?.origin === "deployed"
    ? instance
    : null;
}

function compared(path: string, desired: unknown, observed: unknown): Comparison {
  if (desired === null) return { kind: "undeclared" };
  if (sameValue(desired, observed)) return { kind: "same", desired };
  return { kind: "differs", desired, differences: [{ path, desired, observed }] };
}

/** A rebuild brings what is declared; `rebuild` is asked for by a request, never inferred. */
function untilRebuild(view: NodeView, what: string): ReturnType<Facet["close"]> {
  const rebuilds = view.requests.filter(({ request }) => request.action === "rebuild");
  if (rebuilds.some(({ verdict }) => verdict === "due"))
    return { kind: "nothing", why: "brought by the rebuild" };
  // Who sees a request in git, perhaps by a revert, is told why that one does nothing.
  const past = rebuilds.map(({ message }) => `; ${message ?? ""}`).join("");
  const why = `${what} is staged: a rebuild erases the root disk, and needs on this Node: requests: [ { id: ..., action: rebuild, expires: ... } ]${past}`;
  return { kind: "staged", until: "a rebuild request", why };
}

/** The image that was deployed, beside the one that is declared. */
export const imageFacet: Facet = {
  name: "image",
  observes: [],
  driftDefault: () => "report",
  value: (_observation, record) => record.instance?.image ?? null,
  compare(view) {
    const instance = deployed(view);
    if (instance === null) return { kind: "undeclared" };
    const declared = imageOf(view);
    const same = sameImage(declared, instance.image);
    return compared("/provision/image", declared, same ? declared : instance.image);
  },
  close: (view) => {
    const moved = imageChanged(view);
    return moved === null ? untilRebuild(view, "the image") : { kind: "blocked", blocked: moved };
  },
};

/** The config drive that was written, by the hash of its declaration. */
export const configDriveFacet: Facet = {
  name: "configDrive",
  observes: [],
  driftDefault: () => "report",
  value: (_observation, record) => record.instance?.configDrive ?? null,
  compare(view) {
    const instance = deployed(view);
    if (instance === null) return { kind: "undeclared" };
    return compared("/provision/configDrive", configDriveOf(view), instance.configDrive);
  },
  close: (view) => untilRebuild(view, "the config drive"),
};
