import type { HardwareOffer } from "../../schemas/steps.ts";

/** What a BMC does over IPMI today, and the names of what it can't do yet; the preferences are Ironic's for `ipmi`. */
export const ipmiOffer: HardwareOffer = {
  hardwareType: "ipmi",
  interfaces: [
    { interface: "power", implementation: "ipmitool", steps: [], built: true },
    { interface: "management", implementation: "ipmitool", steps: [], built: true },
    { interface: "boot", implementation: "ipxe", steps: [], built: false },
    { interface: "boot", implementation: "pxe", steps: [], built: false },
    { interface: "boot", implementation: "http-ipxe", steps: [], built: false },
    { interface: "boot", implementation: "http", steps: [], built: false },
    { interface: "boot", implementation: "noop", steps: [], built: true },
    // Needs the agent; it is the default all the same, so that no plan calls a machine deployed that is not.
    { interface: "deploy", implementation: "direct", steps: [], built: false },
    { interface: "deploy", implementation: "ramdisk", steps: [], built: false },
    { interface: "deploy", implementation: "custom-agent", steps: [], built: false },
    { interface: "deploy", implementation: "noop", steps: [], built: true },
    { interface: "bios", implementation: "no-bios", steps: [], built: true },
    { interface: "raid", implementation: "no-raid", steps: [], built: true },
    { interface: "raid", implementation: "agent", steps: [], built: false },
    { interface: "firmware", implementation: "no-firmware", steps: [], built: true },
    // Ironic has none for IPMI and asks the agent alone; this one needs no boot, and tells what the FRU tells.
    {
      interface: "inspect",
      implementation: "ipmitool",
      steps: [],
      impact: "none",
      learns: "maker, model and serial",
      built: true,
    },
    { interface: "inspect", implementation: "agent", steps: [], impact: "reboot", built: false },
    { interface: "inspect", implementation: "no-inspect", steps: [], built: true },
    // Consoles that are served to others; `node console` is a client and asks for none (`HardwareType.consoles`).
    { interface: "console", implementation: "no-console", steps: [], built: true },
    { interface: "console", implementation: "ipmitool-socat", steps: [], built: false },
    { interface: "network", implementation: "noop", steps: [], built: true },
    { interface: "storage", implementation: "noop", steps: [], built: true },
    { interface: "rescue", implementation: "no-rescue", steps: [], built: true },
    { interface: "rescue", implementation: "agent", steps: [], built: false },
    { interface: "vendor", implementation: "ipmitool", steps: [], built: true },
    { interface: "vendor", implementation: "no-vendor", steps: [], built: true },
  ],
};
