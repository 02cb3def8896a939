import type { Impact } from "../../schemas/impact.ts";
import { isApprovedBefore, type Plan } from "../../schemas/plan.ts";
import { CommandError, type CommandInput, flag, listOption } from "./command.ts";
import { EXIT } from "./exit-code.ts";
import { countOption, impactOption } from "./plan-world.ts";

/** The gravest that may be done: what erases is asked for apart, so at a terminal it is shown and asked. */
export function ceilingOf(input: CommandInput): Impact {
  const asked = impactOption(input);
  if (asked !== undefined) return asked;
  const unasked = flag(input, "yes") || flag(input, "autoApprove");
  return unasked && allowedErases(input) === 0 ? "reboot" : "destructive";
}

function allowedErases(input: CommandInput): number {
  return countOption(input, "allowErase", "--allow-erase") ?? 0;
}

export function claimsOf(input: CommandInput): ReadonlySet<string> | "all" | undefined {
  const claim = listOption(input, "claim");
  if (claim.length === 0) return undefined;
  return claim.includes("all") ? "all" : new Set(claim);
}

/** In which words a plan is asked for, and by which command it is approved. */
export interface Asking {
  readonly what: string;
  readonly command: string;
}

/** Asks at a terminal; elsewhere only `--yes` approves, and `--allow-erase` what is erased. */
export async function approved(
  input: CommandInput,
  plan: Plan,
  asking: Asking = ofApply(plan),
): Promise<boolean> {
  const { what, command } = asking;
  const erased = plan.nodes.filter(newlyErased).length;
  if (flag(input, "yes") || flag(input, "autoApprove")) {
    if (erased <= allowedErases(input)) return true;
    throw new CommandError(
      EXIT.refused,
      `${counted(erased, "machine")} would be ERASED and --allow-erase says ${allowedErases(input)}; when it is meant: --allow-erase ${erased}`,
      "IW-P14",
    );
  }
  const question =
    erased === 0
      ? `${what} Type yes: `
      : `${what} ${counted(erased, "machine")} will be ERASED. Type the number of machines to be erased: `;
  const answer = await input.io.ask(question);
  if (answer === null)
    throw new CommandError(
      EXIT.usage,
      `nobody can be asked here; look at the plan, then: ${command} --yes${erased === 0 ? "" : ` --allow-erase ${erased}`}`,
    );
  return answer.trim() === (erased === 0 ? "yes" : String(erased));
}

function ofApply({ summary }: Plan): Asking {
  const reboots = summary.reboots === 0 ? "no reboot" : counted(summary.reboots, "reboot");
  const what = `Do ${counted(summary.steps, "step")} on ${counted(summary.changedNodes, "node")} (${reboots})?`;
  return { what, command: "ironwright apply" };
}

/** What goes on where it stood was approved when it began. */
export function newlyErased({ steps }: Plan["nodes"][number]): boolean {
  return steps.some((step) => step.impact === "destructive" && !isApprovedBefore(step));
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
