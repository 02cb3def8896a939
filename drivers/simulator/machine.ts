import { type Hardware, madeUpHardware } from "./hardware.ts";

/** How long a simulated machine takes, in milliseconds. */
export interface Timings {
  readonly powerOnMs: number;
  readonly powerOffMs: number;
  readonly gracefulMs: number;
}

/** Times of a quick machine: long enough to be seen on the way, short enough for a demo. */
export const DEFAULT_TIMINGS: Timings = { powerOnMs: 800, powerOffMs: 300, gracefulMs: 600 };

/** What a machine is made from. */
export interface MachineSpec {
  /** Also the last part of its Redfish path. */
  readonly name: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
  readonly uuid: string;
  readonly power: "On" | "Off";
  readonly bootMode: "UEFI" | "Legacy";
  readonly secureBoot: boolean;
  readonly bios: Readonly<Record<string, string | number | boolean>>;
  /** What of its hardware is not made up from its name. */
  readonly hardware?: Partial<Hardware>;
}

/** What lines of its event log are about. */
export type LogEvent =
  | "power-on"
  | "power-off"
  | "restart"
  | "shutdown"
  | "nmi"
  | "button"
  | "log-cleared";

/** One line of its event log. */
export interface LogEntry {
  /** Rises by one with each line, and is never used twice. */
  readonly id: number;
  readonly at: number;
  readonly event: LogEvent;
  readonly message: string;
}

/** The boot override, in Redfish's words. */
export type Boot = Readonly<Record<"target" | "enabled" | "mode", string>>;

/** By which door an act came, as the log has it. */
export type Door = "Redfish" | "IPMI";

export type PowerWord = "On" | "Off" | "PoweringOn" | "PoweringOff";

/** What of a machine its BMC shows; a stale BMC shows an old one. */
export interface Shown {
  readonly power: PowerWord;
  readonly boot: Boot;
  readonly secureBoot: boolean;
}

/** ResetTypes that it knows (DSP0268 Resource.ResetType). */
export const RESET_TYPES = [
  "On",
  "ForceOff",
  "GracefulShutdown",
  "GracefulRestart",
  "ForceRestart",
  "PowerCycle",
  "Nmi",
] as const;

/** How a reset comes about. */
export interface ResetHow {
  readonly door: Door;
  /** Its system ignores a graceful stop. */
  readonly ignoresGraceful: boolean;
}

/** Log lines that are kept. */
const LOG_MAX = 200;

/** A machine with the physics of power: it takes time to go up and down, and takes settings over on the way up. */
export class Machine {
  readonly spec: MachineSpec;
  /** Who it says it is; swapped by a fault. */
  identity: Pick<MachineSpec, "serial" | "uuid" | "manufacturer">;
  boot: Boot;
  secureBoot: { enabled: boolean; current: boolean };
  bios: Record<string, string | number | boolean>;
  biosPending: Record<string, string | number | boolean> = {};
  /** Lights that were set, by the path of their resource, in the words of IndicatorLED. */
  readonly lights = new Map<string, string>();
  readonly log: LogEntry[] = [];
  /** When its log was cleared last. */
  logClearedAt: number | null = null;
  /** What it consists of; swapped by a fault, as its identity is. */
  hardware: Hardware;
  /** Rises with each change: the ETag of its resource. */
  revision = 1;
  lastReset: number | null = null;
  #power: { word: PowerWord; until: number; ends: "On" | "Off"; again: boolean };
  readonly #timings: Timings;
  #lines = 0;
  /** When the BMC forgets the boot override; null where it does not. */
  #bootUntil: number | null = null;
  /** Lights that go out by themselves, and when. */
  readonly #lightsUntil = new Map<string, number>();

  constructor(spec: MachineSpec, timings: Timings) {
    this.spec = spec;
    this.#timings = timings;
    this.identity = { serial: spec.serial, uuid: spec.uuid, manufacturer: spec.manufacturer };
    this.hardware = { ...madeUpHardware(spec.name), ...spec.hardware };
    this.boot = { target: "None", enabled: "Disabled", mode: spec.bootMode };
    this.secureBoot = { enabled: spec.secureBoot, current: spec.secureBoot };
    this.bios = { ...spec.bios };
    this.#power = { word: spec.power, until: 0, ends: spec.power, again: false };
  }

