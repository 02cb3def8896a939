import { z } from "zod";
import { bmcSchema } from "../../schemas/documents.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { SettingsFinding } from "../../schemas/interface-answer.ts";
import type { HardwareType } from "../driver.ts";
import { parseBmcAddress } from "../net/bmc-address.ts";
import { RedfishDriver } from "./redfish-driver.ts";
import { redfishOffer } from "./redfish-offer.ts";
import { redfishVendor } from "./redfish-vendor.ts";

const PROPERTIES = z
  .object({
    bmc: bmcSchema.pick({
      address: true,
      system: true,
      username: true,
      password: true,
      auth: true,
      tls: true,
    }),
  })
  .describe("servers whose BMC speaks Redfish over HTTPS");

/** Servers whose BMC speaks Redfish (DMTF DSP0266, DSP0268) over HTTPS. */
export const redfishType: HardwareType = {
  name: "redfish",
  properties: PROPERTIES,
  offer: redfishOffer,
  observes: [
    "identity",
    "power",
    "bootDevice",
    "bootMode",
    "secureBoot",
    "indicators",
    "bios",
    "tasks",
    "eventLog",
    "inventory",
    "vendor",
  ],
  performs: [
    "power.on",
    "power.off",
    "power.softOff",
    "management.setBootDevice",
    "management.setBootMode",
    "management.setSecureBoot",
    "management.setIndicator",
    "management.injectNmi",
    "vendor.call",
    "session.open",
    "session.end",
  ],
  vendor: redfishVendor,
  validate: validateRedfish,
  open: (ports) => new RedfishDriver(ports),
};

function validateRedfish(node: FleetNode): readonly SettingsFinding[] {
  const bmc = node.spec.bmc ?? {};
  const findings = [...addressFindings(bmc), ...loginFindings(bmc)];
  return findings.map(([path, message]) => ({ path, message }));
}

type Bmc = NonNullable<FleetNode["spec"]["bmc"]>;
type Finding = readonly [path: string, message: string];

function addressFindings(bmc: Bmc): readonly Finding[] {
  const findings: Finding[] = [];
  const find = (path: string, message: string): void => {
    findings.push([path, message]);
  };
  if (bmc.address === undefined) find("/bmc", "bmc.address is missing; write https://10.0.0.7");
  else {
    const address = parseBmcAddress(bmc.address);
    if (typeof address === "string") find("/bmc/address", address);
    else if (!address.secure && bmc.tls !== undefined) {
      find("/bmc/tls", "bmc.tls is given for an http:// address; write https:// or remove it");
    }
  }
  if (bmc.bridging !== undefined)
    find("/bmc/bridging", "bmc.bridging is IPMI's; remove it, or write driver: ipmi");
  if (bmc.system !== undefined && !/^\/[\x21-\x7e]+$/.test(bmc.system)) {
    const fact = `bmc.system is not a path ("${bmc.system}")`;
    find("/bmc/system", `${fact}; write it as the BMC does, such as /redfish/v1/Systems/1`);
  }
  return findings;
}

function loginFindings(bmc: Bmc): readonly Finding[] {
  const findings: Finding[] = [];
  const find = (path: string, message: string): void => {
    findings.push([path, message]);
  };
  if (bmc.username !== undefined && bmc.password === undefined) {
    find("/bmc/username", "bmc.username has no bmc.password; name one, as { env: BMC_PASSWORD }");
  }
  if (bmc.username === undefined && bmc.password !== undefined) {
    find("/bmc/password", "bmc.password has no bmc.username; write the user it belongs to");
  }
  if (bmc.username?.includes(":") === true) {
    find("/bmc/username", "bmc.username holds a colon, which no login can carry; use another user");
  }
  if ((bmc.auth === "session" || bmc.auth === "basic") && bmc.username === undefined) {
    find("/bmc/auth", `bmc.auth is ${bmc.auth} without bmc.username; write the user`);
  }
  return findings;
}
