import type { RamdiskPurpose } from "../../../schemas/action.ts";
import type { FlowAct } from "../../../schemas/plan.ts";
import type { Settings } from "../../../schemas/settings.ts";

/** The acts that lists are composed of, each with what must be seen after it. */

/** On. */
export function powerOn({ timeouts }: Settings): FlowAct {
  return {
    act: { verb: "power.on" },
    impact: "in-place",
    after: { power: "on" },
    timeoutSeconds: timeouts.powerSeconds,
    waits: false,
  };
}

/** Off at once: nothing runs that could be asked to stop. */
export function powerOff({ timeouts }: Settings): FlowAct {
  return {
    act: { verb: "power.off" },
    impact: "reboot",
    after: { power: "off" },
    timeoutSeconds: timeouts.powerSeconds,
    waits: false,
  };
}

/** Off as a workload likes it: asked to stop, and forced at the deadline. */
export function softOff({ timeouts }: Settings): FlowAct {
  return {
    act: { verb: "power.softOff" },
    impact: "reboot",
    after: { power: "off" },
    timeoutSeconds: timeouts.softOffSeconds,
    waits: false,
    fallback: { verb: "power.off" },
  };
}

/** How a ramdisk is booted. */
export interface RamdiskBoot {
  readonly settings: Settings;
  /** How what runs is stopped. */
  readonly off: FlowAct;
  /** True where its agent is asked for steps of its own as soon as it answers. */
  readonly asksSteps: boolean;
}

/** Boots the ramdisk and waits until its agent answers. */
export function bootRamdisk(
  purpose: RamdiskPurpose,
  { settings, off, asksSteps }: RamdiskBoot,
): readonly FlowAct[] {
  const { timeouts } = settings;
  return [
    {
      act: { verb: "boot.ramdisk", purpose },
      impact: "in-place",
      after: { nextBoot: purpose },
      timeoutSeconds: timeouts.settingSeconds,
      waits: false,
    },
    off,
    powerOn(settings),
    {
      act: { verb: "engine.awaitAgent" },
      impact: "none",
      after: { agent: "ramdisk", ...(asksSteps ? { agentSteps: "listed" } : {}) },
      timeoutSeconds: timeouts.agentSeconds,
      waits: true,
    },
  ];
}

/** Takes the ramdisk's boot away again. */
export function bootInstance({ timeouts }: Settings): FlowAct {
  return {
    act: { verb: "boot.instance" },
    impact: "in-place",
    after: { nextBoot: "instance" },
    timeoutSeconds: timeouts.settingSeconds,
    waits: false,
  };
}

/** From its own disk, from now on. */
export function bootFromDisk({ timeouts }: Settings): FlowAct {
  return {
    act: { verb: "management.setBootDevice", device: "disk", persistent: true },
    impact: "in-place",
    after: { bootDevice: { device: "disk", persistent: true } },
    timeoutSeconds: timeouts.settingSeconds,
    waits: false,
  };
}

/** Lets time pass. */
export function pause(seconds: number): FlowAct {
  return {
    act: { verb: "engine.wait", seconds },
    impact: "none",
    after: {},
    timeoutSeconds: seconds,
    waits: true,
  };
}

/** Stands still until somebody says unhold. */
export function stand(): FlowAct {
  return {
    act: { verb: "engine.hold" },
    impact: "none",
    after: {},
    timeoutSeconds: 0,
    waits: true,
  };
}
