import type { Plan } from "../../../schemas/plan.ts";
import type { Applied } from "./life-world.ts";

/** What an apply was to do, and what it came to, in one line of the story. */
export function toldOf({ killed, plan, result }: Applied): string {
  const steps = (plan?.nodes ?? []).flatMap(({ node, steps: its }) =>
    its.map(({ action }) => `${node} ${action}`),
  );
  const refused = (plan?.refused ?? []).map(({ message }) => ` REFUSED ${message}`).join("");
  return `apply [${steps.join(", ")}]${refused}${killed ? " KILLED" : ""} -> ${cameTo(result)}`;
}

function cameTo(result: Applied["result"]): string {
  if (result === null) return "nothing";
  if (!result.ok) return result.failure.message;
  return result.value.nodes
    .map(({ node, status, message }) => `${node} ${status}: ${message}`)
    .join("; ");
}

/** What a plan would still do. */
export function leftOf(plan: Plan): string {
  const left = plan.nodes.flatMap(({ node, steps, records, unfinished }) => [
    ...steps.map(({ action, reason }) => `${node} ${action} (${reason})`),
    ...(records === undefined ? [] : [`${node} record ${JSON.stringify(records)}`]),
    ...(unfinished === true ? [`${node} unfinished`] : []),
  ]);
  return [...plan.refused.map(({ message }) => message), ...left].join("; ");
}

/** The parts of a spec that a commit changes; of its requests the last. */
export function differenceOf(before: object, after: object): string {
  const old = new Map<string, unknown>(Object.entries(before));
  const parts = Object.entries<unknown>({ ...after })
    .filter(([key, value]) => JSON.stringify(old.get(key)) !== JSON.stringify(value))
    .map(([key, value]): [string, unknown] =>
      key === "requests" && Array.isArray(value) ? [key, value.at(-1)] : [key, value],
    );
  const gone = [...old.keys()].filter((key) => !(key in after));
  const without = gone.length === 0 ? "" : ` without ${gone.join(", ")}`;
  return `${JSON.stringify(Object.fromEntries(parts))}${without}`;
}
