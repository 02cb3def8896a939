import type { Failure, Result } from "../../schemas/failure.ts";
import type { Transport } from "../../schemas/observation.ts";
import type { Performed, PerformContext } from "../driver.ts";
import type { Command } from "./ask-command.ts";
import type { Fru } from "./packets/fru.ts";

/** The controller of one machine: a BMC with a LAN of its own, or one behind it. */
export interface Controller {
  /** For messages: `BMC ipmi://10.0.0.7`. */
  readonly thing: string;
  /** Its slave address: its own sensors name it as their owner. */
  readonly address: number;
  /** Bytes of a FRU or sensor record that it answers at once. */
  readonly partBytes: number;
  readonly transport: Transport | null;
  /** The data of the answer to a command that changes nothing. */
  read(command: Command, signal?: AbortSignal): Promise<Result<Buffer>>;
  /** Sends a command that changes something, once, in the session that the engine has written down. */
  act(node: string, command: Command, context: PerformContext): Promise<Performed>;
  /** The same, and tells the bytes of the answer. */
  actAloud(node: string, command: Command, context: PerformContext): Promise<Performed>;
  /** Why no act of this node can be sent; null where one can. */
  unready(node: string): Failure | null;
  /** `session.open`: answers the living session, or logs in. */
  open(node: string, context: PerformContext): Promise<Performed>;
  /** `session.end`: done also when it is gone already. */
  end(name: string, context: PerformContext): Promise<Performed>;
  /** The machine's FRU: from memory, or read. */
  fru(uuid: string | null, read: () => Promise<Result<Fru>>): Promise<Result<Fru>>;
}
