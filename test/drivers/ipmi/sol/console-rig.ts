import { onTestFinished } from "vitest";
import type {
  ConsoleHow,
  ConsoleNotice,
  ConsoleOpened,
  DriverPorts,
  OpenConsole,
} from "../../../../drivers/driver.ts";
import { IpmiDriver } from "../../../../drivers/ipmi/ipmi-driver.ts";
import {
  type IpmiFace,
  type Simulator,
  startSimulator,
} from "../../../../drivers/simulator/start-simulator.ts";
import type { NodeSpec } from "../../../../schemas/documents.ts";
import type { Failure } from "../../../../schemas/failure.ts";
import type { FleetNode } from "../../../../schemas/fleet.ts";
import { aMachine } from "../../../support/rack.ts";
import { testNode, testPorts, withLimits } from "../../support/driver-bench.ts";

/** Times of milliseconds where the field has seconds; longer than a busy machine lets both sides stand. */
export const QUICK_SOL = {
  retryMs: 100,
  retries: 7,
  unavailableMs: 100,
  quietMs: 250,
  aliveMs: 900,
};
const TIMINGS = { firstMs: 150, growth: 1.5 };

/** What a person sees. */
export interface Seen {
  text: string;
  readonly notices: ConsoleNotice["kind"][];
  ended: Failure | null;
  /** Waits until that is so. */
  readonly until: (isSo: () => boolean) => Promise<void>;
}

export interface ConsoleRig {
  readonly simulator: Simulator;
  readonly driver: IpmiDriver;
  readonly node: FleetNode;
  /** Debug lines of the driver. */
  readonly lines: readonly string[];
  readonly seen: Seen;
  readonly open: (how?: Partial<ConsoleHow>, node?: FleetNode) => Promise<ConsoleOpened>;
  /** The same where it must be open. */
  readonly opened: (how?: Partial<ConsoleHow>) => Promise<OpenConsole>;
  /** Paths of what the BMC wrote down. */
  readonly said: () => readonly string[];
}

const USERS = [
  { name: "admin", password: "calvin", privilege: "administrator" },
  { name: "guest", password: "calvin", privilege: "user" },
] as const;

/** A machine that is on, its BMC, and a driver for it. */
export async function consoleRig(
  face: IpmiFace = {},
  spec: NodeSpec["bmc"] = {},
  more: Partial<DriverPorts> = {},
): Promise<ConsoleRig> {
  const simulator = await startSimulator({
    machines: [aMachine("n1", { power: "On" })],
    timings: { powerOnMs: 40, powerOffMs: 20, gracefulMs: 20 },
    ipmi: { users: USERS, ...face },
  });
  onTestFinished(() => simulator.close());
  const lines: string[] = [];
  const settings = withLimits({ requestSeconds: 2, connectSeconds: 1 });
  const debug = (line: string): void => void lines.push(line);
  const ports = { ...testPorts({ settings }), debug, ...more };
  const driver = new IpmiDriver(ports, { timings: TIMINGS, solTimings: QUICK_SOL });
  onTestFinished(() => driver.close());
  const address = simulator.ipmiAddresses.get("n1") ?? "";
  const bmc = { address, username: "admin", password: { env: "BMC_PASSWORD" }, ...spec };
  const node = testNode("n1", { driver: "ipmi", bmc });
  const { seen, ears } = ear();
  const open: ConsoleRig["open"] = (how = {}, at = node) =>
    driver.openConsole(at, { takesOver: false, ears, ...how });
  return {
    simulator,
    driver,
    node,
    lines,
    seen,
    open,
    opened: async (how) => {
      const opened = await open(how);
      if (opened.kind !== "open") throw new Error(JSON.stringify(opened));
      return opened.console;
    },
    said: () => simulator.log.map(({ path }) => path),
  };
}

/** Waits at most so long: a test fails before it hangs. Milliseconds. */
const UNTIL_MS = 8000;

/** Ears that remember. */
export function ear(): { readonly seen: Seen; readonly ears: ConsoleHow["ears"] } {
  let look = (): void => undefined;
  const seen: Seen = {
    text: "",
    notices: [],
    ended: null,
    until: (isSo) =>
      new Promise((done, failed) => {
        const timer = setTimeout(() => {
          const { text, notices, ended } = seen;
          failed(new Error(`not seen: ${JSON.stringify({ text, notices, ended })}`));
        }, UNTIL_MS);
        look = () => {
          if (!isSo()) return;
          clearTimeout(timer);
          look = () => undefined;
          done();
        };
        look();
      }),
  };
  const ears: ConsoleHow["ears"] = {
    output: (bytes) => {
      seen.text += Buffer.from(bytes).toString();
      look();
    },
    notice: ({ kind }) => {
      seen.notices.push(kind);
      look();
    },
    taken: () => look(),
    ended: (why) => {
      seen.ended = why;
      look();
    },
  };
  return { seen, ears };
}
