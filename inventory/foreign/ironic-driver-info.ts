import { BRIDGING_KEYS, bridgingOf } from "./ironic-bridging.ts";
import { type Bmc, bracketed, type Login, NO_ADDRESS, redfishOrigin, userOf } from "./bmc-login.ts";
import type { Note } from "./foreign-node.ts";
import { type Fields, flagOf, isSaid, textOf } from "./values.ts";

/** Where a node's password is to be put, below a directory of `secrets.dirs`. */
export const PASSWORD_FILE = "bmc/${metadata.name}";

/** Ironic's hardware types under our names; the others keep theirs. */
const DRIVERS: Readonly<Record<string, string>> = {
  "fake-hardware": "fake",
  "intel-ipmi": "ipmi",
};

/** Hardware types whose BMC is spoken to over Redfish where it has a Redfish address. */
const REDFISH_KIN = new Set(["redfish", "idrac", "ilo5", "ilo"]);

/** Our hardware type for Ironic's. */
export function driverOf(driver: string, info: Fields): string {
  if (REDFISH_KIN.has(driver) && isSaid(info["redfish_address"])) return "redfish";
  return DRIVERS[driver] ?? driver;
}

/** Reads `driver_info` (ironic-facts 8.1, 9.1): the BMC in our words, and what of it no document says. */
export function loginOf(driver: string, info: Fields): Login {
  if (driver === "fake") return { bmc: {}, notes: [] };
  const prefix = prefixOf(driver, info);
  const read = prefix === "redfish" ? redfishLogin(info) : plainLogin(prefix, info);
  const user = userOf(textOf(info[`${prefix}_username`]), PASSWORD_FILE);
  const bmc = { ...read.bmc, ...user.bmc };
  const auth = user.bmc.username === undefined ? {} : authOf(info);
  const notes = [...read.notes, ...user.notes, ...leftOver(prefix, info)];
  return { bmc: { ...bmc, ...auth }, notes };
}

/** What the keys of the BMC begin with. */
function prefixOf(driver: string, info: Fields): string {
  if (driver === "redfish" || driver === "ipmi") return driver;
  const key = Object.keys(info).find((name) => name.endsWith("_address") && isSaid(info[name]));
  return key?.slice(0, -"_address".length) ?? driver;
}

function redfishLogin(info: Fields): Login {
  const found = redfishOrigin(textOf(info["redfish_address"]) ?? "");
  if (found === null) return { bmc: {}, notes: [NO_ADDRESS] };
  const system = systemOf(textOf(info["redfish_system_id"]));
  const secure = found.origin.startsWith("https:");
  const tls = tlsOf(info["redfish_verify_ca"]);
  return {
    bmc: { address: found.origin, ...system.bmc, ...(secure ? tls.bmc : {}) },
    notes: [...found.notes, ...system.notes, ...(secure ? tls.notes : [])],
  };
}

function systemOf(system: string | undefined): Login {
  if (system === undefined) return { bmc: {}, notes: [] };
  if (/^\/[\x21-\x7e]+$/.test(system)) return { bmc: { system }, notes: [] };
  const why = "it is no path of a Redfish resource";
  const todo = "bmc.system: /redfish/v1/Systems/... where the BMC has more than one system";
  return { bmc: {}, notes: [{ field: "driver_info.redfish_system_id", why, todo }] };
}

/** True, false, or a file or folder of authorities on the conductor's own disk. */
function tlsOf(verify: unknown): Login {
  const flag = flagOf(verify);
  if (flag === false)
    return {
      bmc: { tls: { verify: false } },
      notes: [
        {
          field: "driver_info.redfish_verify_ca",
          why: "it is false, so no certificate is checked; every plan will say so",
          todo: "bmc.tls.pin, which ironwright discover prints, is better",
        },
      ],
    };
  const ca = flag === true ? undefined : textOf(verify);
  if (ca === undefined) return { bmc: {}, notes: [] };
  const why =
    "it is a path on the conductor; bmc.tls.ca is one PEM file, relative to this repository";
  const todo = "copy the file into the repository and correct bmc.tls.ca";
  return {
    bmc: { tls: { ca } },
    notes: [{ field: "driver_info.redfish_verify_ca", why, todo }],
  };
}

