import type { Answered, Asked } from "./bmc.ts";
import type { Simulator } from "./start-simulator.ts";

const ROOT = "/simulator/v1";

/**
 * The switches of a simulation, beside the Redfish paths and without a password (loopback): machines, the
 * log of mutating calls, faults on and off, the power button. Null when a path is not one of them.
 */
export function controlAnswer(
  simulator: Simulator,
  { method, path, body }: Asked,
): Answered | null {
  if (!path.startsWith(ROOT)) return null;
  const [what = "", name = "", verb = ""] = path.slice(ROOT.length + 1).split("/");
  const ask = `${method} ${what}`;
  if (ask === "GET machines")
    return {
      status: 200,
      body: {
        machines: [...simulator.addresses].map(([machine, address]) => ({ machine, address })),
      },
    };
  if (ask === "GET log") return { status: 200, body: { calls: simulator.log } };
  if (ask === "POST faults") {
    const wrong = simulator.fault(textOf(body));
    return wrong === null ? { status: 204 } : { status: 400, body: { error: wrong.message } };
  }
  const known = simulator.machines.has(name);
  if (ask === "DELETE faults" && known) {
    simulator.clearFaults(name);
    return { status: 204 };
  }
  if (ask === "POST machines" && known && verb === "press-power-button") {
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
  return {
    status: 404,
    body: {
      error: `there is no ${method} ${path}`,
      ways: ways.map((way) => way.replace(" ", ` ${ROOT}/`)),
    },
  };
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
