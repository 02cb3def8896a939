import { isKnownRun } from "../../../drivers/fake/fake-step.ts";
import type { StepRun } from "../../../schemas/action.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { parseInstant } from "../../../schemas/instant.ts";
import type { Plan, Step } from "../../../schemas/plan.ts";
import type { NodeRecord, RecordPatch } from "../../../schemas/record.ts";
import type { JournalLine } from "../../../schemas/store.ts";
import { kindOf, TRANSITIONS } from "../../../engine/plan/machine.ts";
import { withPatch } from "../../../engine/plan/record-patch.ts";
import type { SeenAct } from "./machine-hall.ts";

/** What the laws ask of the world that they judge. */
export interface Court {
  /** The record of a node that nobody has acted on. */
  readonly initial: (uuid: string) => NodeRecord;
  /** The declaration in force, null for a node that is not declared. */
  readonly declared: (uuid: string) => FleetNode | null;
  /** The serial number of the machine that stands there. */
  readonly serialAt: (name: string) => string;
  readonly now: () => number;
}

/** Steps that take something from a disk, as drivers/README.md has them. */
const ERASING = new Set([
  "deploy.write_image",
  "deploy.erase_devices",
  "deploy.erase_devices_metadata",
]);

/**
 * The laws of a life, judged from outside: by the lines that engines write before and after each act, and by what
 * the machines took. What is broken is collected, for an engine would take what is thrown in it for a bug of its own.
 */
export class Laws {
  readonly broken: string[] = [];
  readonly records = new Map<string, NodeRecord>();
  /** How many changes of state, destructive runs and begun requests were judged. */
  readonly judged = {
    states: 0,
    destructive: 0,
    inBand: 0,
    requests: 0,
    acts: 0,
    lines: 0,
    interruptions: 0,
  };
  readonly #court: Court;
  readonly #plans = new Map<string, Plan>();
  /** `serial run` -> the boots of the ramdisk in which it was begun. */
  readonly #runs = new Map<string, readonly number[]>();
  /** Runs of which an engine wrote down that they are done. */
  readonly #done = new Set<string>();
  /** Nodes that had a workload when the plan was approved; one that gets its first is in nobody's service yet. */
  readonly #inService = new Set<string>();
  readonly #replaced = new Set<string>();
  /** Nodes whose disks a service has erased under the workload, as its request and its plan said. */
  readonly #servedAway = new Set<string>();
  /** `uuid request` -> how often it was begun and not taken back. */
  readonly #begun = new Map<string, number>();
  /** `uuid step attempt` -> the verb of the intent that is open. */
  readonly #intents = new Map<string, string>();
  /** Node name -> its rack, and whether it is erased: nodes in service that an engine has interrupted. */
  readonly #interrupted = new Map<
    string,
    { readonly rack: string | null; readonly uuid: string; erased: boolean; working: boolean }
  >();

  constructor(court: Court) {
    this.#court = court;
  }

  record(uuid: string): NodeRecord {
    return this.records.get(uuid) ?? this.#court.initial(uuid);
  }

  /** A plan that somebody has approved. */
  approved(plan: Plan): void {
    this.#plans.set(plan.id, plan);
    for (const { node, uuid } of plan.nodes)
      if (this.record(uuid ?? "").instance !== null) this.#inService.add(node);
      else this.#inService.delete(node);
  }

  /** An engine is done with a node, or dead. */
  left(name: string | null): void {
    for (const [node, one] of this.#interrupted)
      if (name === null || name === node) {
        one.working = false;
        this.#settle(node);
      }
  }

  /** Nobody works on it and it is well: it is interrupted no more, whatever comes later. */
  #settle(name: string): void {
    const one = this.#interrupted.get(name);
    if (one !== undefined && !one.working && isWell(this.record(one.uuid)))
      this.#interrupted.delete(name);
  }

  /** One line of a journal, as it came to the disk. */
  line(line: JournalLine): void {
    this.judged.lines += 1;
    const key = keyOf(line);
    if (line.kind === "intent") this.#intents.set(key, line.action.verb);
    if (line.kind === "outcome" && line.outcome === "done") this.#runDone(line.node, line.step);
    const patch = patchOf(line);
    const verb = this.#intents.get(key) ?? null;
    if (patch === null) return;
    if (verb === "engine.replace") this.#replaced.add(line.node);
    const before = this.record(line.node);
    const after = withPatch(before, patch);
    this.records.set(line.node, after);
    this.#settle(after.name);
    this.#stateLaw(before, after, verb);
    this.#requestLaw(before, patch, line);
    this.#workloadLaw(before, after, verb);
    if (before.activity === null && after.activity !== null) this.#beginningLaw(before, after);
  }

