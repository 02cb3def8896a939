import { z } from "zod";
import type { DriverAction } from "../../schemas/action.ts";
import { type Failure, failure, fail, ok, type Result } from "../../schemas/failure.ts";
import type { VendorCall, VendorReadings } from "../../schemas/vendor.ts";
import type { VendorMethod } from "../driver.ts";
import type { FakeMachine } from "./fake-machine.ts";

/** The name under which the asset tag is read back. */
const ASSET_TAG = "asset tag";

const BYTES = /^0x[0-9a-fA-F]{2}( 0x[0-9a-fA-F]{2})*$/;

/** One method that reads, one whose effect is read back, and one of which nothing can be seen. */
export const fakeVendor: readonly VendorMethod[] = [
  {
    name: "get_asset_tag",
    description: "the asset tag that is written on the board",
    reads: true,
    impact: "none",
    args: z.strictObject({}),
  },
  {
    name: "set_asset_tag",
    description: "writes another asset tag on the board",
    reads: false,
    impact: "in-place",
    args: z.strictObject({
      tag: z
        .string()
        .min(1)
        .max(63)
        .regex(/^[\x21-\x7e]+$/, "must be printable, without spaces")
        .describe("the tag, without spaces"),
    }),
    after: ({ tag }) => ({ [ASSET_TAG]: String(tag) }),
  },
  {
    // As Ironic's ipmitool has it: whatever the bytes mean, they may interrupt what runs.
    name: "send_raw",
    description: "sends raw bytes to the BMC, which answers nothing",
    reads: false,
    impact: "reboot",
    args: z.strictObject({
      raw_bytes: z
        .string()
        .max(1023)
        .regex(BYTES, 'must be bytes in hex, as "0x06 0x01"')
        .describe("the bytes in hex, 0x before each"),
    }),
  },
];

/** The machine after a method that acts. */
export function vendorActed(machine: FakeMachine, { method, args }: VendorCall): FakeMachine {
  return method === "set_asset_tag" ? { ...machine, assetTag: String(args["tag"]) } : machine;
}

/** What its methods change; a board without a tag has none. */
export function vendorReadings({ assetTag }: FakeMachine): VendorReadings {
  return assetTag === "" ? {} : { [ASSET_TAG]: assetTag };
}

/** What a method that reads answers. */
export function vendorAnswer(
  thing: string,
  { assetTag }: FakeMachine,
  { method }: VendorCall,
): Result<unknown> {
  if (method !== "get_asset_tag") return fail(noMethod(thing, method));
  return ok({ tag: assetTag === "" ? null : assetTag });
}

/** A method that it does not have is not sent. */
export function vendorRefusal(thing: string, action: DriverAction): Failure | null {
  if (action.verb !== "vendor.call") return null;
  const { method } = action;
  const isKnown = fakeVendor.some(({ name, reads }) => name === method && !reads);
  return isKnown ? null : noMethod(thing, method);
}

function noMethod(thing: string, method: string): Failure {
  const names = fakeVendor.map(({ name }) => name).join(", ");
  return failure(
    "stalled",
    "IW-B18",
    `${thing} has no vendor method ${method}; there are ${names}`,
  );
}
