import type { InterfaceName } from "./steps.ts";

/** One thing that is wrong with a node's settings. */
export interface SettingsFinding {
  /** JSON pointer below `spec`, such as `/bmc/address`. */
  readonly path: string;
  /** The thing, the fact, and the way out. */
  readonly message: string;
  /** The interfaces that can't work by it; left out: all that speak to the machine. */
  readonly interfaces?: readonly InterfaceName[] | undefined;
}

/** What one interface of a node answers when it is asked to validate itself, as Ironic's `node validate` does. */
export interface InterfaceAnswer {
  readonly interface: InterfaceName;
  /** Null where the hardware type has no such interface, or none of the name that the node asks for. */
  readonly implementation: string | null;
  /** True: it would work. False: it would not. Null: not supported, switched off, not built, or not asked. */
  readonly result: boolean | null;
  /** Null where the result is true. */
  readonly reason: string | null;
  /** A code from `codes.ts`; null where the result is true. */
  readonly code: string | null;
}
