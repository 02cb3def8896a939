/**
 * What a vendor method that acts may do to its machine. None erases: it could not name the disks that are lost, and
 * so nobody could be asked for them; what erases is a step of an interface.
 */
export const VENDOR_IMPACTS = ["none", "in-place", "reboot"] as const;
export type VendorImpact = (typeof VENDOR_IMPACTS)[number];

/** One call of a vendor method, its arguments as its schema took them. */
export interface VendorCall {
  readonly method: string;
  /** Kept in plan, journal and history: no secret belongs there. */
  readonly args: Readonly<Record<string, unknown>>;
}

/**
 * What vendor methods change, as it is read back: names and values of the hardware type's own, such as
 * `asset tag` -> `r1-u7`. A name that is not there is `absent`.
 */
export type VendorReadings = Readonly<Record<string, string>>;

/** The value of what is not there. */
export const VENDOR_ABSENT = "absent";
