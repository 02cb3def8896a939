import type { EngineEvent } from "../../../schemas/event.ts";
import { instantText } from "../../../schemas/instant.ts";
import type { Plan } from "../../../schemas/plan.ts";
import { inTrouble } from "../../plan/breaker.ts";
import { type PlanInput, surroundingsOf } from "../../plan/input.ts";
import { apply, type ApplyResult } from "../../run/apply.ts";
import { LEFT } from "../../run/flow.ts";
import type { ActingStore } from "../../run/ports.ts";
import { approved, ceilingOf, claimsOf } from "../approve.ts";
import { type Command, CommandError, type CommandInput, flag, listOption } from "../command.ts";
import { EXIT, type ExitCode, gravest } from "../exit-code.ts";
import type { DriverSet } from "../house.ts";
import { countOption, hasWork, onlyOption, planExit, planWorld } from "../plan-world.ts";
import { personAt } from "../person.ts";
import { eventPrinter } from "../print-event.ts";
import { checkSaved, readPlan } from "../saved-plan.ts";
import { loadWorldToApply, refuseSlowRead } from "../ready-to-act.ts";
import { planText } from "../show-planned.ts";
import { driverOptions, needActing, nodeNamed, storeError, type World } from "../world.ts";

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
      description:
        "ceiling: none, in-place, reboot, destructive (default reboot; destructive with --allow-erase, or where you are asked)",
    },
    {
      flags: "--allow-erase <n>",
      description: "how many machines may be ERASED; raises the ceiling to destructive",
    },
    {
      flags: "--claim <node>",
      description: "give a machine up to be erased: a node's name, or all",
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
    "ironwright apply --yes --allow-erase 4 --node r7-n01 --claim r7-n01",
  ],
  async run(input) {
    const { world, readAtSeq } = await loadWorldToApply(input);
    const planFile = input.args[0];
    checkOptions(input, world, planFile);
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

/** What cannot be meant is wrong usage, before a BMC is asked. */
function checkOptions(input: CommandInput, world: World, planFile: string | undefined): void {
  const { selector, node, exclude } = input.common;
  const narrowed = selector !== undefined || node.length > 0 || exclude.length > 0;
  if (planFile !== undefined && (narrowed || onlyOption(input) !== undefined))
    throw new CommandError(
      EXIT.usage,
      "a saved plan is applied exactly: leave out -l, --node, --exclude and --only, or plan again with them",
    );
  ceilingOf(input);
  onlyOption(input);
  countOption(input, "acceptRemoval", "--accept-removal");
  countOption(input, "allowErase", "--allow-erase");
  for (const name of listOption(input, "claim")) if (name !== "all") nodeNamed(world.fleet, name);
}

interface Site {
  readonly input: CommandInput;
  readonly world: World;
  readonly store: ActingStore;
  readonly drivers: DriverSet;
  readonly lockTimeoutMs: number;
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
      maxImpact: ceilingOf(input),
      claims: claimsOf(input),
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
  if (isSaved) await checkSaved(input, world, store, plan);
  if (!input.common.json)
    input.io.out(planText(input, world, plan, { savedAs: null, applying: true }));
  const strict = flag(input, "strict");
  if (plan.refused.length > 0) {
    sayRefused(site, plan);
    return finish(site, plan, null, strict);
  }
  // Also a plan without work is put in force: what it removes is an orphan from now on.
  const entry = await store.inForce();
  const adopts = plan.nodes.some((node) => node.adopts === true);
  // What was refused everywhere is not put in force either.
  const refusedAll = planExit(plan, { strict: false, detailed: false }) === EXIT.refused;
  if (refusedAll || (!hasWork(plan) && !adopts && entry?.tree === plan.tree))
    return finish(site, plan, null, strict);
  if (hasWork(plan) && !(await approved(input, plan))) {
    input.io.log("info", "not approved; nothing was done");
    return EXIT.refused;
  }
  const { house } = input;
  const applied = await apply(
    plan,
    world.fleet,
    {
      store,
      drivers: site.drivers,
      clock: house.clock,
      random: house.random,
      checkpoint: house.checkpoint,
      emit: eventPrinter(input),
      settings: world.settings,
    },
    {
      plan: planOptions(site, plan),
      surroundings: surroundingsOf({
        fleet: world.fleet,
        catalog: house.catalog,
        spentRequests: await store.spentRequests(),
        appliedImages: await store.appliedImages(
          world.fleet.images.map(({ metadata }) => metadata.name),
        ),
        forgottenUses: await store.forgottenUses(),
        inForce: await store.inForce(),
        existing: await store.existingNames(),
        store: store.file,
        records: await store.records(),
        observations: await store.readings(),
      }),
      lockTimeoutMs: site.lockTimeoutMs,
      authority: { who: personAt(input), ceiling: ceilingOf(input) },
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

function sayRefused(site: Site, plan: Plan): void {
  for (const { code, message } of plan.refused) {
    tellAll(site, plan, { event: "apply.refused", message, code });
    site.input.io.log("error", `refused: ${message}`, { code });
  }
}

function planOptions({ input, world }: Site, plan: Plan): Parameters<typeof apply>[3]["plan"] {
  return {
    now: input.house.clock.now(),
    settings: world.settings,
    settingsHash: plan.settingsHash,
    digest: (text) => input.house.digest(text),
    offline: false,
    only: onlyOption(input),
    maxImpact: ceilingOf(input),
    claims: claimedIn(plan, claimsOf(input)),
  };
}

/** A saved plan carries the claims that it was made with. */
function claimedIn(
  plan: Plan,
  claims: ReadonlySet<string> | "all" | undefined,
): ReadonlySet<string> | "all" {
  if (claims === "all") return claims;
  const planned = plan.nodes.filter(({ steps }) =>
    steps.some(({ act, request }) => act.verb === "engine.claim" && request === undefined),
  );
  return new Set([...(claims ?? []), ...planned.map(({ node }) => node)]);
}

/** Prints an event of the whole apply, where `--json` asks for events. */
function tellAll(
  { input, store }: Site,
  { commit }: Plan,
  told: Pick<EngineEvent, "event" | "message"> & Partial<EngineEvent>,
): void {
  if (!input.common.json) return;
  const line: EngineEvent = {
    time: instantText(input.house.clock.now()),
    code: null,
    node: null,
    step: null,
    commit,
    instance: store.incarnation.name,
    fence: null,
    ...told,
  };
  input.io.out(`${JSON.stringify(line)}\n`);
}

function finish(site: Site, plan: Plan, result: ApplyResult | null, strict: boolean): ExitCode {
  const { input } = site;
  const byPlan = planExit(plan, { strict, detailed: false });
  if (result === null) {
    const event = "apply.summary";
    const none = { applied: 0, failed: 0, skipped: 0, recorded: 0, durationSeconds: 0 };
    const message = plan.refused.length > 0 ? "refused; nothing was done" : "nothing to do";
    tellAll(site, plan, { event, message, ...none });
    return byPlan;
  }
  if (!input.common.json) input.io.out(resultText(input, result));
  const codes: ExitCode[] = [
    byPlan === EXIT.failed && result.applied + result.recorded > 0 ? EXIT.done : byPlan,
  ];
  for (const node of result.nodes) {
    if (node.code?.startsWith("IW-L") === true) codes.push(EXIT.lease);
    else if (node.status === "failed") codes.push(EXIT.failed);
    else if (node.code === LEFT) codes.push(EXIT.refused);
    else if (node.status === "skipped" && strict) codes.push(EXIT.refused);
  }
  const all = result.nodes.length > 0 && result.nodes.every(({ status }) => status === "skipped");
  if (all) codes.push(EXIT.refused);
  return gravest(codes);
}

function resultText({ io }: CommandInput, result: ApplyResult): string {
  const lines = result.nodes
    .filter(({ status }) => status === "failed" || status === "skipped" || status === "waiting")
    .map(({ node, status, message, code }) => {
      const text = `  ${node}  ${status}: ${message}${code === null ? "" : `   ${code}`}`;
      return status === "failed" ? io.colors.lost(text) : io.colors.notDone(text);
    });
  const { applied, failed, skipped, recorded, waiting, durationSeconds } = result;
  if (result.nodes.length === 0) return "";
  const records = `${recorded} ${recorded === 1 ? "record" : "records"} written`;
  if (result.nodes.length === recorded) return `${records}; nothing was sent to a machine.\n`;
  const nodes = `${applied} ${applied === 1 ? "node" : "nodes"} applied`;
  const also = recorded === 0 ? "" : `, ${records}`;
  const stand = waiting === 0 ? "" : `, ${waiting} waiting`;
  const sum = `${nodes}, ${failed} failed, ${skipped} skipped${stand}${also}, in ${durationSeconds} s.`;
  return `${[...lines, sum].join("\n")}\n`;
}
