import type { Identity, SecretRef } from "../../schemas/documents.ts";
import { failure, fail, ok, type Result } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { DriverPorts } from "../driver.ts";
import { type BmcAddress, parseBmcAddress } from "../net/bmc-address.ts";
import {
  documentOf,
  labelOf,
  refText,
  strangerNode,
  uniqueLabels,
  yamlText,
} from "../net/discovered-text.ts";
import { networkGuard } from "../net/network-guard.ts";
import { leafPin, openSocket, type Resolve, type SocketPlan } from "../net/open-socket.ts";
import type { Bmc } from "./bmc.ts";
import { behavioursOf } from "./quirks.ts";
import { readIdentity } from "./read-system.ts";
import { RedfishDriver } from "./redfish-driver.ts";

/** How an unknown BMC is logged in to and trusted. */
export interface DiscoverHow {
  readonly username: string | undefined;
  readonly password: SecretRef | undefined;
  readonly auth: "auto" | "session" | "basic";
  readonly verify: boolean;
  readonly ca: string | undefined;
  /** `sha256:` and 64 hex digits. */
  readonly pin: string | undefined;
}

/** One system that was found. */
interface DiscoveredSystem {
  /** An RFC 1123 label, unique within this answer. */
  readonly name: string;
  /** Path of the system on its BMC. */
  readonly system: string;
  readonly identity: Identity;
  readonly model: string | undefined;
  readonly bmcFirmware: string | undefined;
}

/** What one BMC was found to hold. */
export interface Discovered {
  readonly address: string;
  readonly how: DiscoverHow;
  /** `sha256:...` that the documents pin; null over http and where an issuer vouched. */
  readonly pin: string | null;
  readonly systems: readonly DiscoveredSystem[];
}

/** Systems that one BMC may list: a chassis has dozens, a simulator thousands. */
const SYSTEMS_MAX = 4096;

/** Systems of one BMC that are read at once; the BMC's own limit holds below. */
const SYSTEMS_AT_ONCE = 8;

/** Reads one BMC, only reading whatever the ports say; an address without a scheme is https. */
export async function discover(
  address: string,
  how: DiscoverHow,
  ports: DriverPorts,
  resolve?: Resolve,
): Promise<Result<Discovered>> {
  const url = address.includes("://") ? address : `https://${address}`;
  const parsed = parseBmcAddress(url);
  if (typeof parsed === "string") return fail(failure("stalled", "IW-I04", parsed));
  const plan = planOf(parsed, ports, resolve);
  const trusting = parsed.secure && !how.verify && how.pin === undefined;
  // Without verification the first certificate shown is pinned for all that follows: the password goes to nobody else.
  const seen = trusting ? await shownPin(plan) : ok(how.pin ?? null);
  if (!seen.ok) return seen;
  const node = strangerBy(parsed.origin, { ...how, pin: seen.value ?? undefined });
  const driver = new RedfishDriver({ ...ports, readOnly: true }, resolve);
  try {
    const found = await readSystems(driver, node);
    if (found.ok) {
      return ok({ address: parsed.origin, how, pin: seen.value, systems: named(found.value) });
    }
    const shown = found.failure.code === "IW-B03" ? await shownPin(plan) : ok(null);
    return fail(withPin(found.failure, shown.ok ? shown.value : null));
  } finally {
    await driver.close();
  }
}

