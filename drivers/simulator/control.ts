import type { Failure } from "../../schemas/failure.ts";
import { FAULTS } from "./faults.ts";
import type { Answered, Asked, LoggedCall } from "./exchange.ts";

/** What the switches of a simulation reach. */
export interface Switches {
  readonly addresses: ReadonlyMap<string, string>;
  readonly ipmiAddresses: ReadonlyMap<string, string>;
  readonly log: readonly LoggedCall[];
  /** Adds a fault by its text; a Failure says what is wrong with it. */
  fault(text: string): Failure | null;
  clearFaults(machine: string): void;
  pressPowerButton(machine: string): void;
}

const ROOT = "/simulator/v1";

/**
 * The switches of a simulation, beside the Redfish paths and without a password (loopback): machines, the
 * log of mutating calls, faults on and off, the power button. Null when a path is not one of them.
 */
export function controlAnswer(simulator: Switches, { method, path, body }: Asked): Answered | null {
  if (!path.startsWith(ROOT)) return null;
  const [what = "", name = "", verb = ""] = path.slice(ROOT.length + 1).split("/");
  const ask = `${method} ${what}`;
  if (ask === "GET machines")
    return {
      status: 200,
      body: {
        machines: [...simulator.addresses].map(([machine, address]) => {
          const ipmi = simulator.ipmiAddresses.get(machine);
          return ipmi === undefined ? { machine, address } : { machine, address, ipmi };
        }),
      },
    };
  if (ask === "GET log") return { status: 200, body: { calls: simulator.log } };
  if (ask === "POST faults") {
    const wrong = simulator.fault(textOf(body));
    return wrong === null ? { status: 204 } : { status: 400, body: { error: wrong.message } };
  }
  const isMachine = simulator.addresses.has(name);
  if (ask === "DELETE faults" && isMachine) {
    simulator.clearFaults(name);
    return { status: 204 };
  }
  if (ask === "POST machines" && isMachine && verb === "press-power-button") {
    simulator.pressPowerButton(name);
    return { status: 204 };
  }
  const ways = [
    "GET machines",
    "GET log",
    "POST faults (body: NODE=FAULT)",
    "DELETE faults/NODE",
    "POST machines/NODE/press-power-button",
  ];
  const known = { ways: ways.map((way) => way.replace(" ", ` ${ROOT}/`)), faults: FAULTS };
  if (ask === "GET help") return { status: 200, body: known };
  return { status: 404, body: { error: `there is no ${method} ${path}`, ways: known.ways } };
}

/** The fault as plain text, or as `{ "fault": "..." }`. */
function textOf(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && "fault" in value) return String(value.fault);
  } catch {
    // Plain text.
  }
  return body.trim();
}
