import type { DriverProperty, HardwareType } from "../driver.ts";
import { FakeDriver } from "./fake-driver.ts";
import { validateFake } from "./fake-failures.ts";
import { FAKE_OBSERVES, FAKE_PERFORMS, fakeOffer } from "./fake-offer.ts";

const PROPERTIES: readonly DriverProperty[] = [
  {
    path: "fake.power",
    required: false,
    meaning: "power at first sight: on or off (default off)",
  },
  {
    path: "fake.serial",
    required: false,
    meaning: "serial number (default: fake- and the name)",
  },
  {
    path: "fake.disks",
    required: false,
    meaning:
      "what its BMC says of each disk, with somebody's data on it (default: two SSDs; []: it lists none)",
  },
  {
    path: "fake.nics",
    required: false,
    meaning: "what its BMC says of each network interface (default: two)",
  },
  {
    path: "fake.cpu",
    required: false,
    meaning: "what its BMC says of its processors (default: 2 sockets, 32 cores)",
  },
  {
    path: "fake.memoryBytes",
    required: false,
    meaning: "bytes of memory (default: 256 GiB)",
  },
  {
    path: "fake.delayMs",
    required: false,
    meaning: "milliseconds that every reading and act takes",
  },
  {
    path: "fake.powerMs",
    required: false,
    meaning: "milliseconds from a power act until power is on or off",
  },
  {
    path: "fake.agentMs",
    required: false,
    meaning: "milliseconds from a ramdisk's boot until its agent answers",
  },
  {
    path: "fake.stepMs",
    required: false,
    meaning: "milliseconds that a step takes which names no duration",
  },
  {
    path: "fake.failures",
    required: false,
    meaning:
      "observe, observe:FACET, VERB:refused|unsent|lost|ignored, step:INTERFACE.STEP (the same words, default " +
      "failed), agent:never; :once at the end: it passes",
  },
];

/** Machines in memory, with delays and failures by `spec.fake`: for trying inventories and for tests. */
export const fakeType: HardwareType = {
  name: "fake",
  properties: PROPERTIES,
  offer: fakeOffer,
  observes: FAKE_OBSERVES,
  performs: FAKE_PERFORMS,
  validate: validateFake,
  open: (ports) => new FakeDriver(ports),
};
