import type { NodeSpec } from "../../schemas/documents.ts";
import type { Hop, Route } from "./bridge.ts";
import { BMC_ADDRESS } from "./packets/lan-message.ts";

type Bridging = NonNullable<NonNullable<NodeSpec["bmc"]>["bridging"]>;
type DeclaredHop = NonNullable<Bridging["target"]>;

/** What is wrong with `bmc.bridging`: JSON pointers below `spec` and sentences. */
export type BridgingFinding = readonly [path: string, message: string];

/** Channels that controllers can be at (IPMI 2.0, table 6-1): Ch and Dh are reserved, Eh is the LAN itself, Fh the host. */
const CHANNEL_MAX = 0x0b;
/** Slave addresses with their lowest bit, 0; I2C keeps 00h to 0Eh and F0h to FEh for itself. */
const ADDRESS_MIN = 0x10;
const ADDRESS_MAX = 0xee;

const AT = "/bmc/bridging";

/** The route that `bmc.bridging` declares, or what is wrong with it; null where nothing is bridged. */
export function routeOf(bridging: Bridging | undefined): Route | null | readonly BridgingFinding[] {
  if (bridging === undefined) return null;
  const { target, transit, localAddress = BMC_ADDRESS } = bridging;
  const own = addressFinding(localAddress, "localAddress");
  const hops = transit === undefined ? [] : [hopOf(transit, "transit")];
  const read = [...hops, hopOf(target ?? {}, "target")];
  const wrong = [...(own === null ? [] : [own]), ...read.flatMap((one) => [...one.findings])];
  const [first, ...rest] = read.flatMap(({ hop }) => (hop === null ? [] : [hop]));
  if (wrong.length > 0 || first === undefined) return wrong;
  if (first.address === localAddress) return [itself(transit === undefined ? "target" : "transit")];
  return { hops: [first, ...rest], localAddress };
}

function itself(part: string): BridgingFinding {
  const fact = `bmc.bridging.${part}.address is bmc.bridging.localAddress, the BMC itself`;
  return [
    `${AT}/${part}/address`,
    `${fact}; leave bmc.bridging out, or write whom it passes on to`,
  ];
}

interface ReadHop {
  readonly hop: Hop | null;
  readonly findings: readonly BridgingFinding[];
}

function hopOf({ channel, address }: DeclaredHop, part: string): ReadHop {
  if (channel === undefined || address === undefined) {
    const missing = channel === undefined ? "channel" : "address";
    const way = `write ${part}: { channel: 7, address: 0x24 }`;
    const message = `bmc.bridging.${part}.${missing} is missing; ${way}`;
    return { hop: null, findings: [[AT, message]] };
  }
  const findings = [channelFinding(channel, part), addressFinding(address, `${part}/address`)];
  const wrong = findings.filter((one) => one !== null);
  return { hop: wrong.length > 0 ? null : { channel, address }, findings: wrong };
}

function channelFinding(channel: number, part: string): BridgingFinding | null {
  if (channel >= 0 && channel <= CHANNEL_MAX) return null;
  const fact = `bmc.bridging.${part}.channel is ${channel}, where no controller can be`;
  return [`${AT}/${part}/channel`, `${fact}; write 0 to ${CHANNEL_MAX}`];
}

function addressFinding(address: number, path: string): BridgingFinding | null {
  const name = `bmc.bridging.${path.replace("/", ".")}`;
  const at = `${AT}/${path}`;
  if (address < ADDRESS_MIN || address > ADDRESS_MAX + 1)
    return [at, `${name} is ${hex(address)}, which is no slave address; write 0x10 to 0xee`];
  if (address % 2 === 0) return null;
  const fact = `${name} is ${hex(address)}, and slave addresses are even`;
  return [at, `${fact}; write ${hex(address - 1)}, or the address of 7 bits doubled`];
}

function hex(number: number): string {
  return number < 0 ? String(number) : `0x${number.toString(16).padStart(2, "0")}`;
}
