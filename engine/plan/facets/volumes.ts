import { known } from "../../../schemas/observation.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import type { ProvisionState } from "../../../schemas/provision-state.ts";
import { declaredConnectors, declaredTargets } from "../parts/declared-parts.ts";
import {
  isEmpty,
  layApart,
  otherWith,
  type PartChange,
  partDifferences,
  type Parts,
  refusedAt,
} from "../parts/part-changes.ts";
import { type Facet, type NodeView, notInThisState } from "./facet.ts";

const CONNECTORS = "/volumes/connectors";
const TARGETS = "/volumes/targets";
/** States in which Ironic lets volumes go, whatever the power (ironic-facts 1.3). */
const MAY_GO: readonly ProvisionState[] = ["enroll", "manageable", "adopt failed"];

/** Connectors and targets live in the record, and change only while nothing runs that may be using them. */
export const volumesFacet: Facet = {
  name: "volumes",
  observes: [],
  driftDefault: () => "enforce",
  value: (_observation, record) => record.volumes,

  compare({ node, record: { volumes } }) {
    const empty = isEmpty(volumes.connectors) && isEmpty(volumes.targets);
    if (node.spec.volumes === undefined && empty) return { kind: "undeclared" };
    const desired = {
      connectors: declaredConnectors(node.spec),
      targets: declaredTargets(node.spec),
    };
    const differences = [
      ...partDifferences(CONNECTORS, volumes.connectors, desired.connectors),
      ...partDifferences(TARGETS, volumes.targets, desired.targets),
    ];
    if (differences.length > 0) return { kind: "differs", desired, differences };
    const none = isEmpty(desired.connectors) && isEmpty(desired.targets);
    return none ? { kind: "undeclared" } : { kind: "same", desired };
  },

  close(view, { path }) {
    const { volumes, refused } = layVolumes(view);
    const why = refused.get(path);
    return why === undefined ? { kind: "record", patch: { volumes } } : notInThisState(path, why);
  },
};

function layVolumes(view: NodeView): {
  readonly volumes: NodeRecord["volumes"];
  readonly refused: ReadonlyMap<string, string>;
} {
  const { node, record } = view;
  const refuse = (change: PartChange): string | null => whyStays(view, change);
  const connectors = layApart(
    record.volumes.connectors,
    declaredConnectors(node.spec),
    refuse,
    (name, laid) => clash(name, laid, ({ type, connectorId }) => `${type} ${connectorId}`),
  );
  const targets = layApart(
    record.volumes.targets,
    declaredTargets(node.spec),
    refuse,
    (name, laid) => clash(name, laid, ({ bootIndex }) => `bootIndex ${bootIndex}`),
  );
  return {
    volumes: { connectors: { ...connectors.parts }, targets: { ...targets.parts } },
    refused: new Map([...refusedAt(CONNECTORS, connectors), ...refusedAt(TARGETS, targets)]),
  };
}

/** While another one still has what there is once, it waits. */
function clash<P>(name: string, laid: Parts<P>, keyOf: (part: P) => string): string | null {
  const own = laid[name];
  const other = otherWith(name, laid, (one, mine) => keyOf(one) === keyOf(mine));
  return own === undefined || other === undefined ? null : `${other} still has ${keyOf(own)}`;
}

function whyStays({ record, observation }: NodeView, change: PartChange): string | null {
  const { field, declared, recorded } = change;
  if (recorded === null && field === null) return null;
  if (declared === null && field === null && MAY_GO.includes(record.provisionState)) return null;
  const power = known(observation, "power");
  if (power === "off") return null;
  const is = power === undefined ? "not known to be" : "not";
  return `volumes change only while the node is powered off, and it is ${is}; power it off first`;
}
