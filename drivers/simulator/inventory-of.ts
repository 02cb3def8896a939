import type { Simulator } from "./start-simulator.ts";

/** YAML documents that declare the machines of a simulation, as a person would write them. */
export function inventoryOf({ addresses, machines, username, pin }: Simulator): string {
  const profile = [
    "apiVersion: ironwright/v1",
    "kind: Profile",
    "metadata: { name: simulated }",
    "spec:",
    "  driver: redfish",
    `  bmc: { username: ${username}, password: { env: BMC_PASSWORD }${pin === null ? "" : `, tls: { pin: "${pin}" }`} }`,
    "  provision: { state: available }",
    "  power: on",
    "",
  ].join("\n");
  const nodes = [...addresses].map(([name, address]) => {
    const serial = machines.get(name)?.spec.serial ?? "";
    const rack = /^(r\d+)-/.exec(name)?.[1];
    return [
      "apiVersion: ironwright/v1",
      "kind: Node",
      `metadata: { name: ${name}${rack === undefined ? "" : `, labels: { rack: ${rack} }`} }`,
      "spec:",
      "  profiles: [simulated]",
      `  identity: { serial: ${serial} }`,
      `  bmc: { address: "${address}", system: /redfish/v1/Systems/${name} }`,
      "",
    ].join("\n");
  });
  return [profile, ...nodes].join("---\n");
}
