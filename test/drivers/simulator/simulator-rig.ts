import { onTestFinished } from "vitest";
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from "../../../drivers/simulator/start-simulator.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { aMachine } from "../../support/rack.ts";

export const SYSTEM = "/redfish/v1/Systems/n1";
export const RESET = `${SYSTEM}/Actions/ComputerSystem.Reset`;
const SESSIONS = "/redfish/v1/SessionService/Sessions";
export const BASIC = { authorization: `Basic ${Buffer.from("admin:password").toString("base64")}` };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // What a BMC answers is looked at by `toMatchObject`.
  readonly body: unknown;
}

/** A simulation and the ways to ask it. */
export interface SimulatorRig {
  readonly clock: FakeClock;
  readonly simulator: Simulator;
  /** By basic authentication, unless other headers are given. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer>;
  readonly reset: (type: string) => Promise<Answer>;
  /** The body of the system. */
  readonly power: () => Promise<unknown>;
  readonly login: () => Promise<Answer>;
}

/** Two machines behind one BMC on a clock that is moved by hand, and what asks it. */
export async function rig(options: Partial<SimulatorOptions> = {}): Promise<SimulatorRig> {
  const clock = new FakeClock();
  const simulator = await startSimulator({
    machines: [aMachine("n1"), aMachine("n2")],
    timings: { powerOnMs: 100, powerOffMs: 40, gracefulMs: 60 },
    clock,
    ...options,
  });
  onTestFinished(() => simulator.close());
  const root = simulator.addresses.get("n1") ?? "";
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = BASIC,
  ): Promise<Answer> => {
    const response = await fetch(root + path, {
      method,
      headers: { ...headers, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? null : JSON.parse(text),
    };
  };
  const reset = (type: string) => ask("POST", RESET, { ResetType: type });
  const power = async () => (await ask("GET", SYSTEM)).body;
  const login = () => ask("POST", SESSIONS, { UserName: "admin", Password: "password" }, {});
  return { clock, simulator, ask, reset, power, login };
}
