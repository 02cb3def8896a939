import { type Bmc, bracketed, NO_ADDRESS, redfishOrigin } from "./bmc-login.ts";
import type { Note } from "./foreign-node.ts";

/** A BMC by Metal3's address: its scheme names the driver. */
export interface Metal3Bmc {
  readonly driver: string;
  readonly bmc: Bmc;
  readonly notes: readonly Note[];
}

/** `scheme`, `+http` or `+https`, and what stands behind the colon. */
const ADDRESS = /^([a-z][a-z0-9-]*)(?:\+(https?))?:(?:\/\/)?(.+)$/i;
/** Schemes that are Redfish: by name, by maker, by the way of booting. */
const REDFISH =
  /^(?:redfish|(?:idrac|ilo5)-redfish|(?:redfish|idrac|ilo5)-virtualmedia|redfish-(?:uefihttp|https))$/;
const IPMI = new Set(["ipmi", "libvirt"]);

/**
 * Takes `bmc.address` apart as Metal3 does (BMO hardwareutils/bmc): `redfish+http://10.0.0.7/redfish/v1/Systems/1`,
 * `ipmi://10.0.0.7:623`, and a bare host, which is IPMI.
 */
export function metal3Bmc(address: string, skipsChecks: boolean): Metal3Bmc {
  const bare = /^[\w.-]+(?::\d+)?$/.test(address);
  const [, scheme = "", wire, rest = ""] = ADDRESS.exec(bare ? `ipmi://${address}` : address) ?? [];
  const driver = scheme.toLowerCase();
  if (rest === "") return { driver: "redfish", bmc: {}, notes: [NO_ADDRESS] };
  if (REDFISH.test(driver)) return redfish(wire ?? "https", rest, skipsChecks);
  return IPMI.has(driver) ? ipmi(rest) : other(driver, rest);
}

function redfish(wire: string, rest: string, skipsChecks: boolean): Metal3Bmc {
  const [, host = "", path = ""] = /^([^/?#]*)([^?#]*)/.exec(rest) ?? [];
  const found = redfishOrigin(`${wire}://${host}`);
  if (found === null) return { driver: "redfish", bmc: {}, notes: [NO_ADDRESS] };
  const isRoot = /^(?:redfish\/v1)?$/.test(path.replaceAll(/^\/+|\/+$/g, ""));
  const system = isRoot ? {} : { system: path };
  const unchecked = skipsChecks && wire.toLowerCase() === "https";
  return {
    driver: "redfish",
    bmc: {
      address: found.origin,
      ...system,
      ...(unchecked ? { tls: { verify: false } } : {}),
    },
    notes: [...found.notes, ...(unchecked ? [UNCHECKED] : [])],
  };
}

const UNCHECKED: Note = {
  field: "bmc.disableCertificateVerification",
  why: "it is true, so no certificate is checked; every plan will say so",
  todo: "bmc.tls.pin, which ironwright discover prints, is better",
};

const IPMI_PORT = "623";

function ipmi(rest: string): Metal3Bmc {
  const url = `ipmi://${rest}`;
  if (!URL.canParse(url)) return { driver: "ipmi", bmc: {}, notes: [NO_ADDRESS] };
  const { hostname, port, searchParams } = new URL(url);
  const host = hostname.replaceAll(/^\[|\]$/g, "");
  const address = port === "" || port === IPMI_PORT ? host : `${bracketed(host)}:${port}`;
  const level = searchParams.get("privilegelevel")?.toLowerCase();
  const privilege = (["user", "operator", "administrator"] as const).find((one) => one === level);
  return {
    driver: "ipmi",
    bmc: { address, ...(privilege === undefined ? {} : { privilege }) },
    notes: [],
  };
}

/** A scheme of a driver that we don't know: its host is carried, without what may be a password. */
function other(driver: string, rest: string): Metal3Bmc {
  const address = rest.replace(/^[^/@]*@/, "");
  return { driver, bmc: { address }, notes: [] };
}
