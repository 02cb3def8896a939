import type { DriverAction } from "../../schemas/action.ts";
import type { ObservedFacet } from "../../schemas/observation.ts";
import type { ArgumentInfo, HardwareOffer, StepOffer } from "../../schemas/steps.ts";

/** Facets that a fake machine shows: all there are. */
export const FAKE_OBSERVES: readonly ObservedFacet[] = [
  "identity",
  "power",
  "bootDevice",
  "bootMode",
  "secureBoot",
  "indicators",
  "bios",
  "tasks",
  "agent",
  "agentSteps",
  "work",
  "nextBoot",
  "eventLog",
  "inventory",
  "vendor",
];

/** Acts that a fake machine takes: all there are. */
export const FAKE_PERFORMS: readonly DriverAction["verb"][] = [
  "power.on",
  "power.off",
  "power.softOff",
  "management.setBootDevice",
  "management.setBootMode",
  "management.setSecureBoot",
  "management.setIndicator",
  "management.injectNmi",
  "vendor.call",
  "boot.ramdisk",
  "boot.instance",
  "step.run",
  "session.open",
  "session.end",
];

/** Seconds for a step that a real machine does at once. */
const SHORT_SECONDS = 60;
/** Ironic waits as long for one call-back of its agent (`[conductor]clean_callback_timeout`). */
const AGENT_SECONDS = 1800;
/** A spinning disk of 20 TB takes over a day to be overwritten once. */
const ERASE_SECONDS = 172_800;

const DURATION: ArgumentInfo = {
  type: "duration",
  description: "seconds that it takes, in place of fake.stepMs",
  required: false,
};

/** Parts that most core steps of a deploy share: done in order, and never twice in one boot. */
const CORE = {
  interface: "deploy",
  abortable: true,
  requiresRamdisk: false,
  impact: "reboot",
  erases: null,
  args: {},
  timeoutSeconds: AGENT_SECONDS,
  rerun: true,
  core: true,
} as const;

/** As Ironic's `direct` and its agent: ironic-facts 6.5 and 6.10. */
const DEPLOY: readonly StepOffer[] = [
  { ...CORE, step: "deploy", priority: { deploy: 100 } },
  {
    ...CORE,
    step: "write_image",
    priority: { deploy: 80 },
    requiresRamdisk: true,
    impact: "destructive",
    erases: "root",
    args: {
      image: { type: "map", description: "the image, by name or url", required: false },
      configDrive: {
        type: "map",
        description: "userData, networkData, metaData, and the sha256 by which they were approved",
        required: false,
      },
    },
  },
  { ...CORE, step: "prepare_instance_boot", priority: { deploy: 60 }, impact: "in-place" },
  { ...CORE, step: "tear_down_agent", priority: { deploy: 40 } },
  { ...CORE, step: "switch_to_tenant_network", priority: { deploy: 30 }, impact: "in-place" },
  { ...CORE, step: "boot_instance", priority: { deploy: 20 } },
  {
    interface: "deploy",
    step: "erase_devices_metadata",
    priority: { clean: 99, deploy: 0 },
    abortable: true,
    requiresRamdisk: true,
    impact: "destructive",
    erases: "metadata",
    args: {},
    timeoutSeconds: AGENT_SECONDS,
    rerun: true,
  },
  {
    interface: "deploy",
    step: "erase_devices",
    priority: { clean: 10 },
    abortable: true,
    requiresRamdisk: true,
    impact: "destructive",
    erases: "full",
    args: {},
    timeoutSeconds: ERASE_SECONDS,
    rerun: true,
  },
  {
    interface: "deploy",
    step: "burnin_cpu",
    priority: { clean: 0, service: 0 },
    abortable: true,
    requiresRamdisk: true,
    impact: "reboot",
    erases: null,
    args: { duration: DURATION },
    timeoutSeconds: ERASE_SECONDS,
    rerun: true,
  },
];

const MANAGEMENT: readonly StepOffer[] = [
  {
    interface: "management",
    step: "verify_bmc_clock",
    priority: { verify: 1 },
    abortable: true,
    requiresRamdisk: false,
    impact: "none",
    erases: null,
    args: {},
    timeoutSeconds: SHORT_SECONDS,
    rerun: true,
  },
];

