import type { DriverAction } from "../../schemas/action.ts";
import { indicatorName } from "../../schemas/indicators.ts";
import type { Sender } from "../driver.ts";
import { userAgentOf } from "../net/sender.ts";
import { begun, isKnownRun } from "./fake-step.ts";
import { vendorActed } from "./fake-vendor.ts";
import { type FakeScene, sendPower } from "./fake-life.ts";
import { type FakeMachine, logged } from "./fake-machine.ts";

/** Sessions that a fake BMC holds at once; the oldest goes. */
const SESSIONS_MAX = 16;

/** What is open and shut again does not change the machine, and is not in its log. */
export function isSessionAct({ verb }: DriverAction): boolean {
  return verb === "session.open" || verb === "session.end";
}

/** The name that the next session gets. */
export function nextSession({ sessionsMade }: FakeMachine, { node }: FakeScene): string {
  return `/fake/sessions/${node.name}/${sessionsMade + 1}`;
}

/** The machine after an act that it took; `ignored`: it said yes and did nothing; no sender: somebody at the machine itself. */
export function acted(
  machine: FakeMachine,
  action: DriverAction,
  scene: FakeScene & { readonly ignored: boolean; readonly sender: Sender | null },
): FakeMachine {
  const changed = scene.ignored ? machine : changedBy(machine, action, scene);
  if (isSessionAct(action)) return changed;
  const words = scene.ignored ? `${describe(action)} (ignored)` : describe(action);
  const by = scene.sender === null ? {} : { by: userAgentOf(scene.sender) };
  return logged(changed, { at: scene.now, act: words, ...by });
}

function changedBy(machine: FakeMachine, action: DriverAction, scene: FakeScene): FakeMachine {
  return action.verb === "vendor.call"
    ? vendorActed(machine, action)
    : changedByStandard(machine, action, scene);
}

function changedByStandard(
  machine: FakeMachine,
  action: Exclude<DriverAction, { readonly verb: "vendor.call" }>,
  scene: FakeScene,
): FakeMachine {
  switch (action.verb) {
    case "power.on":
      return sendPower(machine, "on", scene);
    case "power.off":
    case "power.softOff":
      return sendPower(machine, "off", scene);
    case "management.setBootDevice":
      return { ...machine, bootDevice: action.device, bootOnce: !action.persistent };
    case "management.setBootMode":
      return { ...machine, bootMode: action.mode };
    case "management.setSecureBoot":
      return { ...machine, secureBoot: action.enabled };
    case "management.setIndicator":
      return {
        ...machine,
        indicators: {
          ...machine.indicators,
          [indicatorName(action.component, action.id)]: action.state,
        },
      };
    case "boot.ramdisk":
      return { ...machine, nextBoot: action.purpose };
    case "boot.instance":
      return { ...machine, nextBoot: null };
    case "step.run":
      return isKnownRun(machine, action) ? machine : begun(machine, action, scene);
    case "session.open":
      return {
        ...machine,
        sessionsMade: machine.sessionsMade + 1,
        sessions: [...machine.sessions, nextSession(machine, scene)].slice(-SESSIONS_MAX),
      };
    case "session.end":
      return { ...machine, sessions: machine.sessions.filter((one) => one !== action.session) };
    case "management.injectNmi":
    default:
      return machine;
  }
}

/** An act in the log's words: `boot.ramdisk clean`, `step.run deploy.erase_devices ID SERIAL ...`. */
function describe(action: DriverAction): string {
  if (action.verb === "boot.ramdisk") return `${action.verb} ${action.purpose}`;
  if (action.verb !== "step.run") return [action.verb, ...settingWords(action)].join(" ");
  const { message } = action.args;
  const said = typeof message === "string" ? `: ${message}` : "";
  const step = `${action.interface}.${action.step}`;
  return [action.verb, step, action.id, ...(action.disks ?? [])].join(" ") + said;
}

/** What a setting is set to; nothing for all other acts. */
function settingWords(action: DriverAction): readonly string[] {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the rest sets nothing
  switch (action.verb) {
    case "management.setBootDevice":
      return [action.device, ...(action.persistent ? [] : ["once"])];
    case "management.setBootMode":
      return [action.mode];
    case "management.setSecureBoot":
      return [String(action.enabled)];
    case "management.setIndicator":
      return [indicatorName(action.component, action.id), action.state];
    case "vendor.call":
      return [action.method, JSON.stringify(action.args)];
    default:
      return [];
  }
}
