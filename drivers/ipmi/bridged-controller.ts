import type { Failure, Result } from "../../schemas/failure.ts";
import type { Transport } from "../../schemas/observation.ts";
import type { Performed, PerformContext } from "../driver.ts";
import type { Command } from "./ask-command.ts";
import { type Route, targetOf, thingBehind } from "./bridge.ts";
import type { Controller } from "./controller.ts";
import type { FruMemory } from "./fru-memory.ts";
import type { Fru } from "./packets/fru.ts";

/** Messages on an IPMB have 32 bytes at most; in the answer of a transit half of that is left for 16 bytes of data. */
const PART_BYTES_BEHIND_TRANSIT = 8;

/** A controller behind a BMC, in the BMC's own session: what one does with a machine is passed on, what with a session is not. */
export class BridgedController implements Controller {
  readonly #bmc: Controller;
  readonly #route: Route;
  readonly #memory: FruMemory;

  constructor(bmc: Controller, route: Route, memory: FruMemory) {
    this.#bmc = bmc;
    this.#route = route;
    this.#memory = memory;
  }

  get thing(): string {
    return thingBehind(this.#bmc.thing, this.#route);
  }

  get address(): number {
    return targetOf(this.#route).address;
  }

  get partBytes(): number {
    return this.#route.hops.length > 1 ? PART_BYTES_BEHIND_TRANSIT : this.#bmc.partBytes;
  }

  get transport(): Transport | null {
    return this.#bmc.transport;
  }

  read(command: Command, signal?: AbortSignal): Promise<Result<Buffer>> {
    return this.#bmc.read(this.#routed(command), signal);
  }

  act(node: string, command: Command, context: PerformContext): Promise<Performed> {
    return this.#bmc.act(node, this.#routed(command), context);
  }

  actAloud(node: string, command: Command, context: PerformContext): Promise<Performed> {
    return this.#bmc.actAloud(node, this.#routed(command), context);
  }

  unready(node: string): Failure | null {
    return this.#bmc.unready(node);
  }

  open(node: string, context: PerformContext): Promise<Performed> {
    return this.#bmc.open(node, context);
  }

  end(name: string, context: PerformContext): Promise<Performed> {
    return this.#bmc.end(name, context);
  }

  fru(uuid: string | null, read: () => Promise<Result<Fru>>): Promise<Result<Fru>> {
    return this.#memory.fru(uuid, read);
  }

  #routed(command: Command): Command {
    return { ...command, route: this.#route };
  }
}
