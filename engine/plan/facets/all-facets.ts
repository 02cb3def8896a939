import { allocationFacet } from "./allocation.ts";
import { biosFacet } from "./bios.ts";
import { bootDeviceFacet } from "./boot-device.ts";
import { bootModeFacet } from "./boot-mode.ts";
import type { Facet } from "./facet.ts";
import { identityFacet } from "./identity.ts";
import { configDriveFacet, imageFacet } from "./image.ts";
import { indicatorsFacet } from "./indicators.ts";
import { networkFacet } from "./network.ts";
import { portsFacet } from "./ports.ts";
import { powerFacet } from "./power.ts";
import { protectionFacet } from "./protection.ts";
import { provisionFacet } from "./provision.ts";
import { secureBootFacet } from "./secure-boot.ts";
import { traitsFacet } from "./traits.ts";
import { volumesFacet } from "./volumes.ts";

/** Every facet, in the order in which a plan prints them. */
export const ALL_FACETS: readonly Facet[] = [
  identityFacet,
  protectionFacet,
  allocationFacet,
  provisionFacet,
  imageFacet,
  configDriveFacet,
  bootModeFacet,
  secureBootFacet,
  biosFacet,
  bootDeviceFacet,
  indicatorsFacet,
  powerFacet,
  traitsFacet,
  portsFacet,
  networkFacet,
  volumesFacet,
];

const BY_NAME = new Map<string, Facet>(ALL_FACETS.map((facet) => [facet.name, facet]));

/** The facet of that name. */
export function facetNamed(name: string): Facet {
  const facet = BY_NAME.get(name);
  if (facet === undefined) throw new Error(`no facet is called ${name}`);
  return facet;
}