function authOf(info: Fields): Bmc {
  const auth = textOf(info["redfish_auth_type"]);
  return auth === "session" || auth === "basic" ? { auth } : {};
}

const PRIVILEGES = { USER: "user", OPERATOR: "operator", ADMINISTRATOR: "administrator" } as const;
/** The version that has no cipher suites; Ironic's other one is 2.0, its default and ours. */
const OLD_IPMI = 1.5;
/** IPMI's own (IANA). */
const IPMI_PORT = "623";

function plainLogin(prefix: string, info: Fields): Login {
  const host = textOf(info[`${prefix}_address`]);
  if (host === undefined) return { bmc: {}, notes: [NO_ADDRESS] };
  const port = textOf(info[`${prefix}_port`]);
  const address = port === undefined || port === IPMI_PORT ? host : `${bracketed(host)}:${port}`;
  return prefix === "ipmi" ? ipmiLogin(address, info) : { bmc: { address }, notes: [] };
}

function ipmiLogin(address: string, info: Fields): Login {
  const level = textOf(info["ipmi_priv_level"])?.toUpperCase();
  const [, privilege] = Object.entries(PRIVILEGES).find(([name]) => name === level) ?? [];
  // What is no part of IPMI 1.5 Ironic, too, leaves unused with it.
  if (Number(info["ipmi_protocol_version"]) === OLD_IPMI)
    return {
      bmc: { address, ...(privilege === undefined ? {} : { privilege }), ipmiVersion: OLD_IPMI },
      notes: [],
    };
  const cipherSuite = textOf(info["ipmi_cipher_suite"]);
  const file = `${PASSWORD_FILE}.kg`;
  const kg = isSaid(info["ipmi_hex_kg_key"]) ? { kg: { file } } : {};
  const key: Note = {
    field: "driver_info.ipmi_hex_kg_key",
    why: "keys are never carried over, be they masked or in clear",
    todo: `write it into the file ${file} below a directory of secrets.dirs`,
  };
  const bridging = bridgingOf(info);
  return {
    bmc: {
      address,
      ...bridging.bmc,
      ...(privilege === undefined ? {} : { privilege }),
      ...(cipherSuite === undefined ? {} : { cipherSuite }),
      ...kg,
    },
    notes: [...bridging.notes, ...("kg" in kg ? [key] : [])],
  };
}

/** Keys that became something, or whose value is what we do anyway. */
const READ: Readonly<Record<string, readonly string[]>> = {
  redfish: ["address", "username", "password", "system_id", "verify_ca", "auth_type"],
  ipmi: [
    "address",
    "username",
    "password",
    "port",
    "priv_level",
    "cipher_suite",
    "hex_kg_key",
    ...BRIDGING_KEYS,
    "protocol_version",
  ],
};
/** Said of a child, and not of its BMC. */
export const DEDICATED_SUPPLY = "has_dedicated_power_supply";
const READ_OF_OTHERS = ["address", "username", "password", "port"];

function leftOver(prefix: string, info: Fields): readonly Note[] {
  const read = (READ[prefix] ?? READ_OF_OTHERS).map((key) => `${prefix}_${key}`);
  return Object.keys(info)
    .filter((key) => isSaid(info[key]) && !read.includes(key) && key !== DEDICATED_SUPPLY)
    .sort()
    .map((key) => ({ field: `driver_info.${textOf(key) ?? ""}`, ...whyLeft(key) }));
}

/** What ramdisks are booted with belongs to the engine, not to a node. */
function whyLeft(key: string): Omit<Note, "field"> {
  if (
    /^(?:deploy|rescue|bootloader|kernel_append|config_via|pxe|ilo_deploy|force_persistent)/.test(
      key,
    )
  )
    return {
      why: "how a ramdisk is booted is no word of a node's document",
      todo: "nothing",
    };
  return {
    why: "no document has a word for it",
    todo: "look whether the machine needs it",
  };
}
