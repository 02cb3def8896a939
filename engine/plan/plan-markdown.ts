import type { NodePlan, Plan } from "../../schemas/plan.ts";
import { inWords } from "./durations.ts";
import { groupAlike } from "./group-alike.ts";
import { shortId } from "./plan-json.ts";
import { reasonText } from "./show-not-done.ts";
import { timeWords } from "./say-time.ts";
import { valueText } from "./verdict.ts";

/** More rows than this are counted: a comment of a merge request has an end. */
const MOST_ROWS = 50;

/** The plan for a merge request: what matters first, details folded. */
export function planMarkdown(
  plan: Plan,
  options: { readonly now: number; readonly timeZone?: string },
): string {
  const { steps, reboots, erasedNodes, changedNodes } = plan.summary;
  const title = plan.refused.length > 0 ? "Plan refused" : "Plan";
  const lines = [
    `## ${title} ${shortId(plan)}`,
    "",
    `**${steps}** steps on **${changedNodes}** nodes, **${reboots}** reboots, **${erasedNodes}** machines erased. ` +
      `${plan.observed.nodes} of ${plan.observed.of} nodes observed.`,
    "",
    ...plan.refused.map(({ code, message }) => `> **${code}** ${escaped(message)}\n`),
    ...section(
      "This commit changes",
      plan.nodes.filter((node) => causes(node).has("intent")),
    ),
    ...section(
      "The hardware moved",
      plan.nodes.filter((node) => node.changes.length > 0 && !causes(node).has("intent")),
    ),
    ...notDone(plan, options),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function causes(node: NodePlan): ReadonlySet<string> {
  return new Set(node.changes.map((change) => change.cause));
}

function section(title: string, nodes: readonly NodePlan[]): readonly string[] {
  if (nodes.length === 0) return [];
  return [
    `### ${title} ${nodes.length} ${nodes.length === 1 ? "node" : "nodes"}`,
    "",
    ...groupAlike(nodes).flatMap(({ nodes: alike, first }) => [
      `**${alike
        .slice(0, MOST_ROWS)
        .map((node) => node.node)
        .join(", ")}**${alike.length > MOST_ROWS ? ` and ${alike.length - MOST_ROWS} more` : ""}`,
      "",
      "| what | now | declared | where |",
      "| --- | --- | --- | --- |",
      ...first.changes.map(
        (c) =>
          `| ${c.path.slice(1).replaceAll("/", ".")} | ${cell(c.observed)} | ${cell(c.desired)} | ${escaped(c.declaredAt ?? "")}${c.noStep === undefined ? "" : ` (${escaped(c.noStep)})`} |`,
      ),
      "",
      ...(first.steps.length === 0
        ? []
        : [
            "| # | step | impact | at most | why |",
            "| --- | --- | --- | --- | --- |",
            ...first.steps.map(
              (s) =>
                `| ${s.id} | \`${s.action}\` | ${s.impact}${s.mayNotBoot === true ? ", may not boot" : ""} | ${inWords(s.timeoutSeconds)} | ${escaped(s.reason)} |`,
            ),
            "",
          ]),
    ]),
  ];
}

function notDone(
  plan: Plan,
  { now, timeZone }: { now: number; timeZone?: string },
): readonly string[] {
  const times = timeWords(now, timeZone ?? "UTC");
  const rows = plan.nodes.flatMap((node) =>
    node.blockedBy.map(
      (reason) => `| ${node.node} | ${escaped(reasonText(reason, { times }))} | ${reason.code} |`,
    ),
  );
  rows.push(
    ...plan.orphans.map((name) => `| ${name} | orphan: no longer declared; left as it is | |`),
  );
  if (rows.length === 0) return [];
  const shown = rows.slice(0, MOST_ROWS);
  const more = rows.length > shown.length ? [`| ... | ${rows.length - shown.length} more | |`] : [];
  return [
    "<details><summary>Not done</summary>",
    "",
    "| node | why | code |",
    "| --- | --- | --- |",
    ...shown,
    ...more,
    "",
    "</details>",
  ];
}

function cell(value: unknown): string {
  return escaped(valueText(value));
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\n", " ");
}
