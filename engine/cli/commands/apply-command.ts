import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { compareImpact } from "../../../schemas/action.ts";
import type { Plan } from "../../../schemas/plan.ts";
import { inTrouble } from "../../plan/breaker.ts";
import { checkWhole } from "../../plan/check-plan.ts";
import type { PlanInput } from "../../plan/input.ts";
import { loadPlan } from "../../plan/plan-json.ts";
import { apply, type ApplyResult } from "../../run/apply.ts";
import type { ActingStore } from "../../run/ports.ts";
import { type Command, CommandError, type CommandInput, flag, textOption } from "../command.ts";
import { EXIT, type ExitCode, gravest } from "../exit-code.ts";
import type { DriverSet } from "../house.ts";
import {
  countOption,
  hasWork,
  impactOption,
  onlyOption,
  planExit,
  planWorld,
} from "../plan-world.ts";
import { eventPrinter } from "../print-event.ts";
import { planText } from "../show-planned.ts";
import {
  driverOptions,
  loadWorldToApply,
  needActing,
  refuseSlowRead,
  storeError,
  type World,
} from "../world.ts";

/** `apply`: plans or takes a saved plan, asks, applies. */
export const applyCommand: Command = {
  name: "apply",
  arguments: "[planfile]",
  completes: "file",
  forms: ["json"],
  summary: "make the hardware what git says: plan, ask, apply",
  options: [
    { flags: "-y, --yes", description: "do not ask" },
    { flags: "--auto-approve", description: "the same as --yes" },
    { flags: "--only <causes>", description: "intent, drift, or both" },
    {
      flags: "--max-impact <word>",
      description: "ceiling: none, in-place, reboot",
      default: "reboot",
    },
    { flags: "--allow-erase <n>", description: "machines that may be erased (nothing erases yet)" },
    {
      flags: "--claim <node>",
      description: "a machine that may be erased first (nothing erases yet)",
      repeat: true,
    },
    {
      flags: "--accept-removal <n>",
      description: "the exact number of nodes that this commit removes",
    },
    {
      flags: "--lock-timeout <seconds>",
      description: "wait for leases that others hold",
      default: "0",
    },
    { flags: "--strict", description: "exit 4 when any node is blocked or unreachable" },
  ],
  examples: [
    "ironwright apply",
    "ironwright apply 77a0d3e2.plan",
    "ironwright apply --yes --max-impact in-place --json",
  ],
  async run(input) {
    const { world, readAtSeq } = await loadWorldToApply(input);
    const planFile = input.args[0];
    const lockTimeoutMs = (countOption(input, "lockTimeout", "--lock-timeout") ?? 0) * 1000;
    const saved = planFile === undefined ? null : readPlan(input, world, planFile);
    const drivers = input.house.openDrivers(driverOptions(input, world, true));
    try {
      const store = await needActing(input, world, "apply");
      try {
        const plan = saved ?? (await freshPlan(input, { world, readAtSeq }, store, drivers));
        return await applyPlan(
          { input, world, store, drivers, lockTimeoutMs },
          plan,
          saved !== null,
        );
      } finally {
        await store.close();
      }
    } finally {
      await drivers.close();
    }
  },
};

interface Site {
  readonly input: CommandInput;
  readonly world: World;
  readonly store: ActingStore;
  readonly drivers: DriverSet;
  readonly lockTimeoutMs: number;
}

/** A saved plan: by its path, or by its name in the state directory. */
function readPlan(input: CommandInput, world: World, name: string): Plan {
  const paths = [resolve(input.io.cwd, name), join(world.stateDir, "plans", name)];
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw new CommandError(
      EXIT.usage,
      `there is no plan ${name}, neither here nor in ${world.stateDir}/plans`,
    );
  const loaded = loadPlan(readFileSync(path, "utf8"), (text) => input.house.digest(text));
  if (!loaded.ok)
    throw new CommandError(EXIT.invalid, `${name}: ${loaded.failure.message}`, loaded.failure.code);
  return loaded.value;
}

