import type { NodeRecord } from "../../../schemas/record.ts";
import { sameValue } from "../canonical-json.ts";
import { chooseEnd, type WantedVif } from "../parts/choose-end.ts";
import { isEmpty } from "../parts/part-changes.ts";
import { layPorts } from "../parts/port-rules.ts";
import type { Difference, Facet, NodeView } from "./facet.ts";

/**
 * VIFs on their ports (`network: noop` and what goes beyond it): attached from before the deploy on, for the
 * workload's network, and taken off with the workload.
 */
export const networkFacet: Facet = {
  name: "network",
  observes: [],
  driftDefault: () => "enforce",
  value: (_observation, record) => record.vifs,

  compare(view) {
    const { record } = view;
    if (view.node.spec.network?.vifs === undefined && isEmpty(record.vifs))
      return { kind: "undeclared" };
    const { vifs, unplaced } = placed(view);
    const ids = [...new Set([...Object.keys(record.vifs), ...Object.keys(vifs)])].sort();
    const moved = ids.flatMap((id): readonly Difference[] => {
      const desired = vifs[id]?.on ?? null;
      const observed = record.vifs[id]?.on ?? null;
      return desired === observed ? [] : [{ path: pathOf(id), desired, observed }];
    });
    const waiting = unplaced.map(({ id }): Difference => ({
      path: pathOf(id),
      desired: "a free port",
      observed: null,
    }));
    const differences = [...moved, ...waiting];
    if (differences.length > 0) return { kind: "differs", desired: vifs, differences };
    return wanted(view).length === 0 ? { kind: "undeclared" } : { kind: "same", desired: vifs };
  },

  close(view, { path, desired }) {
    const { vifs, unplaced } = placed(view);
    const waits = unplaced.find(({ id }) => pathOf(id) === path);
    if (waits === undefined || desired === null) return { kind: "record", patch: { vifs } };
    const where =
      waits.on === null
        ? `of its ports${waits.physicalNetwork === null ? "" : ` in the physical network ${waits.physicalNetwork}`}`
        : `(${waits.on} is asked for)`;
    const message = `VIF ${waits.id}: none ${where} is free; declare another port, or take a VIF out of network.vifs`;
    return { kind: "blocked", blocked: { kind: "state", code: "IW-P24", message } };
  },
};

/** By its name: where it stands in the list says nothing to a person. */
function pathOf(id: string): string {
  return `/network/vifs/${id}`;
}

function idOf(vif: string | { readonly id: string }): string {
  return typeof vif === "string" ? vif : vif.id;
}

/** While a workload is there, or is to come; else nobody's network ends here. */
function wanted({ node, record, target }: NodeView): readonly WantedVif[] {
  if (record.instance === null && target !== "active" && target !== "rescue") return [];
  return (node.spec.network?.vifs ?? []).map((vif) => ({
    id: idOf(vif),
    physicalNetwork: typeof vif === "string" ? null : (vif.physicalNetwork ?? null),
    on: typeof vif === "string" ? null : (vif.on ?? null),
  }));
}

/**
 * Who is attached keeps its place until it has another: one that is asked to move does so where that is free. Then
 * come the others, in their order.
 */
function placed(view: NodeView): {
  readonly vifs: NodeRecord["vifs"];
  readonly unplaced: readonly WantedVif[];
} {
  const { ports, portGroups } = layPorts(view);
  const { record } = view;
  const isThere = (at: string): boolean =>
    Object.hasOwn(ports, at) || Object.hasOwn(portGroups, at);
  const vifs: Record<string, { on: string }> = {};
  const all = wanted(view);
  for (const { id } of all) {
    const at = record.vifs[id]?.on;
    if (at !== undefined && isThere(at)) vifs[id] = { on: at };
  }
  const unplaced: WantedVif[] = [];
  const movers = all.filter(
    ({ id, on }) => on !== null && vifs[id] !== undefined && vifs[id].on !== on,
  );
  const newcomers = all.filter(({ id }) => vifs[id] === undefined);
  for (const vif of [...movers, ...newcomers]) {
    const on = chooseEnd({ ports, portGroups, vifs }, vif);
    if (on === null) unplaced.push(vif);
    else vifs[vif.id] = { on };
  }
  return { vifs: sameValue(vifs, record.vifs) ? record.vifs : vifs, unplaced };
}
