import type { AllocationPlan } from "../../schemas/plan.ts";
import { withoutColumn } from "./show-nodes.ts";

/** One thing that is not done, and why. */
export interface Row {
  readonly name: string;
  readonly text: string;
  readonly code: string;
}

/** What is not as an Allocation has it, and what to do; those that have their node are not named. */
export function showAllocations(allocations: readonly AllocationPlan[]): readonly Row[] {
  return allocations.flatMap((one) => {
    const rows = [waiting(one), elsewhere(one), leftBehind(one)];
    return rows.flatMap((row) => (row === null ? [] : [{ name: one.allocation, ...row }]));
  });
}

type Said = Omit<Row, "name"> | null;

/** One that no node fits, and what keeps those from it that nearly do. */
function waiting({ state, nearest, names, givesBack, keptBy, declaredAt }: AllocationPlan): Said {
  if (state !== "waiting") return null;
  const at = withoutColumn(declaredAt);
  if (givesBack !== undefined) {
    const then =
      keptBy === undefined
        ? "is given back; the next plan looks for another node"
        : `is not given back by this plan: ${keptBy}`;
    return {
      text: `${givesBack} is retired before anything runs on it for this Allocation (${at}), and ${then}`,
      code: "IW-P26",
    };
  }
  const near = nearest.map(({ node, why }) => `${node} ${why.join(" and ")}`);
  const who = near.length === 0 ? "there is no node" : near.join("; ");
  const text =
    names === undefined
      ? `no node fits this Allocation (${at}), and it waits for one; nearest: ${who}`
      : `it names ${names} (${at}), and is not given it: ${who}`;
  return { text, code: "IW-P26" };
}

/** Who has a node keeps it, whatever git names by now. */
function elsewhere({ allocation, node, names, declaredAt }: AllocationPlan): Said {
  if (node === null || names === undefined) return null;
  const at = withoutColumn(declaredAt);
  const text = `it names ${names} (${at}) and has ${node}, which it keeps; name that, or give ${node} back: take ${allocation} out of git, then the request undeploy on ${node}`;
  return { text, code: "IW-P31" };
}

/** Git does not say that one became the other, and nothing is taken from a workload by a guess. */
function leftBehind({ allocation, state, left, declaredAt }: AllocationPlan): Said {
  if (left === undefined) return null;
  const at = withoutColumn(declaredAt);
  const next = state === "picked" ? "it is given a node of its own" : "it waits for one of its own";
  const text = `${left.node} is still taken by the Allocation ${left.allocation}, which left git; ${allocation} (${at}) is another wish, also where only its name was changed, and ${next}. Where ${left.node} is meant, call it ${left.allocation} again; else give ${left.node} back by the request undeploy on it`;
  return { text, code: "IW-P30" };
}
