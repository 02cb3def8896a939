import type { HardwareOffer } from "../../schemas/steps.ts";

/**
 * What a BMC does over Redfish today, and the names of what it can't do yet. Nothing here boots a ramdisk, so
 * nothing that needs one is built. Ironic's `verify_bmc_clock` is left out: no clock is read.
 */
export const redfishOffer: HardwareOffer = {
  hardwareType: "redfish",
  interfaces: [
    { interface: "power", implementation: "redfish", steps: [], built: true },
    { interface: "management", implementation: "redfish", steps: [], built: true },
    { interface: "boot", implementation: "redfish", steps: [], built: true },
    // Needs the agent; it is the default all the same, so that no plan calls a machine deployed that is not.
    { interface: "deploy", implementation: "direct", steps: [], built: false },
    { interface: "deploy", implementation: "noop", steps: [], built: true },
    { interface: "bios", implementation: "redfish", steps: [], built: true },
    { interface: "bios", implementation: "no-bios", steps: [], built: true },
    { interface: "raid", implementation: "no-raid", steps: [], built: true },
    { interface: "raid", implementation: "redfish", steps: [], built: false },
    { interface: "raid", implementation: "agent", steps: [], built: false },
    { interface: "firmware", implementation: "no-firmware", steps: [], built: true },
    { interface: "firmware", implementation: "redfish", steps: [], built: false },
    { interface: "inspect", implementation: "redfish", steps: [], impact: "none", built: true },
    { interface: "inspect", implementation: "agent", steps: [], impact: "reboot", built: false },
    { interface: "inspect", implementation: "no-inspect", steps: [], built: true },
    { interface: "console", implementation: "no-console", steps: [], built: true },
    { interface: "console", implementation: "redfish-graphical", steps: [], built: false },
    { interface: "network", implementation: "noop", steps: [], built: true },
    { interface: "storage", implementation: "noop", steps: [], built: true },
    { interface: "rescue", implementation: "no-rescue", steps: [], built: true },
    { interface: "rescue", implementation: "agent", steps: [], built: false },
    { interface: "vendor", implementation: "redfish", steps: [], built: true },
    { interface: "vendor", implementation: "no-vendor", steps: [], built: true },
  ],
};
