import { BlockList, isIP, isIPv6 } from "node:net";

/** Says of an IP address whether passwords may be sent there. */
export type NetworkGuard = (ip: string) => boolean;

/**
 * Makes the guard of the setting `bmc.networks` (CIDR list, or single addresses). Left out: everywhere. An entry
 * that is not a network lets nothing through, so that a typing error never opens a door.
 */
export function networkGuard(networks: readonly string[] | undefined): NetworkGuard {
  if (networks === undefined) return () => true;
  const list = new BlockList();
  for (const network of networks) addNetwork(list, network);
  return (ip) => list.check(plainIp(ip), isIPv6(plainIp(ip)) ? "ipv6" : "ipv4");
}

function addNetwork(list: BlockList, network: string): void {
  const [ip = "", bits] = network.split("/");
  const version = isIP(ip);
  if (version === 0) return;
  const family = version === 6 ? "ipv6" : "ipv4";
  const prefix = bits === undefined ? (version === 6 ? 128 : 32) : Number(bits);
  if (!Number.isInteger(prefix) || bits === "" || prefix < 0 || prefix > (version === 6 ? 128 : 32))
    return;
  list.addSubnet(ip, prefix, family);
}

/** An IPv4 address that came as IPv6 (`::ffff:10.0.0.7`) is judged as the IPv4 address that it is. */
function plainIp(ip: string): string {
  return ip.toLowerCase().startsWith("::ffff:") && ip.includes(".") ? ip.slice(7) : ip;
}