  /** What a machine took. */
  act(act: SeenAct): void {
    this.judged.acts += 1;
    const { action } = act;
    const record = this.record(act.node.uuid ?? "");
    if (action.verb === "step.run" && isBegun(act, action) && isErasing(act, action))
      this.#destructiveLaw(act, action, record);
    const cuts = action.verb === "power.off" || action.verb === "power.softOff";
    if (cuts) this.#strangerLaw(act, record);
    const erases = action.verb === "step.run" && action.disks !== null;
    if (this.#inService.has(act.node.name) && (cuts || erases))
      this.#budgetLaw(act, record, erases);
  }

  /** A machine that was verified is interrupted; another one in its place never is. */
  #strangerLaw({ node, machine, action }: SeenAct, { identity }: NodeRecord): void {
    const known = identity?.serial;
    if (known === undefined || known === machine.serial) return;
    this.#break(`${node.name} ${action.verb}: ${machine.serial} stands there, not ${known}`);
  }

  /** `5.2.1` is the first act of the run `5.2` of its move. */
  #runDone(uuid: string, step: string): void {
    const { activity } = this.record(uuid);
    const run = /^(\d+\.\d+)\.\d+$/.exec(step)?.[1];
    if (activity !== null && run !== undefined) this.#done.add(`${activity.id}/${run}`);
  }

  #break(what: string): void {
    this.broken.push(what);
  }

  #stateLaw(before: NodeRecord, after: NodeRecord, verb: string | null): void {
    const [from, to] = [before.provisionState, after.provisionState];
    if (from === to) return;
    this.judged.states += 1;
    if (verb === "engine.replace" && to === "enroll") return;
    if (!leads(from, to)) this.#break(`${after.name}: no edge leads from ${from} to ${to}`);
  }

  #requestLaw(before: NodeRecord, patch: RecordPatch, line: JournalLine): void {
    for (const [id, use] of Object.entries(patch.usedRequests ?? {})) {
      const key = `${line.node} ${id}`;
      const count = this.#begun.get(key) ?? 0;
      if (use === null) {
        if (line.kind !== "outcome" || line.outcome !== "not-sent")
          this.#break(`${before.name}: the request ${id} was given back by ${line.kind}`);
        this.#begun.set(key, count - 1);
      } else if (!(id in before.usedRequests)) {
        this.judged.requests += 1;
        this.#begun.set(key, count + 1);
        if (count > 0) this.#break(`${before.name}: the request ${id} was begun again`);
        this.#mayBegin(before, id);
      }
    }
  }

  #mayBegin(record: NodeRecord, id: string): void {
    const node = this.#court.declared(record.uuid);
    const request = node?.spec.requests?.find((one) => one.id === id);
    if (request === undefined) {
      this.#break(`${record.name}: the request ${id} was begun, and git in force has none such`);
      return;
    }
    const until = request.expires === undefined ? Infinity : parseInstant(request.expires);
    if (until <= this.#court.now())
      this.#break(`${record.name}: the request ${id} was begun after ${request.expires ?? ""}`);
  }

  /** What runs on a node is given up only where a request says so. */
  #workloadLaw(before: NodeRecord, after: NodeRecord, verb: string | null): void {
    if (before.instance === null || after.instance === before.instance) return;
    // An adoption takes what runs there as it is.
    if (verb === "engine.replace" || after.instance?.origin === "adopted") return;
    const asked = before.activity?.request ?? after.activity?.request ?? null;
    const same = JSON.stringify(before.instance) === JSON.stringify(after.instance);
    if (!same && asked === null)
      this.#break(`${after.name}: its workload was given up, and no request asked for that`);
  }

  /** Whatever destroys begins with the word for it. */
  #beginningLaw(before: NodeRecord, after: NodeRecord): void {
    const step = after.activity?.step;
    if (step === null || step === undefined || step.impact !== "destructive") return;
    const why = this.#noAuthority(before, step);
    if (why !== null) this.#break(`${after.name}: ${step.action} was begun, and ${why}`);
  }

  #noAuthority(record: NodeRecord, step: Step): string | null {
    const node = this.#court.declared(record.uuid);
    const there = this.#court.serialAt(record.name);
    const { protected: guarded, identity } = node?.spec ?? {};
    if (record.protected) return "its record says protected";
    if (guarded !== undefined && guarded !== false) return "git says protected";
    if (record.instance !== null && step.request === undefined) return "a workload is on it";
    if (record.identity?.serial !== there) return `${there} is not the machine of its record`;
    const given = record.claim?.serial === there;
    const isNew = record.origin === "new" && identity?.serial === there;
    return given || isNew ? null : `nobody gave ${there} up to be erased`;
  }

  #destructiveLaw(act: SeenAct, action: StepRun, record: NodeRecord): void {
    this.judged.destructive += 1;
    const what = `${act.node.name}: ${action.interface}.${action.step} ${action.id}`;
    const { activity } = record;
    const { protected: guarded } = this.#court.declared(record.uuid)?.spec ?? {};
    if (record.protected) this.#break(`${what} on a node whose record says protected`);
    if (guarded !== undefined && guarded !== false) this.#break(`${what} on a protected node`);
    if (record.identity?.serial !== act.machine.serial)
      this.#break(`${what} on ${act.machine.serial}, not ${record.identity?.serial ?? "known"}`);
    if (activity === null) {
      this.#break(`${what} outside of any move`);
      return;
    }
    if (record.instance !== null && activity.request === null)
      this.#break(`${what} under a workload, without a request`);
    if (activity.flow === "provision.service") this.#servedAway.add(record.uuid);
    this.#disksLaw(what, action, record);
    this.#namedLaw(what, act, action, record);
    this.#onceLaw(what, act, action);
  }

  /** Each disk was named in the plan that somebody approved, and in the step that was pinned from it. */
  #disksLaw(what: string, action: StepRun, { activity, name }: NodeRecord): void {
    const approved = this.#plans.get(activity?.planId ?? "");
    const named = approved?.nodes.find(({ node }) => node === name)?.erases ?? [];
    const pinned = (activity?.step?.flow?.entries ?? []).flatMap(({ acts }) =>
      acts.flatMap(({ act }) =>
        act.verb === "step.run" && action.id.endsWith(`/${act.id}`) ? (act.disks ?? []) : [],
      ),
    );
    for (const disk of action.disks ?? []) {
      if (!named.some(({ serial }) => serial === disk))
        this.#break(`${what} touches ${disk}, which the approved plan does not name`);
      if (!pinned.includes(disk)) this.#break(`${what} touches ${disk}, which is not pinned`);
    }
  }

  /** A step that only the ramdisk knows: what it does to disks was named in the plan that somebody approved. */
  #namedLaw(what: string, { after }: SeenAct, action: StepRun, record: NodeRecord): void {
    const erases = after.work?.erases ?? null;
    if (erases === null) return;
    this.judged.inBand += 1;
    const approved = this.#plans.get(record.activity?.planId ?? "");
    const steps = approved?.nodes.find(({ node }) => node === record.name)?.steps ?? [];
    const entries = steps.flatMap(({ flow }) => flow?.entries ?? []);
    const isNamed = entries.some(
      (entry) =>
        entry.step === action.step &&
        entry.interface === action.interface &&
        entry.ramdisk === "named" &&
        entry.erases === erases,
    );
    if (!isNamed) this.#break(`${what} erases, and the approved plan does not name it so`);
  }

  /** One authority, one destruction: again only where the ramdisk that did it was lost before it said so. */
  #onceLaw(what: string, { before, machine }: SeenAct, action: StepRun): void {
    const key = `${machine.serial} ${action.id}`;
    const boots = this.#runs.get(key) ?? [];
    if (boots.includes(before.ramdiskBoots)) this.#break(`${what} ran twice in one ramdisk`);
    if (this.#done.has(action.id)) this.#break(`${what} ran again after it was done`);
    this.#runs.set(key, [...boots, before.ramdiskBoots]);
  }

  #budgetLaw({ node }: SeenAct, record: NodeRecord, erased: boolean): void {
    const rack = node.labels["rack"] ?? null;
    const mine = this.#interrupted.get(node.name);
    this.judged.interruptions += 1;
    this.#interrupted.set(node.name, {
      rack,
      uuid: record.uuid,
      erased: erased || mine?.erased === true,
      working: true,
    });
    for (const [name, other] of this.#interrupted) {
      if (name === node.name) continue;
      if (other.rack === rack)
        this.#break(`${node.name} and ${name} of rack ${rack ?? ""} were interrupted at once`);
      if (erased && other.erased) this.#break(`${node.name} and ${name} were erased at once`);
    }
  }

  /** True once another machine was taken for the node's: what is on its disks is nobody's promise. */
  isReplaced(uuid: string): boolean {
    return this.#replaced.has(uuid);
  }

  /** True once a service was asked for that erases what the workload lies on. */
  isServedAway(uuid: string): boolean {
    return this.#servedAway.has(uuid);
  }

  /** A person gave its slots back, or the node left git. */
  forgive(name: string): void {
    this.#interrupted.delete(name);
  }
}

