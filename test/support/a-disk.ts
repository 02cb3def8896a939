import { type Disk, MemoryFiles } from "./memory-files.ts";

let make: () => Promise<Disk> = () => Promise.resolve(new MemoryFiles());
let rest: (() => Promise<void>) | null = null;

/** A new and empty one. */
export function aDisk(): Promise<Disk> {
  return make();
}

/** Disks of another kind from now on, and how to wait until none of them has anything to do. */
export function disksAre(other: () => Promise<Disk>, untilIdle: () => Promise<void>): void {
  make = other;
  rest = untilIdle;
}

/** Lets all that is ready run, without letting time pass. */
export async function turns(count = 200): Promise<void> {
  if (rest !== null) await rest();
  else for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}