async function freshPlan(
  input: CommandInput,
  { world, readAtSeq }: Awaited<ReturnType<typeof loadWorldToApply>>,
  store: ActingStore,
  drivers: DriverSet,
): Promise<Plan> {
  const { plan, input: from } = await planWorld(
    input,
    world,
    { store, drivers },
    {
      only: onlyOption(input),
      maxImpact: impactOption(input, "reboot"),
      acceptRemoval: countOption(input, "acceptRemoval", "--accept-removal"),
    },
  );
  refuseSlowRead(plan, readAtSeq);
  await openBreaker(input, store, plan, from);
  return plan;
}

/** A breaker that opened stays open for everyone until a person has looked. */
async function openBreaker(
  input: CommandInput,
  store: ActingStore,
  plan: Plan,
  from: PlanInput,
): Promise<void> {
  const refusal = plan.refused.find(({ code }) => code === "IW-P11");
  if (refusal === undefined || from.stop !== null) return;
  await store.setStop({
    reason: refusal.message,
    by: store.incarnation.name,
    at: input.house.clock.now(),
    kind: "breaker",
    nodes: [...inTrouble(plan.nodes, from.acknowledged)],
  });
}

async function applyPlan(site: Site, plan: Plan, isSaved: boolean): Promise<ExitCode> {
  const { input, world, store } = site;
  if (isSaved) await checkSaved(site, plan);
  if (!input.common.json)
    input.io.out(planText(input, world, plan, { savedAs: null, applying: true }));
  const strict = flag(input, "strict");
  if (plan.refused.length > 0) {
    for (const { code, message } of plan.refused)
      input.io.log("error", `refused: ${message}`, { code });
    return EXIT.refused;
  }
  // Also a plan without work is put in force: what it removes is an orphan from now on.
  const entry = await store.inForce();
  const adopts = plan.nodes.some((node) => node.adopts === true);
  // What was refused everywhere is not put in force either.
  const refusedAll = planExit(plan, { strict: false, detailed: false }) === EXIT.refused;
  if (refusedAll || (!hasWork(plan) && !adopts && entry?.tree === plan.tree))
    return finish(site, plan, null, strict);
  if (hasWork(plan) && !(await approved(input, plan))) {
    input.io.log("info", "nothing was done");
    return EXIT.done;
  }
  const { house } = input;
  const applied = await apply(
    plan,
    world.fleet,
    {
      store,
      drivers: site.drivers,
      clock: house.clock,
      checkpoint: house.checkpoint,
      emit: eventPrinter(input),
      settings: world.settings,
    },
    {
      plan: planOptions(site, plan),
      lockTimeoutMs: site.lockTimeoutMs,
      originOf: await originsOf(store),
      authority: { who: who(input), ceiling: textOption(input, "maxImpact") ?? "reboot" },
      why: "apply",
      stopping: input.io.stopping,
    },
  );
  input.io.progress([]);
  if (!applied.ok) {
    const { code, message } = applied.failure;
    if (code === "IW-P17") throw new CommandError(EXIT.refused, message, code);
    throw storeError(applied.failure);
  }
  return finish(site, plan, applied.value, strict);
}

function planOptions({ input, world }: Site, plan: Plan): Parameters<typeof apply>[3]["plan"] {
  return {
    now: input.house.clock.now(),
    seed: 1,
    settings: world.settings,
    settingsHash: plan.settingsHash,
    offline: false,
    only: onlyOption(input),
    maxImpact: impactOption(input, "reboot"),
  };
}

/** Nodes of the first entry were there when the store was made; `init --nodes new` says otherwise. */
async function originsOf(store: ActingStore): Promise<(name: string) => "existing" | "new"> {
  const existing = store.file["nodes"] !== "new";
  const names = new Set(await store.firstNames());
  return (name) => (existing && names.has(name) ? "existing" : "new");
}

function who({ io, house }: CommandInput): string {
  const user = io.env["SUDO_USER"] ?? io.env["USER"] ?? io.env["LOGNAME"] ?? "unknown";
  return `${user}@${house.host}`;
}

