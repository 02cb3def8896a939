import { isIP } from "node:net";

/** Where a BMC is reached by IPMI. */
export interface IpmiAddress {
  /** `ipmi://10.0.0.7`, the port only where it is another than 623: what people and maps name. */
  readonly origin: string;
  /** Name or IP without brackets. */
  readonly host: string;
  readonly port: number;
}

/** The UDP port of RMCP (IPMI 2.0, 13.1.2). */
const RMCP_PORT = 623;

/** Reads `bmc.address` of an IPMI node: `ipmi://host:623`, `host`, `host:port`; a sentence when it can be none. */
export function parseIpmiAddress(text: string): IpmiAddress | string {
  const bare = text.replace(/^ipmi:\/\//i, "").replace(/\/$/, "");
  const fact = `bmc.address is no host ("${text}")`;
  if (bare.includes("@"))
    return "bmc.address holds a user or password; write them as bmc.username and bmc.password";
  if (/^[a-z][a-z0-9+-]*:\/\//i.test(bare))
    return `${fact}; IPMI has no such URL, write ipmi://10.0.0.7`;
  const [host, port] = isIP(bare) === 6 ? [bare, undefined] : hostAndPort(bare);
  if (host === "" || (isIP(host) === 0 && !/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(host)))
    return `${fact}; write 10.0.0.7 or ipmi://10.0.0.7:623`;
  const number = port === undefined ? RMCP_PORT : Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 0xffff)
    return `${fact}; its port must be 1 to 65535`;
  const named = isIP(host) === 6 ? `[${host.toLowerCase()}]` : host.toLowerCase();
  const suffix = number === RMCP_PORT ? "" : `:${number}`;
  return { origin: `ipmi://${named}${suffix}`, host, port: number };
}

function hostAndPort(text: string): readonly [string, string | undefined] {
  const [, bracketed, named = "", port] =
    /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(text) ?? [];
  if (bracketed !== undefined) return [isIP(bracketed) === 6 ? bracketed : "", port];
  return [named, port];
}
