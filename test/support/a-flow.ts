import type { Action } from "../../schemas/action.ts";
import type { FlowAct, FlowEntry, FlowPlan, Step } from "../../schemas/plan.ts";
import type { InterfaceName } from "../../schemas/steps.ts";
import type { FlowStep } from "../../engine/plan/flow-cursor.ts";

/** Acts and lists made by hand, in the shape that the planner gives them. */
export function act(
  action: Action,
  after: FlowAct["after"] = {},
  more: Partial<FlowAct> = {},
): FlowAct {
  return { act: action, impact: "in-place", after, timeoutSeconds: 60, waits: false, ...more };
}

const ON = act({ verb: "power.on" }, { power: "on" });
const OFF = act({ verb: "power.off" }, { power: "off" }, { impact: "reboot" });
const SOFT_OFF = act(
  { verb: "power.softOff" },
  { power: "off" },
  { impact: "reboot", fallback: { verb: "power.off" } },
);
const INSTANCE = act({ verb: "boot.instance" }, { nextBoot: "instance" });
const DISK = act(
  { verb: "management.setBootDevice", device: "disk", persistent: true },
  { bootDevice: { device: "disk", persistent: true } },
);
const AWAIT = act(
  { verb: "engine.awaitAgent" },
  { agent: "ramdisk" },
  { impact: "none", timeoutSeconds: 1800, waits: true },
);
export const HOLD = act({ verb: "engine.hold" }, {}, { impact: "none", waits: true });

export function wait(seconds: number): FlowAct {
  const time = { impact: "none", timeoutSeconds: seconds, waits: true } as const;
  return act({ verb: "engine.wait", seconds }, {}, time);
}

/** An entry by its name `deploy.write_image`. */
export function entry(
  name: string,
  acts: readonly FlowAct[],
  more: Partial<FlowEntry> = {},
): FlowEntry {
  const [where, step = ""] = name.split(".");
  return {
    interface: where as InterfaceName,
    step,
    priority: null,
    args: {},
    impact: "in-place",
    abortable: true,
    requiresRamdisk: false,
    rerun: true,
    source: "test",
    acts,
    ...more,
  };
}

/** One `step.run`; numbered by `aFlow`. */
export function run(name: string, more: Partial<FlowEntry> = {}): FlowEntry {
  const made = entry(name, [], { requiresRamdisk: true, rerun: false, ...more });
  const action: Action = {
    verb: "step.run",
    id: "",
    interface: made.interface,
    step: made.step,
    args: {},
    inBand: made.requiresRamdisk,
    disks: null,
  };
  const times = { timeoutSeconds: 600, waits: true };
  return { ...made, acts: [act(action, { work: "done" }, times)] };
}

export function ramdisk(purpose: "clean" | "deploy" | "service" | "rescue", off = OFF): FlowAct[] {
  return [act({ verb: "boot.ramdisk", purpose }, { nextBoot: purpose }), off, ON, AWAIT];
}

/** A step that is a move, with its runs numbered. */
export function aFlow(
  action: FlowStep["action"],
  flow: Pick<FlowPlan, "from" | "via" | "to" | "entries"> & Partial<FlowPlan>,
  more: Partial<FlowStep> = {},
): FlowStep {
  const entries = flow.entries.map((one, index) => ({
    ...one,
    acts: one.acts.map((inside) =>
      inside.act.verb === "step.run"
        ? { ...inside, act: { ...inside.act, id: `5.${index + 1}` } }
        : inside,
    ),
  }));
  return {
    id: "5",
    action,
    act: { verb: action } as Action,
    interface: "provision",
    impact: "destructive",
    before: { provision: flow.from },
    after: { provision: flow.to },
    timeoutSeconds: 60,
    reason: "a test",
    dependsOn: [],
    ...more,
    flow: { wait: null, hold: null, failed: null, ends: {}, results: {}, ...flow, entries },
  };
}

