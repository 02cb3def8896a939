import { declaredGroups, declaredPorts } from "../parts/declared-parts.ts";
import { isEmpty, partDifferences } from "../parts/part-changes.ts";
import { layPorts } from "../parts/port-rules.ts";
import { type Difference, type Facet, notInThisState } from "./facet.ts";

/** Ports and bonds live in the record: the network is told of them, no machine holds them. */
export const portsFacet: Facet = {
  name: "ports",
  observes: [],
  driftDefault: () => "enforce",
  value: (_observation, { ports, portGroups }) => ({ ports, portGroups }),

  compare({ node, record }) {
    const { ports, portGroups } = node.spec;
    const declared = ports !== undefined || portGroups !== undefined;
    if (!declared && isEmpty(record.ports) && isEmpty(record.portGroups))
      return { kind: "undeclared" };
    const desired = {
      ports: declaredPorts(node.spec),
      portGroups: declaredGroups(node.spec),
    };
    const differences: readonly Difference[] = [
      ...partDifferences("/ports", record.ports, desired.ports),
      ...partDifferences("/portGroups", record.portGroups, desired.portGroups),
    ];
    if (differences.length > 0) return { kind: "differs", desired, differences };
    const none = isEmpty(desired.ports) && isEmpty(desired.portGroups);
    return none ? { kind: "undeclared" } : { kind: "same", desired };
  },

  close(view, { path }) {
    const { ports, portGroups, refused } = layPorts(view);
    const why = refused.get(path);
    if (why !== undefined) return notInThisState(path, why);
    return { kind: "record", patch: { ports: { ...ports }, portGroups: { ...portGroups } } };
  },
};
