import type { Identity, NodeSpec, SecretRef } from "../../schemas/documents.ts";
import { type Failure, fail, failure, ok, type Result } from "../../schemas/failure.ts";
import { known, type Observation } from "../../schemas/observation.ts";
import type { DriverPorts } from "../driver.ts";
import {
  documentOf,
  labelOf,
  refText,
  strangerNode,
  uniqueLabels,
  yamlText,
} from "../net/discovered-text.ts";
import { networkGuard } from "../net/network-guard.ts";
import { addressesIn } from "./address-range.ts";
import type { IpmiAddress } from "./ipmi-address.ts";
import { IpmiDriver } from "./ipmi-driver.ts";
import { USERNAME_BYTES_MAX } from "./ipmi-type.ts";
import { IpmiWire } from "./ipmi-wire.ts";
import type { AuthCapabilities } from "./packets/session-commands.ts";
import { probeBmc } from "./probe-bmc.ts";
import { UdpHub } from "./udp-hub.ts";

/** How unknown BMCs are logged in to; without a password none is. */
export interface IpmiHow {
  readonly username: string | undefined;
  readonly password: SecretRef | undefined;
  readonly kg: SecretRef | undefined;
  readonly privilege: "user" | "operator" | "administrator" | undefined;
  /** IPMI 1.5, which a person must ask for: a forged answer must not talk anybody out of encryption. */
  readonly is15: boolean;
}

/** One address that answered, or that was named by itself and did not. */
export interface IpmiFound {
  readonly address: string;
  /** `IPMI 2.0 and 1.5`; null where nothing of IPMI answers. */
  readonly speaks: string | null;
  /** Its Node document; null where it was not logged in to, or was in vain. */
  readonly document: string | null;
  readonly failure: Failure | null;
}

/** What a search came to. */
export interface IpmiSearch {
  readonly askedCount: number;
  readonly silentCount: number;
  /** In the order of their addresses. */
  readonly found: readonly IpmiFound[];
}

/** Addresses that are asked at once: a network of 254 takes ten seconds, and no switch is flooded. */
const AT_ONCE = 64;

/** One address, and whether a person named it by itself. */
interface Place {
  readonly address: IpmiAddress;
  readonly isNamed: boolean;
}

/** One BMC that let us in. */
interface Seen {
  readonly place: Place;
  readonly speaks: string;
  readonly observation: Observation | null;
}

/** Looks for BMCs at these addresses and in these networks, and nowhere else; only reads, whatever the ports say. */
export async function discoverIpmi(
  places: readonly string[],
  how: IpmiHow,
  ports: DriverPorts,
  told: (askedCount: number, ofAll: number) => void = () => undefined,
): Promise<Result<IpmiSearch>> {
  const all = placesOf(places);
  if (typeof all === "string") return fail(failure("stalled", "IW-I04", all));
  if (Buffer.byteLength(how.username ?? "") > USERNAME_BYTES_MAX)
    return fail(
      failure("stalled", "IW-I04", "the user name is longer than the 16 bytes that IPMI takes"),
    );
  const hub = new UdpHub();
  const driver = new IpmiDriver({ ...ports, readOnly: true });
  const seen: (Seen | IpmiFound | null)[] = all.map(() => null);
  let next = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < all.length; at = next++) {
      const place = all[at];
      if (place !== undefined) seen[at] = await lookAt(place, how, { ports, hub, driver });
      done += 1;
      told(done, all.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  } finally {
    hub.close();
    await driver.close();
  }
  const found = documented(
    seen.filter((one) => one !== null),
    how,
  );
  const silentCount = seen.filter((one) => one === null || isSilent(one)).length;
  return ok({ askedCount: all.length, silentCount, found });
}

function isSilent(one: Seen | IpmiFound): boolean {
  return one.speaks === null;
}

/** Each address once, however often it is named. */
function placesOf(texts: readonly string[]): readonly Place[] | string {
  const all = new Map<string, Place>();
  for (const text of texts) {
    const addresses = addressesIn(text);
    if (typeof addresses === "string") return addresses;
    const isNamed = addresses.length === 1;
    for (const address of addresses) {
      const isKnown = all.get(address.origin)?.isNamed === true;
      all.set(address.origin, { address, isNamed: isNamed || isKnown });
    }
  }
  return [...all.values()];
}