export const DEPLOY = aFlow(
  "provision.deploy",
  {
    from: "available",
    via: "deploying",
    to: "active",
    entries: [
      entry("deploy.deploy", ramdisk("deploy")),
      run("deploy.write_image", { rerun: true }),
      entry("deploy.prepare_instance_boot", [INSTANCE, DISK]),
      entry("deploy.tear_down_agent", [OFF]),
      entry("deploy.switch_to_tenant_network", []),
      entry("deploy.boot_instance", [ON]),
    ],
    bind: "image-1",
    results: {
      instance: {
        origin: "deployed",
        image: { url: "u" },
        configDrive: null,
        since: 0,
        commit: null,
        by: "",
      },
    },
  },
  { request: "deploy-1" },
);

const CLEANING = [
  entry("deploy.prepare_cleaning", ramdisk("clean")),
  run("deploy.erase_devices_metadata", { rerun: true, abortable: false }),
  run("deploy.burnin_cpu"),
  entry("deploy.tear_down_cleaning", [INSTANCE, OFF]),
];

export const PROVIDE = aFlow("provision.provide", {
  from: "manageable",
  via: "cleaning",
  to: "available",
  entries: CLEANING,
  results: { cleaned: "metadata" },
});

/** A manual clean with the given entries between the ramdisk's coming and going. */
export function manualClean(entries: readonly FlowEntry[] = CLEANING): FlowStep {
  return aFlow(
    "provision.clean",
    { from: "manageable", via: "cleaning", to: "manageable", entries },
    { request: "clean-1" },
  );
}

/** A service with the given entries between the ramdisk's coming and going. */
export function service(entries: readonly FlowEntry[]): FlowStep {
  return aFlow(
    "provision.service",
    {
      from: "active",
      via: "servicing",
      to: "active",
      entries: [
        entry("deploy.prepare_service", ramdisk("service", SOFT_OFF)),
        ...entries,
        entry("deploy.tear_down_service", [INSTANCE, SOFT_OFF, DISK, ON]),
      ],
    },
    { request: "service-1" },
  );
}

export const SERVICE = service([
  run("firmware.update", { requiresRamdisk: false }),
  run("deploy.burnin_disk"),
]);

export const VERIFY = aFlow("provision.manage", {
  from: "enroll",
  via: "verifying",
  to: "manageable",
  entries: [
    run("power.verify_supplies", { requiresRamdisk: false }),
    run("management.verify_bmc_clock", { requiresRamdisk: false }),
  ],
});

export const RESCUE = aFlow(
  "provision.rescue",
  {
    from: "active",
    via: "rescuing",
    to: "rescue",
    entries: [entry("rescue.boot_ramdisk", ramdisk("rescue", SOFT_OFF)), run("rescue.rescue")],
  },
  { request: "rescue-1" },
);

export const UNDEPLOY = aFlow(
  "provision.undeploy",
  {
    from: "active",
    via: "deleting",
    to: "available",
    entries: [
      entry("deploy.tear_down", [SOFT_OFF]),
      ...CLEANING.map((one, index) =>
        index === 0 ? { ...one, enters: "cleaning" as const } : one,
      ),
    ],
    results: { cleaned: "metadata", instance: null },
  },
  { request: "undeploy-1" },
);

/** From a failed service back to the workload. */
export const ABORT_SERVICE = aFlow("provision.abort", {
  from: "service failed",
  via: null,
  to: "active",
  entries: [entry("deploy.tear_down_service", [INSTANCE, SOFT_OFF, DISK, ON])],
});

/** A request that cuts an open list off: it has no list of its own. */
export const ABORT: Step = {
  id: "1",
  action: "provision.abort",
  act: { verb: "provision.abort" },
  interface: "provision",
  impact: "none",
  before: {},
  after: {},
  timeoutSeconds: 60,
  reason: "request abort-1",
  dependsOn: [],
  request: "abort-1",
};

export const ACTIVE = { provisionState: "active" } as const;
