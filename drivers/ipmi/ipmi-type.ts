import { z } from "zod";
import { bmcSchema } from "../../schemas/documents.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { SettingsFinding } from "../../schemas/interface-answer.ts";
import type { HardwareType } from "../driver.ts";
import { routeOf } from "./bridge-settings.ts";
import { parseIpmiAddress } from "./ipmi-address.ts";
import { IpmiDriver } from "./ipmi-driver.ts";
import { ipmiOffer } from "./ipmi-offer.ts";
import { ipmiVendor } from "./ipmi-vendor.ts";
import { CIPHER_SUITES } from "./packets/algorithms.ts";

const PROPERTIES = z
  .object({
    bmc: bmcSchema.pick({
      address: true,
      username: true,
      password: true,
      kg: true,
      privilege: true,
      cipherSuite: true,
      ipmiVersion: true,
      bridging: true,
    }),
  })
  .describe("servers whose BMC speaks IPMI over LAN");

/** Servers whose BMC speaks IPMI 2.0 over LAN (RMCP+), or 1.5. */
export const ipmiType: HardwareType = {
  name: "ipmi",
  properties: PROPERTIES,
  offer: ipmiOffer,
  observes: [
    "identity",
    "power",
    "bootDevice",
    "bootMode",
    "indicators",
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
    "management.setIndicator",
    "management.injectNmi",
    "vendor.call",
    "session.open",
    "session.end",
  ],
  vendor: ipmiVendor,
  consoles: ["serial"],
  validate: validateIpmi,
  open: (ports) => new IpmiDriver(ports),
};

/** Bytes of a user name (IPMI 2.0, 13.20). */
export const USERNAME_BYTES_MAX = 16;

type Bmc = NonNullable<FleetNode["spec"]["bmc"]>;
type Finding = readonly [path: string, message: string];

function validateIpmi(node: FleetNode): readonly SettingsFinding[] {
  const bmc = node.spec.bmc ?? {};
  const findings = [
    ...addressFindings(bmc),
    ...loginFindings(bmc),
    ...suiteFindings(bmc),
    ...routeFindings(bmc),
  ];
  return findings.map(([path, message]) => ({ path, message }));
}

function addressFindings({ address, system, tls }: Bmc): readonly Finding[] {
  const findings: Finding[] = [];
  const find = (path: string, message: string): void => {
    findings.push([path, message]);
  };
  const parsed = address === undefined ? "" : parseIpmiAddress(address);
  if (address === undefined) find("/bmc", "bmc.address is missing; write ipmi://10.0.0.7");
  else if (typeof parsed === "string") find("/bmc/address", parsed);
  if (system !== undefined) find("/bmc/system", "bmc.system is Redfish's; remove it");
  if (tls !== undefined) find("/bmc/tls", "bmc.tls is Redfish's, IPMI has no TLS; remove it");
  return findings;
}

function loginFindings({ username, password, auth }: Bmc): readonly Finding[] {
  const findings: Finding[] = [];
  const find = (path: string, message: string): void => {
    findings.push([path, message]);
  };
  if (password === undefined)
    find(
      "/bmc",
      "bmc.password is missing, without which no session opens; name the secret, as { env: BMC_PASSWORD }",
    );
  if (Buffer.byteLength(username ?? "") > USERNAME_BYTES_MAX)
    find(
      "/bmc/username",
      "bmc.username is longer than the 16 bytes that IPMI takes; use another user",
    );
  if (auth !== undefined) find("/bmc/auth", "bmc.auth is Redfish's; remove it");
  return findings;
}

function routeFindings({ bridging }: Bmc): readonly Finding[] {
  const route = routeOf(bridging);
  return route === null || "hops" in route ? [] : route;
}

function suiteFindings({ cipherSuite, ipmiVersion, kg }: Bmc): readonly Finding[] {
  const findings: Finding[] = [];
  const find = (path: string, message: string): void => {
    findings.push([path, message]);
  };
  const suites = ["auto", ...CIPHER_SUITES.map(({ id }) => String(id))];
  if (cipherSuite !== undefined && !suites.includes(String(cipherSuite))) {
    const fact = `bmc.cipherSuite is ${cipherSuite}, which is not spoken here`;
    find("/bmc/cipherSuite", `${fact}; write one of ${suites.join(", ")}`);
  }
  if (ipmiVersion === 1.5 && cipherSuite !== undefined)
    find(
      "/bmc/cipherSuite",
      "bmc.cipherSuite has no meaning with bmc.ipmiVersion: 1.5; remove one",
    );
  if (ipmiVersion === 1.5 && kg !== undefined)
    find("/bmc/kg", "bmc.kg has no meaning with bmc.ipmiVersion: 1.5; remove one");
  return findings;
}