interface With {
  readonly ports: DriverPorts;
  readonly hub: UdpHub;
  readonly driver: IpmiDriver;
}

/** Null where nobody answers and nobody was named. */
async function lookAt(
  place: Place,
  how: IpmiHow,
  { ports, hub, driver }: With,
): Promise<Seen | IpmiFound | null> {
  const { address, isNamed } = place;
  const { settings, debug } = ports;
  const guard = networkGuard(settings.bmc.networks);
  const connectMs = settings.limits.connectSeconds * 1000;
  const probed = await probeBmc(new IpmiWire({ hub, address, guard, connectMs, debug }));
  if (probed.kind === "silent" && !isNamed) return null;
  if (probed.kind !== "bmc")
    return { address: address.origin, speaks: null, document: null, failure: probed.failure };
  const { said } = probed;
  const speaks = speaksOf(said);
  if (how.password === undefined) return { place, speaks, observation: null };
  const node = strangerNode(address.origin, { driver: "ipmi", bmc: bmcOf(address.origin, how) });
  const observation = await driver.observe(node, ["identity"]);
  const identity = observation.facets.identity;
  const why = observation.unreachable ?? (identity?.known === false ? identity.why : null);
  if (why != null) return { address: address.origin, speaks, document: null, failure: why };
  return { place, speaks, observation };
}

function speaksOf(said: AuthCapabilities | null): string {
  if (said === null) return "IPMI";
  if (!said.speaks20) return "IPMI 1.5 alone";
  const kg = said.hasKg ? ", with a Kg" : "";
  return `IPMI 2.0${said.speaks15 ? " and 1.5" : ""}${kg}`;
}

function bmcOf(address: string, { kg, is15, ...how }: IpmiHow): NonNullable<NodeSpec["bmc"]> {
  const { username, password, privilege } = how;
  return {
    address,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    // What is no part of 1.5 is nothing that its login could do with.
    ...(kg === undefined || is15 ? {} : { kg }),
    ...(privilege === undefined ? {} : { privilege }),
    ...(is15 ? { ipmiVersion: 1.5 } : {}),
  };
}

/** The documents of all that let us in, under names that are each there once. */
function documented(seen: readonly (Seen | IpmiFound)[], how: IpmiHow): readonly IpmiFound[] {
  const stems = seen.map((one) => ("place" in one ? stemOf(one) : ""));
  const names = uniqueLabels(stems);
  return seen.map((one, at) => {
    if (!("place" in one)) return one;
    const { place, speaks, observation } = one;
    const document =
      observation === null ? null : documentIn(names[at] ?? "", one, observation, how);
    return { address: place.address.origin, speaks, document, failure: null };
  });
}

function stemOf({ place, observation }: Seen): string {
  return labelOf(identityOf(observation), place.address.host);
}

function identityOf(observation: Observation | null): Identity {
  return (observation === null ? undefined : known(observation, "identity")) ?? {};
}

function documentIn(name: string, { place }: Seen, observation: Observation, how: IpmiHow): string {
  const { vendor, bmcFirmware } = observation;
  const { username, password, kg, privilege, ipmiVersion } = bmcOf(place.address.origin, how);
  const bmc = [
    `    address: ${yamlText(place.address.origin)}`,
    ...(username === undefined ? [] : [`    username: ${yamlText(username)}`]),
    ...(password === undefined ? [] : [`    password: ${refText(password)}`]),
    ...(kg === undefined ? [] : [`    kg: ${refText(kg)}`]),
    ...(privilege === undefined ? [] : [`    privilege: ${privilege}`]),
    ...(ipmiVersion === undefined ? [] : [`    ipmiVersion: ${ipmiVersion}`]),
  ];
  const identity = identityOf(observation);
  return documentOf({ name, driver: "ipmi", make: vendor, bmcFirmware, identity, bmc });
}
