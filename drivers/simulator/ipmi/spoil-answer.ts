import type { Fault, FaultKind } from "../faults.ts";

/** Bytes without sense: as long as a short answer. */
const GARBAGE_BYTES = 40;

/** What becomes of answers on the wire, by the faults of their machine. */
export class SpoiledWire {
  readonly #take: (kind: FaultKind) => Fault | null;
  readonly #random: (bytes: number) => Buffer;
  /** Answers that are kept back. */
  #kept: Buffer[] = [];

  constructor(take: (kind: FaultKind) => Fault | null, random: (bytes: number) => Buffer) {
    this.#take = take;
    this.#random = random;
  }

  /** The datagrams that go out for an answer, in order. */
  send(answer: Buffer): readonly Buffer[] {
    if (this.#take("ipmi-lose-answer") !== null) return [];
    if (this.#take("ipmi-garbage") !== null) return [this.#random(GARBAGE_BYTES)];
    if (this.#take("ipmi-late") !== null) {
      this.#kept.push(answer);
      return [];
    }
    const late = this.#kept;
    this.#kept = [];
    const twice = this.#take("ipmi-double") === null ? [] : [answer];
    return [answer, ...twice, ...late];
  }
}
