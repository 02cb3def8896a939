import type { DriverClock } from "../../driver.ts";
import { type LanRequest, RQ_SEQ_COUNT } from "../../ipmi/packets/lan-message.ts";
import type { LoggedCall } from "../exchange.ts";
import type { FaultKind } from "../faults.ts";
import type { Lies } from "../lies.ts";
import type { Machine } from "../machine.ts";
import { RESTART_UNKNOWN } from "./chassis-commands.ts";
import type { BmcMemory, CommandAnswer, CommandRow, CommandSite } from "./command.ts";
import { type CommandRows, runCommand } from "./run-command.ts";
import type { SimulatedSession } from "./session-slots.ts";
import { SpoiledWire } from "./spoil-answer.ts";

/** What a command reads of the sessions around it. */
export type Around = Pick<CommandSite, "slots" | "sol" | "port" | "users" | "suites" | "hasKg">;

/** An act as it is written down. */
export type ActNote = Pick<
  LoggedCall,
  "machine" | "session" | "path" | "body" | "status" | "effect"
>;

/** What a controller is made from. */
export interface ControllerOptions {
  readonly machine: Machine;
  readonly clock: DriverClock;
  readonly lies: Lies;
  /** How long it does not answer when it is reset. */
  readonly resetMs: number;
  readonly rows: CommandRows;
  readonly around: () => Around;
  readonly random: (bytes: number) => Buffer;
  readonly note: (act: ActNote) => void;
}

/** One machine's controller: the commands that it does, what it keeps for itself, and the lies that it was given. */
export class Controller {
  readonly machine: Machine;
  /** What becomes of its answers. */
  readonly wire: SpoiledWire;
  readonly #options: ControllerOptions;
  readonly #memory: BmcMemory = {
    keepValid: 0,
    acknowledged: [0, 0],
    bootFlags: null,
    selReservation: 0,
    sdrReservation: 0,
    silentUntil: 0,
    restartCause: RESTART_UNKNOWN,
  };

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.machine = options.machine;
    this.wire = new SpoiledWire((kind) => this.takes(kind), options.random);
  }

  get name(): string {
    return this.machine.spec.name;
  }

  /** While it restarts it neither hears nor answers. */
  get isSilent(): boolean {
    return this.#options.clock.now() < this.#memory.silentUntil;
  }

  fault(kind: FaultKind): ReturnType<Lies["of"]> {
    return this.#options.lies.of(this.name, kind);
  }

  takes(kind: FaultKind): ReturnType<Lies["take"]> {
    return this.#options.lies.take(this.name, kind);
  }

  /** What its commands are answered from. */
  site(): CommandSite {
    const { lies, clock, resetMs, around } = this.#options;
    const { machine, name } = this;
    return {
      ...around(),
      machine,
      memory: this.#memory,
      resetMs,
      now: clock.now(),
      fault: (kind) => lies.of(name, kind),
      take: (kind) => lies.take(name, kind),
      shown: () => lies.shown(machine),
      freeze: (shown, until) => lies.freeze(name, shown, until),
    };
  }

  /** The request with another one's number, as a fault has it. */
  misnumbered(request: LanRequest): LanRequest {
    if (this.takes("ipmi-other-request") === null) return request;
    return { ...request, rqSeq: (request.rqSeq + 1) % RQ_SEQ_COUNT };
  }

  /** Null where an act is done and its answer lost, as a fault has it. */
  run(request: LanRequest, session: SimulatedSession | null): CommandAnswer | null {
    const { answer, act } = runCommand(request, session, this.site(), this.#options.rows);
    if (act === null) return answer;
    const isLost = act.acts === "machine" && this.fault("drop-after") !== null;
    this.#note({ act, answer, isLost, session });
    return isLost ? null : answer;
  }

  #note(ran: {
    readonly act: CommandRow;
    readonly answer: CommandAnswer;
    readonly isLost: boolean;
    readonly session: SimulatedSession | null;
  }): void {
    const { act, answer, isLost, session } = ran;
    this.#options.note({
      // As by Redfish: a session is the BMC's, and its end no act upon the machine.
      machine: act.acts === "session" ? null : this.name,
      session: session === null ? null : String(session.handle),
      path: act.name,
      body: answer.said ?? {},
      status: isLost ? null : answer.completion,
      effect: answer.effect ?? "",
    });
  }
}
