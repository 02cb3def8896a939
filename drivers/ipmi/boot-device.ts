import type { BootDevice } from "../../schemas/documents.ts";
import type { BootDeviceReading } from "../../schemas/observation.ts";
import { BOOT_SELECTORS, type BootFlags, NO_REST } from "./packets/boot-options.ts";
import type { Behaviour } from "./quirks.ts";

/** Devices that the boot flags have a word for; there is none for UEFI's HTTP boot. */
export const IPMI_BOOT_DEVICES = ["disk", "pxe", "cdrom", "bios"] as const;
type IpmiBootDevice = (typeof IPMI_BOOT_DEVICES)[number];

/** The selectors that mean a device: the first is written, all are read (IPMI 2.0, table 28-14, parameter 5). */
const SELECTORS: Readonly<Record<IpmiBootDevice, readonly [number, ...number[]]>> = {
  disk: [BOOT_SELECTORS.disk, BOOT_SELECTORS.safe, BOOT_SELECTORS.remoteDisk],
  pxe: [BOOT_SELECTORS.pxe],
  cdrom: [BOOT_SELECTORS.cdrom, BOOT_SELECTORS.remoteCdrom],
  bios: [BOOT_SELECTORS.bios],
};

/** True for a device that the flags can name. */
export function isIpmiBootDevice(device: BootDevice): device is IpmiBootDevice {
  return IPMI_BOOT_DEVICES.some((one) => one === device);
}

/** The boot flags that ask for a device. What else they hold is set to nothing, as the field does: one bit of it clears the CMOS. */
export function flagsFor(
  device: IpmiBootDevice,
  how: { readonly isPersistent: boolean; readonly isEfi: boolean },
  behaviours: ReadonlySet<Behaviour>,
): BootFlags {
  const isOdd = device === "disk" && how.isEfi && behaviours.has("efi-disk-is-remote-media");
  const selector = isOdd ? BOOT_SELECTORS.remoteMedia : SELECTORS[device][0];
  return { isValid: true, ...how, selector, rest: NO_REST };
}

/**
 * The override that boot flags hold. Without the valid bit there is none, whatever else they say: the BIOS took it, or the 60
 * seconds ran out (table 28-14, parameters 3 and 5).
 */
export function readingOf(flags: BootFlags, behaviours: ReadonlySet<Behaviour>): BootDeviceReading {
  const { isValid, isPersistent, isEfi, selector } = flags;
  if (!isValid || selector === BOOT_SELECTORS.none) return { device: "none", persistent: false };
  const isOdd = selector === BOOT_SELECTORS.remoteMedia && isEfi;
  if (isOdd && behaviours.has("efi-disk-is-remote-media"))
    return { device: "disk", persistent: isPersistent };
  const device = IPMI_BOOT_DEVICES.find((one) => SELECTORS[one].includes(selector));
  return { device: device ?? "other", persistent: isPersistent };
}
