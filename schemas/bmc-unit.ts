import type { NodeSpec } from "./documents.ts";

type Bmc = NonNullable<NodeSpec["bmc"]>;
type Hop = NonNullable<NonNullable<Bmc["bridging"]>["target"]>;

/** Which of the machines at one address a node is: its system, or whom its requests are bridged to; undefined: the only one. */
export function unitOf({ system, bridging }: Pick<Bmc, "system" | "bridging">): string | undefined {
  if (bridging === undefined) return system;
  const { transit, target } = bridging;
  return [transit, target].flatMap((hop) => (hop === undefined ? [] : [hopText(hop)])).join(" ");
}

/** `channel 7 address 24h`, as the specification writes numbers. */
export function hopText({ channel, address }: Hop): string {
  const hex = address?.toString(16).toUpperCase().padStart(2, "0") ?? "?";
  return `channel ${channel ?? "?"} address ${hex}h`;
}

/** A BMC as people are shown it: its address, and whom it passes on to. */
export function bmcText(bmc: Partial<Bmc> | undefined): string | null {
  if (bmc?.address === undefined) return null;
  return bmc.bridging === undefined ? bmc.address : `${bmc.address} ${unitOf(bmc) ?? ""}`;
}