function strangerBy(address: string, how: DiscoverHow): FleetNode {
  const { username, password, auth, verify, ca, pin } = how;
  const tls = {
    ...(verify ? {} : { verify }),
    ...(ca === undefined ? {} : { ca }),
    ...(pin === undefined ? {} : { pin }),
  };
  const bmc = {
    address,
    auth,
    tls,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
  return strangerNode(address, { driver: "redfish", bmc });
}

function planOf(address: BmcAddress, ports: DriverPorts, resolve: Resolve | undefined): SocketPlan {
  return {
    address,
    trust: { how: "unverified" },
    guard: networkGuard(ports.settings.bmc.networks),
    connectMs: ports.settings.limits.connectSeconds * 1000,
    resolve,
  };
}

/** The certificate that is shown, as a pin; nothing but the handshake is sent for it. */
async function shownPin(plan: SocketPlan): Promise<Result<string | null>> {
  const opened = await openSocket(plan);
  if (!opened.ok) return opened;
  const pin = leafPin(opened.value.socket);
  opened.value.destroy();
  return ok(pin === null ? null : `sha256:${pin}`);
}

/** A certificate that is not trusted is named, so that a person can compare and pin it. */
function withPin<T extends { readonly code: string; readonly message: string }>(
  why: T,
  pin: string | null,
): T {
  if (why.code !== "IW-B03" || pin === null) return why;
  const words = `it shows ${pin}: compare that with the BMC's own console, then pin it`;
  return { ...why, message: `${why.message} (${words})` };
}

type Found = Omit<DiscoveredSystem, "name">;

async function readSystems(
  driver: RedfishDriver,
  node: FleetNode,
): Promise<Result<readonly Found[]>> {
  const bmc = await driver.bmcOf(node);
  if (!bmc.ok) return bmc;
  const systems = await bmc.value.systems();
  if (!systems.ok) return systems;
  const paths = systems.value.slice(0, SYSTEMS_MAX);
  if (paths.length === 0) {
    const fact = `${bmc.value.wire.thing} lists no system`;
    return fail(failure("stalled", "IW-B13", `${fact}; check the user's role on the BMC`));
  }
  const found: Found[] = [];
  for (let at = 0; at < paths.length; at += SYSTEMS_AT_ONCE) {
    const some = paths.slice(at, at + SYSTEMS_AT_ONCE);
    const read = await Promise.all(some.map((path) => readSystem(bmc.value, path)));
    for (const one of read) {
      if (!one.ok) return one;
      found.push(one.value);
    }
  }
  return ok(found);
}

async function readSystem(bmc: Bmc, path: string): Promise<Result<Found>> {
  const read = await bmc.read(path);
  if (!read.ok) return read;
  const make = await bmc.make(read.value.body);
  const identity = readIdentity(read.value.body, behavioursOf(make));
  return ok({
    system: path,
    identity: "value" in identity ? identity.value : {},
    model: make.model,
    bmcFirmware: make.firmware,
  });
}

/** Names by maker and serial, because a BMC's host names move and repeat. */
function named(found: readonly Found[]): readonly DiscoveredSystem[] {
  const last = ({ system }: Found): string =>
    system.split("/").findLast((part) => part !== "") ?? "";
  const names = uniqueLabels(found.map((one) => labelOf(one.identity, last(one))));
  return found.map((one, at) => ({ name: names[at] ?? "", ...one }));
}

/** The documents of what was found, ready for a file below `inventory/`. */
export function discoveredYaml(found: Discovered): string {
  return found.systems.map((system) => documentIn(found, system)).join("---\n");
}

function documentIn(found: Discovered, system: DiscoveredSystem): string {
  const { name, identity, model, bmcFirmware } = system;
  const bmc = [
    `    address: ${yamlText(found.address)}`,
    `    system: ${yamlText(system.system)}`,
    ...loginLines(found.how),
    ...tlsLines(found),
  ];
  return documentOf({ name, driver: "redfish", make: model, bmcFirmware, identity, bmc });
}

function loginLines(how: DiscoverHow): readonly string[] {
  const { username, password, auth } = how;
  return [
    ...(username === undefined ? [] : [`    username: ${yamlText(username)}`]),
    ...(password === undefined ? [] : [`    password: ${refText(password)}`]),
    ...(auth === "auto" ? [] : [`    auth: ${auth}`]),
  ];
}

/** Where an issuer vouched for the certificate, that is written; a pin of it would end at its renewal. */
function tlsLines(found: Discovered): readonly string[] {
  const { pin, how } = found;
  if (pin !== null) return [`    tls: { pin: ${yamlText(pin)} }`];
  return how.ca === undefined ? [] : [`    tls: { ca: ${yamlText(how.ca)} }`];
}
