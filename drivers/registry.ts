import type { HardwareType } from "./driver.ts";
import { fakeType } from "./fake/fake-type.ts";
import { ipmiType } from "./ipmi/ipmi-type.ts";
import { redfishType } from "./redfish/redfish-type.ts";

/** Every hardware type of the house, by name; a new driver is a new row. */
export const hardwareTypes: readonly HardwareType[] = [fakeType, ipmiType, redfishType];

/** The hardware type of a name; undefined when nobody brings it. */
export function findHardwareType(name: string): HardwareType | undefined {
  return hardwareTypes.find((type) => type.name === name);
}
