/**
 * The newest format of the store. It is the version of all that lies in it: records and journal lines name the one
 * that they were written in. A new field at the top of a record is none, for an engine that does not know it carries it
 * through; anything else is: raise this, and say in `engine/run/store/formats.ts` how the one before is read.
 */
export const STORE_FORMAT = 2;

/** Of a store that was moved: no engine reads it, so one that knows nothing of moves refuses it too. */
export const MOVED_FORMAT = 1_000_000_000;

/** The oldest that is read, and that a store is written in while engines of the version before share it. */
export const OLDEST_FORMAT = STORE_FORMAT - 1;
