import type { NodePlan, Plan } from "../../schemas/plan.ts";
import { inWords } from "./durations.ts";
import { groupAlike } from "./group-alike.ts";
import { hasIntent, intentHeading, movedHeading } from "./headings.ts";
import { shortId } from "./plan-json.ts";
import { showAllocations } from "./show-allocations.ts";
import { reasonText } from "./show-not-done.ts";
import { withoutColumn } from "./show-nodes.ts";
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
  const intent = plan.nodes.filter(hasIntent);
  const moved = plan.nodes.filter((node) => node.changes.length > 0 && !hasIntent(node));
  const title = plan.refused.length > 0 ? "Plan refused" : "Plan";
  const lines = [
    `## ${title} ${shortId(plan)}`,
    "",
    `**${steps}** ${plural(steps, "step")} on **${changedNodes}** ${plural(changedNodes, "node")}, ` +
      `**${reboots}** ${plural(reboots, "reboot")}, **${erasedNodes}** ${plural(erasedNodes, "machine")} erased. ` +
      `${plan.observed.nodes} of ${plan.observed.of} nodes observed.`,
    "",
    ...plan.refused.map(({ code, message }) => `> **${code}** ${escaped(message)}\n`),
    ...section(intentHeading(plan, intent), intent),
    ...section(movedHeading(moved), moved),
    ...notDone(plan, options),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function plural(count: number, word: string): string {
  return count === 1 ? word : `${word}s`;
}

/** A heading of the text, in the case of a sentence: a merge request does not shout. */
function sentence(heading: string): string {
  return `${heading.slice(0, 1)}${heading.slice(1).toLowerCase()}`;
}

function section(title: string, nodes: readonly NodePlan[]): readonly string[] {
  if (nodes.length === 0) return [];
  return [
    `### ${sentence(title)}`,
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
          `| ${c.path.slice(1).replaceAll("/", ".")} | ${cell(c.observed)} | ${cell(c.desired)} | ${escaped(withoutColumn(c.declaredAt ?? ""))}${c.noStep === undefined ? "" : ` (${escaped(c.noStep)})`} |`,
      ),
      "",
      ...(first.tree?.after ?? []).flatMap(({ node, why }) => [
        `After **${node}** is done: ${escaped(why)}.`,
        "",
      ]),
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
    ...showAllocations(plan.allocations).map(
      ({ name, text, code }) => `| ${name} | ${escaped(text)} | ${code} |`,
    ),
  );
  rows.push(
    ...plan.orphans.map((name) => `| ${name} | orphan: no longer declared; left as it is | |`),
  );
  rows.push(
    ...plan.nodes.flatMap(({ node, notes }) =>
      notes.map((note) => `| ${node} | note: ${escaped(note)} | |`),
    ),
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
