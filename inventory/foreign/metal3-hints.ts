import type { DiskHints } from "../../schemas/documents.ts";
import { type Fields, flagOf, textOf } from "./values.ts";

/** Metal3's hint, ours, and the operator that Metal3 gives it on its way to Ironic (BMO devicehints). */
const HINTS = [
  ["hctl", "hctl", "s=="],
  ["model", "model", "<in>"],
  ["vendor", "vendor", "<in>"],
  ["serialNumber", "serial", "s=="],
  ["minSizeGigabytes", "size", ">="],
  ["wwn", "wwn", "s=="],
  ["wwnWithExtension", "wwn_with_extension", "s=="],
  ["wwnVendorExtension", "wwn_vendor_extension", "s=="],
] as const;

/** `rootDeviceHints` as Ironic would get them; undefined where there are none. */
export function metal3Hints(from: Fields): DiskHints | undefined {
  const found: DiskHints = {};
  const device = textOf(from["deviceName"]);
  if (device !== undefined)
    found[device.startsWith("/dev/disk/by-path/") ? "by_path" : "name"] = `s== ${device}`;
  for (const [theirs, ours, operator] of HINTS) {
    const text = textOf(from[theirs]);
    if (text !== undefined && text !== "0") found[ours] = `${operator} ${text}`;
  }
  const rotational = flagOf(from["rotational"]);
  if (rotational !== undefined) found.rotational = rotational;
  return Object.keys(found).length === 0 ? undefined : found;
}
