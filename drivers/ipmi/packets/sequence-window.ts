/** Session sequence numbers have 32 bits; 0 is for packets outside a session and is skipped (IPMI 2.0, 6.12.12, 6.12.13). */
const SEQUENCE_COUNT = 0xffff_ffff;

/** How far a number may be from the highest that was seen. */
export interface WindowSize {
  readonly behind: number;
  readonly ahead: number;
}

/** IPMI 1.5: eight to either side (6.12.13). */
export const WINDOW_15: WindowSize = { behind: 8, ahead: 8 };
/** RMCP+: 32 numbers, of which 16 lie ahead (6.12.13). */
export const WINDOW_20: WindowSize = { behind: 15, ahead: 16 };

/** What was received so far; a value, so that it changes only by `received`. */
export interface SequenceWindow {
  readonly size: WindowSize;
  /** The highest number so far. */
  readonly highest: number;
  /** Bit N: the number N below the highest was seen. */
  readonly seen: number;
}

/** The number after this one. */
export function nextSequence(sequence: number): number {
  return sequence === SEQUENCE_COUNT ? 1 : sequence + 1;
}

/** A window before the first packet: `first` is the number that the sender begins with. */
export function newWindow(size: WindowSize, first: number): SequenceWindow {
  const before = first === 1 ? SEQUENCE_COUNT : first - 1;
  // What lies before the beginning was sent to nobody: all of it counts as seen.
  return { size, highest: before, seen: ~0 };
}

/** The window after this number; null where it is a double, is too old, or too far ahead: then the packet is dropped. */
export function received(window: SequenceWindow, sequence: number): SequenceWindow | null {
  if (sequence === 0) return null;
  const { size, highest, seen } = window;
  const ahead = distance(highest, sequence);
  if (ahead > 0 && ahead <= size.ahead) {
    const shifted = ahead >= 32 ? 0 : seen << ahead;
    return { size, highest: sequence, seen: shifted | 1 };
  }
  const behind = distance(sequence, highest);
  if (behind > size.behind || (seen & (1 << behind)) !== 0) return null;
  return { ...window, seen: seen | (1 << behind) };
}

/** Steps from one number to another, in the order in which they are counted. */
function distance(from: number, to: number): number {
  return (to - from + SEQUENCE_COUNT) % SEQUENCE_COUNT;
}
