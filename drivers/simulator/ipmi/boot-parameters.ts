import {
  BOOT_SELECTORS,
  type BootFlags,
  decodeBootFlags,
  encodeBootFlags,
  NO_REST,
} from "../../ipmi/packets/boot-options.ts";
import type { Boot } from "../machine.ts";

/** Boot device selectors, and the word that Redfish has for the same. */
const TARGETS = [
  [BOOT_SELECTORS.none, "None"],
  [BOOT_SELECTORS.pxe, "Pxe"],
  [BOOT_SELECTORS.disk, "Hdd"],
  [BOOT_SELECTORS.cdrom, "Cd"],
  [BOOT_SELECTORS.bios, "BiosSetup"],
  [BOOT_SELECTORS.floppy, "Usb"],
  [BOOT_SELECTORS.safe, "Hdd"],
  [BOOT_SELECTORS.diagnostic, "Diags"],
  [BOOT_SELECTORS.remoteCdrom, "Cd"],
  [BOOT_SELECTORS.remoteFloppy, "Usb"],
  [BOOT_SELECTORS.remoteMedia, "Usb"],
  [BOOT_SELECTORS.remoteDisk, "Hdd"],
] as const;

/** The boot override that flags make of the one before; null for a selector that is reserved. */
export function bootOf(flags: BootFlags, before: Boot): Boot | null {
  const target = TARGETS.find(([selector]) => selector === flags.selector)?.[1];
  if (target === undefined) return null;
  if (!flags.isValid || target === "None")
    return { ...before, target: "None", enabled: "Disabled" };
  return {
    target,
    enabled: flags.isPersistent ? "Continuous" : "Once",
    mode: flags.isEfi ? "UEFI" : "Legacy",
  };
}

/** The flags that say an override which came by another door; one without a selector (UEFI's HTTP boot) is not valid. */
export function flagsOf(boot: Boot): Buffer {
  const selector = TARGETS.find(([, target]) => target === boot.target)?.[0];
  const isValid = boot.enabled !== "Disabled" && selector !== undefined;
  return encodeBootFlags({
    isValid,
    isPersistent: isValid && boot.enabled === "Continuous",
    isEfi: isValid && boot.mode === "UEFI",
    selector: isValid ? selector : BOOT_SELECTORS.none,
    rest: NO_REST,
  });
}

/** Flags as they were written, without the valid bit where the machine has no override any more. */
export function withoutValid(bytes: Buffer): Buffer {
  const flags = decodeBootFlags(bytes);
  return flags.ok ? encodeBootFlags({ ...flags.value, isValid: false }) : bytes;
}