/** What the BMC's own settings of the system's firmware share: done out of band, in force after a reboot. */
const BIOS_STEP = {
  interface: "bios",
  reboots: true,
  priority: { clean: 0, deploy: 0, service: 0 },
  abortable: false,
  requiresRamdisk: false,
  impact: "reboot",
  erases: null,
  timeoutSeconds: AGENT_SECONDS,
  rerun: true,
} as const;

const BIOS: readonly StepOffer[] = [
  {
    ...BIOS_STEP,
    step: "apply_configuration",
    args: {
      settings: { type: "list", description: "each a map of name and value", required: true },
    },
  },
  { ...BIOS_STEP, step: "factory_reset", args: {} },
];

const FIRMWARE: readonly StepOffer[] = [
  {
    interface: "firmware",
    step: "update",
    reboots: true,
    priority: { clean: 0, service: 0 },
    abortable: false,
    requiresRamdisk: false,
    impact: "reboot",
    erases: null,
    args: {
      settings: { type: "list", description: "each a map of component and url", required: true },
    },
    timeoutSeconds: 2 * AGENT_SECONDS,
    rerun: true,
  },
];

const VENDOR_STEP = {
  interface: "vendor",
  priority: { verify: 0, deploy: 0, clean: 0, service: 0 },
  abortable: true,
  requiresRamdisk: false,
  impact: "in-place",
  erases: null,
  args: {},
  timeoutSeconds: SHORT_SECONDS,
  rerun: true,
} as const;

/** Steps for trying the steps framework; no vendor has them. */
const VENDOR: readonly StepOffer[] = [
  {
    ...VENDOR_STEP,
    step: "log",
    args: { message: { type: "string", description: "is written down", required: true } },
  },
  {
    ...VENDOR_STEP,
    step: "slow",
    abortable: false,
    args: { duration: DURATION },
    timeoutSeconds: AGENT_SECONDS,
  },
  {
    ...VENDOR_STEP,
    step: "fail",
    args: { message: { type: "string", description: "why it fails", required: false } },
  },
  // Leaves a mark each time: run again after a lost ramdisk it would leave two.
  {
    ...VENDOR_STEP,
    step: "stamp",
    priority: { deploy: 0, clean: 0, service: 0 },
    requiresRamdisk: true,
    rerun: false,
    args: { duration: DURATION },
  },
];

/** All that a fake machine can: a whole life over a ramdisk, and names of what it leaves out. */
export const fakeOffer: HardwareOffer = {
  hardwareType: "fake",
  interfaces: [
    { interface: "power", implementation: "fake", steps: [], built: true },
    { interface: "management", implementation: "fake", steps: MANAGEMENT, built: true },
    { interface: "boot", implementation: "fake", steps: [], built: true },
    {
      interface: "deploy",
      implementation: "fake",
      steps: DEPLOY,
      built: true,
      ramdiskSteps: true,
    },
    // A deploy that only moves the state: nothing is booted and nothing written.
    { interface: "deploy", implementation: "noop", steps: [], built: true },
    { interface: "bios", implementation: "fake", steps: BIOS, built: true },
    { interface: "bios", implementation: "no-bios", steps: [], built: true },
    { interface: "raid", implementation: "no-raid", steps: [], built: true },
    // As Ironic's `agent`: what it can do is for its ramdisk to say.
    { interface: "raid", implementation: "fake", steps: [], built: true, ramdiskSteps: true },
    { interface: "firmware", implementation: "fake", steps: FIRMWARE, built: true },
    { interface: "firmware", implementation: "no-firmware", steps: [], built: true },
    { interface: "inspect", implementation: "fake", steps: [], impact: "reboot", built: true },
    { interface: "inspect", implementation: "out-of-band", steps: [], impact: "none", built: true },
    { interface: "inspect", implementation: "no-inspect", steps: [], built: true },
    { interface: "console", implementation: "no-console", steps: [], built: true },
    { interface: "network", implementation: "noop", steps: [], built: true },
    { interface: "storage", implementation: "noop", steps: [], built: true },
    { interface: "rescue", implementation: "fake", steps: [], built: true },
    { interface: "rescue", implementation: "no-rescue", steps: [], built: true },
    { interface: "vendor", implementation: "fake", steps: VENDOR, built: true },
    { interface: "vendor", implementation: "no-vendor", steps: [], built: true },
  ],
};