/** A saved plan is applied exactly, or not at all. */
async function checkSaved(site: Site, plan: Plan): Promise<void> {
  const { input, world, store } = site;
  const why = checkWhole(
    plan,
    {
      ...plan,
      store: store.file.id,
      storeEpoch: store.file.epoch,
      tree: world.fleet.tree,
      settingsHash: world.settingsHash,
    },
    input.house.clock.now(),
  );
  if (why !== null)
    throw new CommandError(
      EXIT.refused,
      `the saved plan is not applied: ${why}; plan again`,
      "IW-P16",
    );
  const stop = await store.stop();
  if (stop !== null)
    throw new CommandError(
      EXIT.refused,
      `the fleet is stopped by ${stop.by}: "${stop.reason}"; to go on: ironwright resume`,
      "IW-P11",
    );
  const ceiling = impactOption(input, "reboot") ?? "reboot";
  const above = plan.nodes.find((node) =>
    node.steps.some((step) => compareImpact(step.impact, ceiling) > 0),
  );
  if (above !== undefined)
    throw new CommandError(
      EXIT.refused,
      `the plan holds steps above --max-impact ${ceiling}, on ${above.node} for one`,
      "IW-P14",
    );
}

/** Asks at a terminal; elsewhere only `--yes` approves. */
async function approved(input: CommandInput, plan: Plan): Promise<boolean> {
  if (flag(input, "yes") || flag(input, "autoApprove")) return true;
  const { summary } = plan;
  const reboots = summary.reboots === 0 ? "no reboot" : `${summary.reboots} reboots`;
  const answer = await input.io.ask(
    `Do ${summary.steps} steps on ${summary.changedNodes} nodes (${reboots})? Type yes: `,
  );
  if (answer === null)
    throw new CommandError(
      EXIT.usage,
      "nobody can be asked here; look at the plan, then: ironwright apply --yes",
    );
  return answer.trim() === "yes";
}

function finish(site: Site, plan: Plan, result: ApplyResult | null, strict: boolean): ExitCode {
  const { input } = site;
  const byPlan = planExit(plan, { strict, detailed: false });
  if (result === null) {
    if (input.common.json)
      input.io.out(
        `${JSON.stringify({ time: new Date(input.house.clock.now()).toISOString(), code: null, event: "apply.summary", node: null, step: null, commit: plan.commit, instance: site.store.incarnation.name, fence: null, message: "nothing to do", applied: 0, failed: 0, skipped: 0, recorded: 0, durationSeconds: 0 })}\n`,
      );
    return byPlan;
  }
  if (!input.common.json) input.io.out(resultText(input, result));
  const codes: ExitCode[] = [
    byPlan === EXIT.failed && result.applied + result.recorded > 0 ? EXIT.done : byPlan,
  ];
  for (const node of result.nodes) {
    if (node.code?.startsWith("IW-L") === true) codes.push(EXIT.lease);
    else if (node.status === "failed") codes.push(EXIT.failed);
    else if (node.status === "skipped" && strict) codes.push(EXIT.refused);
  }
  const all = result.nodes.length > 0 && result.nodes.every(({ status }) => status === "skipped");
  if (all) codes.push(EXIT.refused);
  return gravest(codes);
}

function resultText({ io }: CommandInput, result: ApplyResult): string {
  const lines = result.nodes
    .filter(({ status }) => status === "failed" || status === "skipped")
    .map(({ node, status, message, code }) => {
      const text = `  ${node}  ${status}: ${message}${code === null ? "" : `   ${code}`}`;
      return status === "failed" ? io.colors.lost(text) : io.colors.notDone(text);
    });
  const { applied, failed, skipped, recorded, durationSeconds } = result;
  if (result.nodes.length === 0) return "";
  const records = `${recorded} ${recorded === 1 ? "record" : "records"} written`;
  if (result.nodes.length === recorded) return `${records}; nothing was sent to a machine.\n`;
  const nodes = `${applied} ${applied === 1 ? "node" : "nodes"} applied`;
  const also = recorded === 0 ? "" : `, ${records}`;
  const sum = `${nodes}, ${failed} failed, ${skipped} skipped${also}, in ${durationSeconds} s.`;
  return `${[...lines, sum].join("\n")}\n`;
}
