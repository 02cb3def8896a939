import type { Action } from "../../../schemas/action.ts";
import { gravest } from "../../../schemas/impact.ts";
import type { FlowAct, FlowEntry } from "../../../schemas/plan.ts";
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

/** How the steps that the engine composes itself are done; all others are asked of the machine or its ramdisk. */
const COMPOSED: Readonly<Record<string, (view: NodeView, step: ListedStep) => readonly FlowAct[]>> =
  {
    "deploy.deploy": ({ settings, record }) =>
      bootRamdisk(
        "deploy",
        record.instance === null ? powerOff(settings) : softOff(settings),
        settings,
      ),
    "deploy.prepare_instance_boot": ({ settings }) => [
      bootInstance(settings),
      bootFromDisk(settings),
    ],
    "deploy.tear_down_agent": ({ settings }) => [powerOff(settings)],
    "deploy.switch_to_tenant_network": () => [],
    "deploy.boot_instance": ({ settings }) => [powerOn(settings)],
    "power.power_on": ({ settings }) => [powerOn(settings)],
    "power.power_off": ({ settings }) => [softOff(settings)],
    "power.reboot": ({ settings }) => [softOff(settings), powerOn(settings)],
    "power.wait": (_view, { args }) => [
      pause(typeof args["seconds"] === "number" ? args["seconds"] : 0),
    ],
    "power.hold": () => [stand()],
  };

/** A step of a list with the acts that it takes; `disks` are the serials that it may touch when it erases. */
export function stepEntry(
  view: NodeView,
  listed: ListedStep,
  disks: readonly string[] | null,
): FlowEntry {
  const { offer } = listed;
  const composed = COMPOSED[`${listed.interface}.${listed.step}`];
  const acts = composed?.(view, listed) ?? [run(listed, disks)];
  return {
    interface: listed.interface,
    step: listed.step,
    priority: listed.priority,
    args: listed.args,
    impact: gravest([offer.impact, ...acts.map(({ impact }) => impact)]),
    abortable: offer.abortable,
    requiresRamdisk: offer.requiresRamdisk,
    rerun: offer.rerun,
    source: listed.source,
    acts,
  };
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
