import type { EngineEvent } from "../../../schemas/event.ts";
import { compareImpact } from "../../../schemas/impact.ts";
import { known } from "../../../schemas/observation.ts";
import type { NodePlan, Plan } from "../../../schemas/plan.ts";
import { surroundingsOf } from "../../plan/input.ts";
import { isSilence } from "../../plan/obstacles.ts";
import { showAct } from "../../plan/show-act.ts";
import { sheetOf } from "../../plan/show-plan.ts";
import { apply } from "../../run/apply.ts";
import type { NodeResult } from "../../run/node-result.ts";
import { LEFT } from "../../run/flow.ts";
import type { Planned } from "../../run/plan-fleet.ts";
import { approved, ceilingOf } from "../approve.ts";
import { CommandError, type CommandInput } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { planWorld } from "../plan-world.ts";
import { eventPrinter } from "../print-event.ts";
import { setHold } from "../set-hold.ts";
import { loadWorldToApply } from "../ready-to-act.ts";
import { driverOptions, needActing, storeError, type World } from "../world.ts";
import { ownHold, type Place, type Site, siteOf } from "./act-site.ts";
import type { ActWish } from "./act-wish.ts";
import { type ActEnd, sayEnd } from "./say-end.ts";

/**
 * One act of a person: planned as one step (or the list of it), shown, asked for, and applied under the node's
 * lease, by the way of every plan. The commit that is in force stays in force.
 */
export async function runAct(input: CommandInput, wish: ActWish): Promise<ExitCode> {
  refuseSelection(input, wish.typed);
  const { world } = await loadWorldToApply(input);
  return runActIn(input, world, wish);
}

/** An act is on the one node that it names. */
export function refuseSelection({ common }: CommandInput, typed: string): void {
  const { selector, node: names, exclude } = common;
  if (selector === undefined && names.length + exclude.length === 0) return;
  throw new CommandError(
    EXIT.usage,
    `${typed} acts on the one node that it names: leave out -l, --node and --exclude`,
  );
}

/** The same in a world that was read already, and is ready to act in. */
export async function runActIn(
  input: CommandInput,
  world: World,
  wish: ActWish,
): Promise<ExitCode> {
  const drivers = input.house.openDrivers(driverOptions(input, world, true));
  try {
    const store = await needActing(input, world);
    try {
      const exit = await actOn({ input, world, store, drivers, wish });
      // What follows on it by git's word is seen at once.
      if (exit === EXIT.done) await store.asks.ask(wish.node === undefined ? [] : [wish.node]);
      return exit;
    } finally {
      await store.close();
    }
  } finally {
    await drivers.close();
  }
}

async function actOn(place: Place): Promise<ExitCode> {
  const site = await siteOf(place);
  const { input, world, store, drivers, act, fleet } = site;
  const planned = await planWorld(
    input,
    { ...world, fleet },
    { store, drivers },
    { act, select: new Set([act.node]), maxImpact: ceilingOf(input), claims: claimsOf(site) },
  );
  const [node] = planned.plan.nodes;
  if (node === undefined) throw new Error("its node was not planned");
  const why = refusalOf(planned.plan, node) ?? foreign(site, node);
  if (!input.common.json) input.io.out(sightText(site, node, planned));
  else if (site.otherTree !== null) input.io.log("warn", site.otherTree);
  if (why !== null) return end(site, { status: "refused", ...why });
  if (!(await agreed(site, planned.plan, node))) {
    input.io.log("info", "not approved; nothing was done");
    return EXIT.refused;
  }
  return performed(site, planned, node);
}

function claimsOf({ wish, act }: Site): ReadonlySet<string> {
  return new Set(wish.claims === true ? [act.node] : []);
}

/** Why it is not done; null where it is, also where nothing is left to be done. */
function refusalOf(
  { refused }: Plan,
  { steps, blockedBy }: NodePlan,
): Pick<ActEnd, "code" | "message" | "exit"> | null {
  const [whole] = refused;
  if (whole !== undefined) return { ...whole, exit: EXIT.refused };
  const [first] = blockedBy;
  if (first === undefined || steps.length > 0) return null;
  const { code, message } = first;
  return { code, message, exit: isSilence(first) ? EXIT.failed : EXIT.refused };
}

/** What interrupts or erases rests on git's word, such as a maintenance: by another tree's word it is not done. */
function foreign({ otherTree: message }: Site, node: NodePlan): ReturnType<typeof refusalOf> {
  if (message === null || !isGrave(node)) return null;
  return { code: "IW-P17", message, exit: EXIT.refused };
}

function isGrave({ steps }: NodePlan): boolean {
  return steps.some(({ impact }) => compareImpact(impact, "reboot") >= 0);
}

/** Asks what is to be asked; what neither interrupts nor erases is done as it was typed. */
async function agreed(site: Site, plan: Plan, node: NodePlan): Promise<boolean> {
  const { input, wish, act } = site;
  if (node.steps.length === 0 || (!wish.asks && !isGrave(node))) return true;
  const serial = node.identity.serial ?? "unknown";
  const what = `${wish.question(act.node)} (serial ${serial})?`;
  return approved(input, plan, { what, command: `ironwright ${wish.command}` });
}

