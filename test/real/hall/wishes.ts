import type { Draw } from "../../engine/simulation/draw.ts";
import { type DeclaredNode, hallNode } from "./hall-inventory.ts";
import type { HallMachine } from "./simulated-hall.ts";

/** The way up of a node whose deploy writes nothing. */
const STATES = ["enroll", "manageable", "available", "active"] as const;
const DEVICES = ["disk", "pxe"] as const;

/** Requests end then; the tests' wall clocks are stepped by hours, not by days. */
export function inTenDays(): string {
  return new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10);
}

/** What is wished of a Redfish node, as it stands in git. */
export class Wish {
  readonly machine: HallMachine;
  /** Rebooted by requests, and so never switched by anything else. */
  readonly isRebooted: boolean;
  state: (typeof STATES)[number];
  power: "on" | "off" = "on";
  device: (typeof DEVICES)[number] = "disk";
  readonly requests: string[] = [];
  /** Commits that switched it off. */
  offs = 0;

  constructor(machine: HallMachine, isRebooted: boolean, random: Draw) {
    this.machine = machine;
    this.isRebooted = isRebooted;
    this.state = isRebooted ? "active" : random.one(STATES.slice(0, 3));
  }

  /** One change of mind. */
  change(random: Draw, id: string): void {
    if (this.isRebooted) {
      this.requests.push(id);
      return;
    }
    const what = random.whole(0, 2);
    if (what === 0) this.device = this.device === "disk" ? "pxe" : "disk";
    else if (what === 1 && this.state !== "active") this.climb();
    else this.switch();
  }

  climb(): void {
    this.state = STATES[STATES.indexOf(this.state) + 1] ?? "active";
  }

  switch(): void {
    this.power = this.power === "on" ? "off" : "on";
    if (this.power === "off") this.offs += 1;
  }

  declared(expires: string): DeclaredNode {
    const requests = this.requests.map(
      (id) => `{ id: ${id}, action: reboot, expires: ${expires} }`,
    );
    return hallNode(this.machine, [
      `provision: { state: ${this.state} }`,
      `power: ${this.power}`,
      `boot: { device: ${this.device} }`,
      `requests: [${requests.join(", ")}]`,
    ]);
  }
}

/** What is wished of a fake node: an image, and rebuilds of it, each by a request of its own. */
export class Rebuilt {
  readonly name: string;
  readonly requests: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  declared(expires: string): DeclaredNode {
    const requests = this.requests.map(
      (id) => `{ id: ${id}, action: rebuild, expires: ${expires} }`,
    );
    return {
      name: this.name,
      rack: "fakes",
      spec: [
        "driver: fake",
        "interfaces: { inspect: out-of-band }",
        `fake: { serial: S-${this.name}, powerMs: 60, agentMs: 150, stepMs: 300 }`,
        `identity: { serial: S-${this.name} }`,
        `provision: { state: active, image: { name: debian-13, url: "https://images/d.raw", checksum: "sha256:13" } }`,
        "power: on",
        `requests: [${requests.join(", ")}]`,
      ],
    };
  }
}
