import type { Failure } from "../../../schemas/failure.ts";
import type { ConsoleEars, OpenConsole } from "../../driver.ts";
import type { Channel } from "../ipmi-wire.ts";
import type { Datagram } from "../packets/datagram.ts";
import { decodeSolToConsole, encodeSolToBmc, type SolActivated } from "../packets/sol.ts";
import { solFault } from "./sol-faults.ts";
import { type SolEvent, SolFlow, type SolTimings } from "./sol-flow.ts";
import { isAlive, leaveSol, type SolAt } from "./sol-session.ts";

/** Header of a SOL packet, which its size counts (24.1). */
const HEADER_BYTES = 4;
/** Letters are counted by one byte. */
const LETTERS_MAX = 255;
/** What is sent to BMCs that name a size which can be none: all take so much. */
const LETTERS_OF_NONE = 16;
/** The port that BMCs name which are reached through another one, behind a forwarding. */
const RMCP_PORT = 623;

/** An open console: the socket's side of it, with the timers. */
export class SolLink implements OpenConsole {
  readonly #at: SolAt;
  readonly #ears: ConsoleEars;
  readonly #timings: SolTimings;
  readonly #flow: SolFlow;
  readonly #channels: readonly Channel[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #quiet: ReturnType<typeof setTimeout> | undefined;
  #heardAt: number;
  #isOver = false;
  #closing: Promise<void> | null = null;

  constructor(at: SolAt, activated: SolActivated, how: { ears: ConsoleEars; timings: SolTimings }) {
    this.#at = at;
    this.#ears = how.ears;
    this.#timings = how.timings;
    this.#flow = new SolFlow(lettersIn(activated.inboundBytes), how.timings);
    const { wire } = at;
    const other = otherPort(wire.port, activated.port);
    const hear = (datagram: Datagram): void => this.#hear(datagram);
    // Where it sends to is the last one; it is heard at both, for some name a port and answer from the other.
    this.#channels = [wire.channel(hear), other === null ? null : wire.channel(hear, other)].filter(
      (one) => one !== null,
    );
    this.#heardAt = this.#now();
    this.#watchQuiet(this.#timings.quietMs);
  }

  #now(): number {
    return this.#at.ports.clock.monotonic();
  }

  type(bytes: Uint8Array): number {
    if (this.#isOver) return 0;
    const count = this.#flow.type(bytes);
    this.#pump();
    return count;
  }

  sendBreak(): void {
    if (this.#isOver) return;
    this.#flow.sendBreak();
    this.#pump();
  }

  flush(): number {
    if (this.#isOver) return 0;
    const count = this.#flow.flush();
    this.#pump();
    return count;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const wasOver = this.#isOver;
    this.#stop();
    if (!wasOver) await leaveSol(this.#at);
    await this.#at.keeper.close(true);
  }

  #stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#quiet);
    for (const channel of this.#channels) channel.close();
  }

  #hear(datagram: Datagram): void {
    if (this.#isOver) return;
    const unsealed = this.#at.session.unsealSol(datagram);
    if ("drop" in unsealed) return;
    const packet = decodeSolToConsole(unsealed.payload);
    if (!packet.ok) return;
    this.#heardAt = this.#now();
    const events = this.#flow.receive(packet.value, this.#now());
    // What was heard is acknowledged before it is shown: a slow terminal must not make the BMC say it again.
    this.#pump();
    this.#tell(events);
  }

  #pump(): void {
    if (this.#isOver) return;
    const { packets, events } = this.#flow.due(this.#now());
    for (const packet of packets)
      this.#channels.at(-1)?.send(this.#at.session.sealSol(encodeSolToBmc(packet)));
    this.#tell(events);
    clearTimeout(this.#timer);
    const { wakeAt } = this.#flow;
    if (this.#isOver || wakeAt === null) return;
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, wakeAt - this.#now()));
  }

  #tell(events: readonly SolEvent[]): void {
    for (const event of events) {
      if (this.#isOver) return;
      if (event.kind === "output") this.#ears.output(event.letters);
      else if (event.kind === "taken") this.#ears.taken();
      else if (event.kind === "ending") this.#end(solFault(this.#at.wire.thing, "ended"));
      else if (event.kind === "unanswered") void this.#judge();
      else this.#ears.notice({ kind: event.kind });
    }
  }

  /** Nothing that is typed is acknowledged: the BMC is gone, or its console is stuck. */
  async #judge(): Promise<void> {
    const lives = await isAlive(this.#at, this.#timings.aliveMs);
    // It was only slow.
    if (!this.#flow.isStuck) return;
    this.#end(solFault(this.#at.wire.thing, lives ? "unacknowledged" : "silent"));
  }

  /** Asks whether the BMC lives when nothing was heard of it for a time, and so keeps the session alive. */
  #watchQuiet(ms: number): void {
    this.#quiet = setTimeout(() => void this.#lookAfter(), ms);
  }

  async #lookAfter(): Promise<void> {
    const { quietMs, aliveMs } = this.#timings;
    const leftMs = this.#heardAt + quietMs - this.#now();
    if (leftMs > 0) return this.#watchQuiet(leftMs);
    if (await isAlive(this.#at, aliveMs)) this.#heardAt = this.#now();
    else if (this.#heardAt + quietMs <= this.#now())
      return this.#end(solFault(this.#at.wire.thing, "silent"));
    if (!this.#isOver) this.#watchQuiet(quietMs);
  }

  #end(why: Failure): void {
    if (this.#isOver) return;
    this.#stop();
    this.#ears.ended(why);
  }
}

function lettersIn(inboundBytes: number): number {
  const letters = inboundBytes - HEADER_BYTES;
  return letters < 1 ? LETTERS_OF_NONE : Math.min(letters, LETTERS_MAX);
}

/** Another port than that of the session, where SOL is to go; some BMCs write the same one with its bytes swapped. */
function otherPort(own: number, named: number): number | null {
  const swapped = ((named & 0xff) << 8) | (named >> 8);
  const isOwn = named === own || swapped === own || named === 0 || named === RMCP_PORT;
  return isOwn ? null : named;
}