function sightText(
  { input, world, holds, wish, act, otherTree: foreignTree }: Site,
  plan: NodePlan,
  { input: from }: Planned,
): string {
  const { io, house } = input;
  const node = world.fleet.nodes.find(({ name }) => name === plan.node);
  if (node === undefined) return "";
  const record = plan.uuid === null ? null : (from.records.get(plan.uuid) ?? null);
  const past = holds.filter(({ id }) => act.pastHolds.includes(id));
  const observation = from.observations.get(plan.node);
  const acted = plan.steps.length === 0 ? null : record;
  const follows =
    acted === null ? null : wish.follows?.({ node, record: acted, observation }, past);
  const sight = {
    node,
    plan,
    record,
    observation,
    holds,
    follows: follows ?? null,
    otherTree: foreignTree,
  };
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const paper = { columns: io.columns, now: house.clock.now(), colors: io.colors, timeZone };
  return showAct(sight, sheetOf(paper));
}

/** The hold comes first, so that nobody undoes the act between its end and a hold that comes after it. */
async function performed(site: Site, planned: Planned, node: NodePlan): Promise<ExitCode> {
  const { store, uuid, sets } = site;
  if (sets !== null) await setHold(store, uuid, sets);
  const done = await applied(site, planned);
  if (done.status === "done" || done.status === "already")
    return end(site, { ...done, ...(await holdsAfter(site)) });
  if (done.sent) return end(site, { ...done, held: sets ?? ownHold(site) });
  // Nothing reached the machine: it is not kept from anybody.
  if (sets !== null) await store.releaseHold(uuid, sets.id);
  // It was so when it was shown, and is no longer: what is to be done is shown and asked for.
  if (node.steps.length === 0 && done.code === MOVED) return actOn(site);
  return end(site, done);
}

/** The code of a node that is no longer as it was planned. */
const MOVED = "IW-P16";

/** On again, its own holds are released; off, one of them stands. */
async function holdsAfter(site: Site): Promise<Pick<ActEnd, "held" | "released">> {
  const { store, uuid, act, holds, sets, wish } = site;
  if (wish.hold !== null) return { held: sets ?? ownHold(site), released: [] };
  const own = holds.filter(({ id }) => act.pastHolds.includes(id));
  for (const { id } of own) await store.releaseHold(uuid, id);
  return { held: null, released: own };
}

type Done = Pick<ActEnd, "status" | "code" | "message" | "exit"> & { readonly sent: boolean };

const ALREADY: Done = { status: "already", code: null, message: "", exit: EXIT.done, sent: false };

async function applied(site: Site, { plan, input: from }: Planned): Promise<Done> {
  const { input, world, store, drivers, fleet, act } = site;
  const { house } = input;
  const print = input.common.json ? () => undefined : eventPrinter(input);
  let sent = false;
  let seen = "done";
  const emit = (event: EngineEvent): void => {
    sent ||= event.event === "step.sent";
    if (event.event === "step.done") seen = event.message === "seen" ? "done" : event.message;
    // What is said of a whole apply says nothing of one act.
    if (event.node !== null) print(event);
  };
  const result = await apply(
    plan,
    fleet,
    {
      store,
      drivers,
      clock: house.clock,
      random: house.random,
      checkpoint: house.checkpoint,
      emit,
      settings: world.settings,
    },
    {
      plan: {
        now: house.clock.now(),
        settings: world.settings,
        settingsHash: plan.settingsHash,
        digest: (text) => house.digest(text),
        offline: false,
        maxImpact: ceilingOf(input),
        claims: claimsOf(site),
        act,
      },
      surroundings: surroundingsOf({ ...from, inForce: await store.inForce() }),
      lockTimeoutMs: 0,
      authority: { who: act.by, ceiling: ceilingOf(input) },
      why: "act",
      stopping: input.io.stopping,
    },
  );
  input.io.progress([]);
  if (!result.ok) throw storeError(result.failure);
  const [node] = result.value.nodes;
  if (node === undefined) return ALREADY;
  const ended = doneBy(node);
  const done = { ...ended, ...(ended.status === "done" ? { message: seen } : {}), sent };
  // Only under its lease was it looked at: what a vendor method changes is in no reading of a plan.
  if (act.ask.kind === "vendor" && done.status === "done" && !sent) return ALREADY;
  return done.status === "skipped" ? unfinished(site, done) : done;
}

/** What was cut off in its midst is not undone: where the machine is left, and who goes on. */
async function unfinished({ store, uuid, act }: Site, done: Done): Promise<Done> {
  const activity = (await store.record(uuid))?.activity ?? null;
  if (activity === null && !done.sent) return done;
  const seen = known((await store.readings()).get(act.node), "power") ?? "unknown";
  const left =
    activity === null ? "" : `, in the middle of ${activity.flow}; apply goes on with it`;
  const message = `${done.message}. Its power is ${seen}${left}`;
  return { ...done, status: "unfinished", message };
}

/** How a node's end is the end of an act, with its exit code. */
function doneBy({ status, code, message }: NodeResult): Omit<Done, "sent"> {
  switch (status) {
    case "applied":
      return { status: "done", code, message, exit: EXIT.done };
    case "already-done":
    case "recorded":
      return { status: "already", code, message, exit: EXIT.done };
    case "waiting":
      return { status, code, message, exit: code === LEFT ? EXIT.refused : EXIT.done };
    case "failed":
    case "skipped": {
      const usual = status === "failed" ? EXIT.failed : EXIT.refused;
      return {
        status,
        code,
        message,
        exit: code?.startsWith("IW-L") === true ? EXIT.lease : usual,
      };
    }
  }
}

function end(site: Site, ended: Omit<ActEnd, "held" | "released"> & Partial<ActEnd>): ExitCode {
  const { input, wish, act } = site;
  return sayEnd(input, wish, act, { held: ownHold(site), released: [], ...ended });
}
