import { isIPv4 } from "node:net";
import { parseIpmiAddress, type IpmiAddress } from "./ipmi-address.ts";

/** Addresses that one search asks at most: a /20. Beyond it a person waits for minutes, and a typing error is likelier. */
const ADDRESSES_MAX = 4096;
const IPV4_BITS = 32;
/** Below it every address of a network is a host's (RFC 3021). */
const POINT_TO_POINT_BITS = 31;

/** The BMCs that are meant by `ipmi://10.7.0.1`, or by the network `ipmi://10.7.0.0/24`; a sentence where it is neither. */
export function addressesIn(text: string): readonly IpmiAddress[] | string {
  const [, ip = "", bits = "", port = ""] =
    /^ipmi:\/\/([\d.]+)\/(\d{1,2})((?::\d+)?)$/i.exec(text) ?? [];
  if (/^ipmi:\/\/[^/]*:[^/]*:[^/]*\/\d+$/i.test(text))
    return `"${text}": networks of IPv6 are too large to be asked; name its addresses one by one`;
  if (bits === "") {
    const one = parseIpmiAddress(text);
    return typeof one === "string" ? one.replace("bmc.address", "the address") : [one];
  }
  const prefix = Number(bits);
  if (!isIPv4(ip) || prefix > IPV4_BITS) return `"${text}" is no network; write ipmi://10.7.0.0/24`;
  const size = 2 ** (IPV4_BITS - prefix);
  if (size > ADDRESSES_MAX)
    return `"${text}" has ${size} addresses, and at most ${ADDRESSES_MAX} are asked; write a smaller network`;
  return hostsOf(ip, size, prefix).flatMap((host) => {
    const parsed = parseIpmiAddress(`${host}${port}`);
    return typeof parsed === "string" ? [] : [parsed];
  });
}

/** Without the network's own address and its broadcast, which are no hosts. */
function hostsOf(ip: string, size: number, prefix: number): readonly string[] {
  const number = ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = Math.floor(number / size) * size;
  const all = Array.from({ length: size }, (_, at) => dotted(first + at));
  return prefix < POINT_TO_POINT_BITS ? all.slice(1, -1) : all;
}

function dotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}