  /** Power at a moment; what was under way and is over has come to pass. */
  power(now: number): PowerWord {
    while (isMoving(this.#power.word) && now >= this.#power.until) this.#arrive(this.#power.until);
    this.#expire(now);
    return this.#power.word;
  }

  /** A boot override and lights whose time is over are gone. */
  #expire(now: number): void {
    if (this.#bootUntil !== null && now >= this.#bootUntil)
      this.setBoot({ ...this.boot, enabled: "Disabled", target: "None" });
    for (const [path, until] of this.#lightsUntil) if (now >= until) this.setLight(path, "Off");
  }

  /** Sets the boot override; `until`: when it is forgotten. */
  setBoot(boot: Boot, until: number | null = null): void {
    this.boot = boot;
    this.#bootUntil = until;
    this.revision += 1;
  }

  /** Changes nothing but when the boot override is forgotten. */
  keepBootUntil(until: number | null): void {
    this.#bootUntil = until;
  }

  /** True where the BMC will forget the boot override by itself. */
  get forgetsBoot(): boolean {
    return this.#bootUntil !== null;
  }

  /** Sets the light of a resource, in the words of IndicatorLED; `until`: when it goes out. */
  setLight(path: string, word: string, until: number | null = null): void {
    this.lights.set(path, word);
    if (until === null) this.#lightsUntil.delete(path);
    else this.#lightsUntil.set(path, until);
  }

  #arrive(at: number): void {
    const { ends, again } = this.#power;
    this.#power = { word: ends, until: at, ends, again: false };
    this.revision += 1;
    if (ends === "On") this.#takeOver(at);
    if (ends === "Off" && again) this.#move("PoweringOn", "On", at + this.#timings.powerOnMs);
  }

  /** Settings that wait for a power-on are taken over; a boot once is used up. */
  #takeOver(at: number): void {
    this.secureBoot.current = this.secureBoot.enabled;
    this.bios = { ...this.bios, ...this.biosPending };
    this.biosPending = {};
    if (this.boot.enabled === "Once")
      this.setBoot({ ...this.boot, enabled: "Disabled", target: "None" });
    this.lastReset = at;
  }

  #move(word: PowerWord, ends: "On" | "Off", until: number, again = false): void {
    this.#power = { word, ends, until, again };
    this.revision += 1;
  }

  /** Does a reset; answers in words what really happened. */
  reset(type: string, now: number, how: ResetHow): string {
    const power = this.power(now);
    const { powerOnMs, powerOffMs, gracefulMs } = this.#timings;
    const up = power === "On" || power === "PoweringOn";
    switch (type) {
      case "On":
        if (up) return "was on already";
        this.#move("PoweringOn", "On", now + powerOnMs);
        this.note(now, "power-on", `Power on requested over ${how.door}`);
        return "powering on";
      case "ForceOff":
        if (!up && power !== "PoweringOff") return "was off already";
        this.#move("PoweringOff", "Off", now + powerOffMs);
        this.note(now, "power-off", `Forced power off requested over ${how.door}`);
        return "powering off";
      case "GracefulShutdown":
        if (!up) return "was off already";
        this.note(now, "shutdown", `Graceful shutdown requested over ${how.door}`);
        if (how.ignoresGraceful) return "the system ignores it";
        this.#move("PoweringOff", "Off", now + gracefulMs);
        return "shutting down";
      case "GracefulRestart":
        return this.#restart(now, gracefulMs, how);
      case "ForceRestart":
      case "PowerCycle":
        return this.#restart(now, powerOffMs, { ...how, ignoresGraceful: false });
      case "Nmi":
        this.note(now, "nmi", `NMI asserted over ${how.door}`);
        return "nmi";
      default:
        return "unknown";
    }
  }

  /** Down, and up again by itself. */
  #restart(now: number, downMs: number, { ignoresGraceful, door }: ResetHow): string {
    const power = this.power(now);
    if (power !== "On" && power !== "PoweringOn") return "is off: nothing to restart";
    if (ignoresGraceful) return "the system ignores it";
    this.#move("PoweringOff", "Off", now + downMs, true);
    this.note(now, "restart", `Restart requested over ${door}`);
    return "restarting";
  }

  /** Somebody presses the button on the machine itself. */
  pressPowerButton(now: number): void {
    const on = this.power(now) === "On";
    const ends = on ? "Off" : "On";
    this.#power = { word: ends, until: now, ends, again: false };
    this.revision += 1;
    this.note(now, "button", "power button pressed");
  }

  note(at: number, event: LogEvent, message: string): void {
    this.#lines += 1;
    this.log.push({ id: this.#lines, at, event, message });
    if (this.log.length > LOG_MAX) this.log.shift();
  }

  /** Empties its log but for the line that says so. */
  clearLog(at: number): void {
    this.log.length = 0;
    this.logClearedAt = at;
    this.note(at, "log-cleared", "Log cleared");
  }

  shown(now: number): Shown {
    return { power: this.power(now), boot: { ...this.boot }, secureBoot: this.secureBoot.enabled };
  }
}

function isMoving(word: PowerWord): boolean {
  return word === "PoweringOn" || word === "PoweringOff";
}
