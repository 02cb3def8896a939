import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { stringify } from "yaml";
import type { Plan } from "../../../schemas/plan.ts";
import { planJson, savePlan } from "../../plan/plan-json.ts";
import { planMarkdown } from "../../plan/plan-markdown.ts";
import { type Command, CommandError, type CommandInput, flag, textOption } from "../command.ts";
import { claimsOf } from "../approve.ts";
import { EXIT } from "../exit-code.ts";
import { impactOption, onlyOption, planExit, planWorld } from "../plan-world.ts";
import { keepPlan, planText } from "../show-planned.ts";
import { loadWorldToApply, refuseSlowRead } from "../ready-to-act.ts";
import { driverOptions, reader, type World } from "../world.ts";

const FORMATS = ["text", "json", "yaml", "markdown"];

/** `plan`: shows what apply would do and changes nothing. */
export const planCommand: Command = {
  name: "plan",
  summary: "show what apply would do, and change nothing",
  options: [
    {
      flags: "--only <causes>",
      description: "intent (git moved), drift (hardware moved), or both",
    },
    { flags: "--out <file>", description: "save the plan, to be applied exactly" },
    { flags: "--offline", description: "plan from the last readings; no BMC is asked" },
    { flags: "--format <form>", description: "text, json, yaml or markdown" },
    { flags: "--max-impact <word>", description: "leave out steps above none, in-place or reboot" },
    {
      flags: "--claim <node>",
      description: "plan as if a machine was given up to be erased: a node's name, or all",
      repeat: true,
    },
    { flags: "--detailed-exitcode", description: "exit 2 when changes are pending" },
    { flags: "--strict", description: "exit 4 when any node is blocked or unreachable" },
  ],
  examples: [
    "ironwright plan",
    "ironwright plan --ref origin/main --format markdown",
    "ironwright plan -l rack=r7 --out r7.plan && ironwright apply r7.plan",
  ],
  async run(input) {
    const format = formatOf(input);
    const { world, readAtSeq } = await loadWorldToApply(input, {
      isAsked: !flag(input, "offline"),
    });
    const { store, why } = await reader(input, world);
    if (why !== null)
      input.io.log("warn", `${why.message}. Nothing can be applied from here`, { code: why.code });
    const drivers = input.house.openDrivers(driverOptions(input, world));
    try {
      const { plan } = await planWorld(
        input,
        world,
        { store, drivers },
        {
          offline: flag(input, "offline"),
          only: onlyOption(input),
          maxImpact: impactOption(input),
          claims: claimsOf(input),
        },
      );
      refuseSlowRead(plan, readAtSeq);
      const out = textOption(input, "out");
      if (out !== undefined) writeOut(input, out, plan);
      const saved = out ?? (store === null ? null : keepPlan(world.stateDir, plan));
      input.io.out(printed(input, world, { plan, format, saved }));
      return planExit(plan, {
        strict: flag(input, "strict"),
        detailed: flag(input, "detailedExitcode"),
      });
    } finally {
      await drivers.close();
    }
  },
};

function formatOf(input: CommandInput): string {
  const format = textOption(input, "format") ?? input.common.output ?? "text";
  if (FORMATS.includes(format)) return format;
  throw new CommandError(EXIT.usage, `--format "${format}" is none of ${FORMATS.join(", ")}`);
}

function writeOut(input: CommandInput, out: string, plan: Plan): void {
  const path = resolve(input.io.cwd, out);
  try {
    writeFileSync(path, savePlan(plan));
  } catch (error) {
    throw new CommandError(EXIT.failed, `the plan cannot be written to ${path}: ${String(error)}`);
  }
}

function printed(
  input: CommandInput,
  world: World,
  { plan, format, saved }: { plan: Plan; format: string; saved: string | null },
): string {
  if (format === "json") return planJson(plan);
  if (format === "yaml") return stringify(plan, { lineWidth: 0 });
  if (format === "markdown") return planMarkdown(plan, { now: input.house.clock.now() });
  return planText(input, world, plan, { savedAs: saved });
}
