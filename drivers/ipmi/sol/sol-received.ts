/** A packet that is late by more than this was sent anew long ago. */
const KEPT = 3;

const NOTHING = Buffer.alloc(0);

interface Kept {
  readonly number: number;
  readonly letters: Buffer;
}

/**
 * Tells what is new in packets of the BMC. One that comes again may hold more letters than the first time (15.11); one of
 * before that was long on its way is known by its number and its letters together, for numbers begin anew where a BMC likes.
 */
export class SolReceived {
  #kept: readonly Kept[] = [];

  /** The letters that were not there before. */
  take(number: number, letters: Buffer): Buffer {
    const [last] = this.#kept;
    const again = this.#kept.find((one) => one.number === number && isStart(one.letters, letters));
    if (again !== undefined && again !== last) return NOTHING;
    const rest = again === undefined ? this.#kept : this.#kept.slice(1);
    this.#kept = [{ number, letters: Buffer.from(letters) }, ...rest].slice(0, KEPT);
    return letters.subarray(again?.letters.length ?? 0);
  }
}

function isStart(start: Buffer, whole: Buffer): boolean {
  return whole.length >= start.length && whole.subarray(0, start.length).equals(start);
}
