import type { FleetNode } from "../../../schemas/fleet.ts";
import type { ConsoleHow, ConsoleOpened, DriverPorts, OpenConsole } from "../../driver.ts";
import { socketFault } from "../../net/fault-table.ts";
import { measureBy } from "../../net/measure-by.ts";
import type { RefusalLedger } from "../../net/refusal-ledger.ts";
import { hexByte } from "../ipmi-faults.ts";
import { FIELD_TIMINGS, type IpmiWire, type Timings } from "../ipmi-wire.ts";
import { SessionKeeper } from "../session-keeper.ts";
import { openSol } from "./open-sol.ts";
import { solFault } from "./sol-faults.ts";
import { SOL_TIMINGS, type SolTimings } from "./sol-flow.ts";

/** Never closed for being idle: a person looks at it. */
const IDLE_MS = Infinity;

/** What tests say otherwise. */
interface ConsoleTimes {
  readonly timings?: Timings | undefined;
  readonly solTimings?: SolTimings | undefined;
}

/** The consoles of one driver, each with a session of its own. */
export class Consoles {
  readonly #ports: DriverPorts;
  readonly #ledger: RefusalLedger;
  readonly #times: ConsoleTimes;
  readonly #open = new Set<OpenConsole>();
  /** The session that had the console of a node last. */
  readonly #had = new Map<string, number>();

  constructor(ports: DriverPorts, ledger: RefusalLedger, times: ConsoleTimes) {
    this.#ports = ports;
    this.#ledger = ledger;
    this.#times = times;
  }

  async open(node: FleetNode, wire: IpmiWire, how: ConsoleHow): Promise<ConsoleOpened> {
    const ports = this.#ports;
    if (ports.readOnly) return { kind: "failed", failure: socketFault(wire.thing, "IW_READ_ONLY") };
    if (node.spec.bmc?.ipmiVersion === 1.5)
      return { kind: "failed", failure: solFault(wire.thing, "notIpmi20") };
    if (node.spec.bmc?.bridging !== undefined)
      return { kind: "failed", failure: solFault(wire.thing, "bridged") };
    const { timings = FIELD_TIMINGS, solTimings = SOL_TIMINGS } = this.#times;
    const idleMs = IDLE_MS;
    const keeper = new SessionKeeper({ wire, ports, ledger: this.#ledger, timings, node, idleMs });
    const told = measureBy(ports)("login");
    const had = this.#had.get(node.name) ?? null;
    const plan = { wire, keeper, ports, timings, solTimings };
    const { opened, session } = await openSol(plan, how, had);
    told(opened.kind === "failed" ? opened.failure.code : hexByte(0));
    if (opened.kind === "open") this.#open.add(opened.console);
    if (session !== null) this.#had.set(node.name, session);
    return opened;
  }

  async close(): Promise<void> {
    const all = [...this.#open];
    this.#open.clear();
    await Promise.all(all.map((console) => console.close()));
  }
}
