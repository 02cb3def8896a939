import type { Hop } from "../ipmi/bridge.ts";
import type { Simulator } from "./start-simulator.ts";

/** What documents of the IPMI face have to say besides address and login. */
export interface IpmiDocuments {
  /** The variable that holds Kg; null where there is none. */
  readonly kgEnv: string | null;
  /** The BMCs speak IPMI 1.5 alone. */
  readonly is15: boolean;
}

/** YAML documents that declare the machines of a simulation, as a person would write them; by IPMI where its words are given. */
export function inventoryOf(simulator: Simulator, ipmi: IpmiDocuments | null = null): string {
  const face = ipmi === null ? redfishFace(simulator) : ipmiFace(simulator, ipmi);
  const profile = [
    "apiVersion: ironwright/v1",
    "kind: Profile",
    "metadata: { name: simulated }",
    "spec:",
    `  driver: ${face.driver}`,
    `  bmc: { username: ${simulator.username}, password: { env: BMC_PASSWORD }${face.login} }`,
    "  provision: { state: available }",
    "  power: on",
    "",
  ].join("\n");
  const nodes = [...simulator.machines.values()].map(({ spec: { name, serial, uuid } }) => {
    const rack = /^(r\d+)-/.exec(name)?.[1];
    return [
      "apiVersion: ironwright/v1",
      "kind: Node",
      `metadata: { name: ${name}${rack === undefined ? "" : `, labels: { rack: ${rack} }`} }`,
      "spec:",
      "  profiles: [simulated]",
      `  identity: { ${face.identity(serial, uuid)} }`,
      `  bmc: { ${face.bmc(name)} }`,
      "",
    ].join("\n");
  });
  return [profile, ...nodes].join("---\n");
}

/** How documents speak of a BMC, by the face that they mean. */
interface Face {
  readonly driver: string;
  /** What stands behind the password. */
  readonly login: string;
  readonly identity: (serial: string, uuid: string) => string;
  readonly bmc: (machine: string) => string;
}

function redfishFace({ pin, addresses }: Simulator): Face {
  return {
    driver: "redfish",
    login: pin === null ? "" : `, tls: { pin: "${pin}" }`,
    identity: (serial) => `serial: ${serial}`,
    bmc: (name) => `address: "${addresses.get(name)}", system: /redfish/v1/Systems/${name}`,
  };
}

function ipmiFace({ ipmiAddresses, ipmiTargets }: Simulator, { kgEnv, is15 }: IpmiDocuments): Face {
  const kg = kgEnv === null ? "" : `, kg: { env: ${kgEnv} }`;
  return {
    driver: "ipmi",
    login: `${kg}${is15 ? ", ipmiVersion: 1.5" : ""}`,
    // The UUID is one request by IPMI, the serial number some dozens.
    identity: (serial, uuid) => `serial: ${serial}, systemUuid: ${uuid}`,
    bmc: (name) => `address: "${ipmiAddresses.get(name)}"${bridgingOf(ipmiTargets.get(name))}`,
  };
}

function bridgingOf(hop: Hop | undefined): string {
  if (hop === undefined) return "";
  const { channel, address } = hop;
  return `, bridging: { target: { channel: ${channel}, address: 0x${address.toString(16)} } }`;
}
