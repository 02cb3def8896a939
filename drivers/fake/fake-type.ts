import { z } from "zod";
import { fakeSchema } from "../../schemas/fake-settings.ts";
import type { HardwareType } from "../driver.ts";
import { FakeDriver } from "./fake-driver.ts";
import { validateFake } from "./fake-failures.ts";
import { fakeVendor } from "./fake-vendor.ts";
import { FAKE_OBSERVES, FAKE_PERFORMS, fakeOffer } from "./fake-offer.ts";

const PROPERTIES = z
  .object({ fake: fakeSchema.optional() })
  .describe("machines in memory, for trying inventories and for tests");

/** Machines in memory, with delays and failures by `spec.fake`: for trying inventories and for tests. */
export const fakeType: HardwareType = {
  name: "fake",
  properties: PROPERTIES,
  offer: fakeOffer,
  observes: FAKE_OBSERVES,
  performs: FAKE_PERFORMS,
  vendor: fakeVendor,
  validate: validateFake,
  open: (ports) => new FakeDriver(ports),
};