/** As everybody knows of it, or as only the machine's own ramdisk does. */
function isErasing({ after }: SeenAct, { interface: where, step }: StepRun): boolean {
  return ERASING.has(`${where}.${step}`) || (after.work?.erases ?? null) !== null;
}

/** True where the machine did not know the run before, and does now. */
function isBegun({ before, after }: SeenAct, action: StepRun): boolean {
  return !isKnownRun(before, action) && after.work?.id === action.id;
}

/** The step and the attempt that an intent and its outcome have in common. */
function keyOf(line: JournalLine): string {
  if (line.kind === "fact" || line.kind === "session") return line.node;
  return `${line.node} ${line.step} ${line.attempt}`;
}

function patchOf(line: JournalLine): RecordPatch | null {
  if (line.kind === "accepted" || line.kind === "session") return null;
  // What the journal holds is what the record's own patches are made of.
  return line.patch ?? null;
}

/** In service again: at rest, and with nothing that somebody must look at. */
function isWell({ provisionState, activity, fault, lastError }: NodeRecord): boolean {
  const rests = kindOf(provisionState) === "stable" && provisionState !== "error";
  return rests && activity === null && fault === null && lastError === null;
}

/** True where an edge leads there, or several through states that only pass: a list without steps is one line. */
function leads(from: string, to: string, most = 3): boolean {
  return TRANSITIONS.some(
    (edge) =>
      edge.from === from &&
      (edge.to === to ||
        (most > 1 && kindOf(edge.to) === "transient" && leads(edge.to, to, most - 1))),
  );
}
