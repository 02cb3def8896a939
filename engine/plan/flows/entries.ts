import type { Action, RamdiskPurpose } from "../../../schemas/action.ts";
import { gravest } from "../../../schemas/impact.ts";
import type { FlowAct, FlowEntry } from "../../../schemas/plan.ts";
import type { Settings } from "../../../schemas/settings.ts";
import type { InterfaceName } from "../../../schemas/steps.ts";
import type { NodeView } from "../facets/facet.ts";
import type { ListedStep } from "../steps/step-list.ts";
import {
  bootFromDisk,
  bootInstance,
  bootRamdisk,
  pause,
  powerOff,
  powerOn,
  softOff,
  stand,
} from "./acts.ts";

/** An entry of the engine's own: what a list begins or ends with. */
export function ownEntry(where: InterfaceName, step: string, acts: readonly FlowAct[]): FlowEntry {
  return {
    interface: where,
    step,
    priority: null,
    args: {},
    impact: gravest(acts.map(({ impact }) => impact)),
    abortable: true,
    requiresRamdisk: false,
    rerun: true,
    source: "engine",
    acts,
  };
}

/** What a list stands on while one of its steps is made. */
export interface Ground {
  readonly settings: Settings;
  /** True where a workload is asked to stop before the machine is taken from it. */
  readonly inService: boolean;
  /** The ramdisk that runs; null for the machine's own system. */
  readonly ramdisk: RamdiskPurpose | null;
  /** True where each ramdisk is asked for steps of its own. */
  readonly asksSteps: boolean;
}

/** Where a list begins: the machine's own system, or the ramdisk that was booted before its first step. */
function groundOf({ settings, record, offers }: NodeView, ramdisk: RamdiskPurpose | null): Ground {
  const inService = record.instance !== null;
  return { settings, inService, ramdisk, asksSteps: offers.namedByRamdisk.length > 0 };
}

/** How the steps that the engine composes itself are done; all others are asked of the machine or its ramdisk. */
const COMPOSED: Readonly<Record<string, (ground: Ground, step: ListedStep) => readonly FlowAct[]>> =
  {
    "deploy.deploy": (ground) => bootRamdisk("deploy", { ...ground, off: off(ground) }),
    "deploy.prepare_instance_boot": ({ settings }) => [
      bootInstance(settings),
      bootFromDisk(settings),
    ],
    "deploy.tear_down_agent": ({ settings }) => [powerOff(settings)],
    "deploy.switch_to_tenant_network": () => [],
    "deploy.boot_instance": ({ settings }) => [powerOn(settings)],
    "power.power_on": ({ settings }) => [powerOn(settings)],
    "power.power_off": ({ settings }) => [softOff(settings)],
    "power.reboot": (ground) => cycle(ground),
    "power.wait": (_ground, { args }) => [
      pause(typeof args["seconds"] === "number" ? args["seconds"] : 0),
    ],
    "power.hold": () => [stand()],
  };

/** A workload is asked to stop; where none is, nothing is there to be asked. */
function off({ inService, settings }: Ground): FlowAct {
  return inService ? softOff(settings) : powerOff(settings);
}

/** Off and on again, back into the ramdisk where one runs: what comes after may need it. */
function cycle(ground: Ground): readonly FlowAct[] {
  const { settings, ramdisk } = ground;
  if (ramdisk !== null) return bootRamdisk(ramdisk, { ...ground, off: powerOff(settings) });
  return [off(ground), powerOn(settings)];
}

/**
 * The steps of a list with the acts that they take; `disks` are the serials that they may touch when they erase, and
 * `ramdisk` is what was booted before the first of them.
 */
export function stepEntries(
  view: NodeView,
  list: readonly ListedStep[],
  disks: readonly string[] | null,
  ramdisk: RamdiskPurpose | null = null,
): readonly FlowEntry[] {
  let up = ramdisk;
  return list.map((listed) => {
    const entry = stepEntry(groundOf(view, up), listed, disks);
    up = ramdiskAfter([entry], up);
    return entry;
  });
}

/** The ramdisk that runs once these entries are done; `before` is what ran when they began. */
export function ramdiskAfter(
  entries: readonly FlowEntry[],
  before: RamdiskPurpose | null = null,
): RamdiskPurpose | null {
  let up = before;
  for (const { act } of entries.flatMap(({ acts }) => acts)) {
    if (act.verb === "boot.ramdisk") up = act.purpose;
    if (act.verb === "boot.instance") up = null;
  }
  return up;
}

/** One step of a list with the acts that it takes. */
export function stepEntry(
  ground: Ground,
  listed: ListedStep,
  disks: readonly string[] | null,
): FlowEntry {
  const { offer } = listed;
  const composed = COMPOSED[`${listed.interface}.${listed.step}`];
  const own = composed?.(ground, listed) ?? [run(listed, disks)];
  const acts = offer.reboots === true ? [...own, ...cycle(ground)] : own;
  return {
    interface: listed.interface,
    step: listed.step,
    priority: listed.priority,
    args: listed.args,
    impact: gravest([offer.impact, ...acts.map(({ impact }) => impact)]),
    abortable: offer.abortable,
    requiresRamdisk: offer.requiresRamdisk,
    ...(offer.reboots === undefined ? {} : { reboots: offer.reboots }),
    rerun: offer.rerun,
    ...(offer.erases === null ? {} : { erases: offer.erases }),
    ...(offer.ramdisk === undefined ? {} : { ramdisk: offer.ramdisk }),
    source: listed.source,
    acts,
  };
}

/** What a list leaves the machine as: the last that its acts set. */
export function endsOf(entries: readonly FlowEntry[]): Readonly<Record<string, unknown>> {
  const ends: Record<string, unknown> = {};
  for (const { acts } of entries)
    for (const { act, after } of acts) {
      if (act.verb.startsWith("power.")) ends["power"] = after["power"];
      if (act.verb === "management.setBootDevice") ends["bootDevice"] = after["bootDevice"];
    }
  return ends;
}

function run(
  { interface: where, step, args, offer }: ListedStep,
  disks: readonly string[] | null,
): FlowAct {
  const act: Action = {
    verb: "step.run",
    // Numbered when the plan's steps are (`withRunIds`).
    id: "",
    interface: where,
    step,
    args,
    inBand: offer.requiresRamdisk,
    disks: offer.erases === null ? null : disks,
  };
  return {
    act,
    impact: offer.impact,
    after: { work: "done" },
    timeoutSeconds: offer.timeoutSeconds,
    waits: true,
  };
}

/** Names every run of a list after its step and entry, so that it is found again after a crash. */
export function withRunIds(entries: readonly FlowEntry[], stepId: string): readonly FlowEntry[] {
  return entries.map((entry, index) => ({
    ...entry,
    acts: entry.acts.map((one) =>
      one.act.verb === "step.run"
        ? { ...one, act: { ...one.act, id: `${stepId}.${index + 1}` } }
        : one,
    ),
  }));
}
