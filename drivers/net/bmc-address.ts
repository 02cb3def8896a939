import { isIP } from "node:net";

/** Where a BMC is, taken apart. */
export interface BmcAddress {
  /** Scheme, host and port, the port left out where it is the scheme's own: what people and maps name. */
  readonly origin: string;
  readonly secure: boolean;
  /** Name or IP without brackets. */
  readonly host: string;
  readonly port: number;
}

const HTTP_PORT = 80;
const HTTPS_PORT = 443;
const ALLOWED_PATHS = new Set(["", "/", "/redfish", "/redfish/", "/redfish/v1", "/redfish/v1/"]);

/** Reads `bmc.address` of a Redfish node; answers a sentence when it cannot be one. */
export function parseBmcAddress(text: string): BmcAddress | string {
  if (!/^https?:\/\//i.test(text)) {
    return `bmc.address is not a URL ("${text}"); write https://${text === "" ? "10.0.0.7" : text}`;
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return `bmc.address is not a URL ("${text}"); write https://10.0.0.7`;
  }
  if (url.username !== "" || url.password !== "") {
    return "bmc.address holds a user or password; write them as bmc.username and bmc.password";
  }
  if (!ALLOWED_PATHS.has(url.pathname) || url.search !== "" || url.hash !== "") {
    return `bmc.address has a path ("${text}"); write ${url.origin} and put the system into bmc.system`;
  }
  const secure = url.protocol === "https:";
  return {
    origin: url.origin,
    secure,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (secure ? HTTPS_PORT : HTTP_PORT) : Number(url.port),
  };
}

/** True where the host is an IP address and not a name. */
export function isIpHost(address: BmcAddress): boolean {
  return isIP(address.host) !== 0;
}
