import { join } from "node:path";
import { z } from "zod";
import type { Observation } from "../../../schemas/observation.ts";
import {
  type ForgottenUses,
  forgottenUsesSchema,
  type HoldRecord,
  holdRecordSchema,
  type NodeRecord,
} from "../../../schemas/record.ts";
import {
  type AppliedImage,
  type HistoryEntry,
  type Incarnation,
  incarnationSchema,
  type RegisterEntry,
  type StopFile,
  stopSchema,
  type StoreFile,
} from "../../../schemas/store.ts";
import { pooled } from "../limits.ts";
import type { LeaseInfo, LoginSlots, Standing, StoreReader } from "../ports.ts";
import { holderSchema } from "./allocations.ts";
import { readAppliedImages } from "./applied-images.ts";
import { seenEngines } from "./engines.ts";
import { fencesIn, type Layout } from "./layout.ts";
import { deadJournals } from "./left-behind.ts";
import { FileLoginSlots } from "./login-slots.ts";
import { readClaim } from "./records.ts";
import { Existing } from "./existing.ts";
import { Readings } from "./readings.ts";
import { Register } from "./register.ts";
import { readJson } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";
import { AT_ONCE, restingRecords, type WholeRecords, wholeRecords } from "./whole-records.ts";

/** History that is kept of one node, newest. */
export const HISTORY_MAX = 300;

const ackSchema = z.object({ nodes: z.array(z.string()) });

/** Reads a store; writes nothing but the cache of readings. */
export class FileStoreReader implements StoreReader {
  readonly file: StoreFile;
  readonly dir: string;
  protected readonly layout: Layout;
  protected readonly ports: StorePorts;
  /** Nodes whose record was seen to hold an intent without outcome. */
  readonly #openIn = new Set<string>();
  #recordsAreRead = false;

  protected readonly lastReadings: Readings;
  protected readonly register: Register;
  readonly #existing: Existing;
  readonly logins: LoginSlots;

  /** `daemon`: whose own readings they are; null for a command. */
  constructor(file: StoreFile, layout: Layout, ports: StorePorts, daemon: string | null = null) {
    this.lastReadings = new Readings(ports, layout, daemon);
    this.register = new Register(ports.files, layout);
    this.#existing = new Existing(file);
    this.logins = new FileLoginSlots(ports, layout);
    this.file = file;
    this.dir = layout.dir;
    this.layout = layout;
    this.ports = ports;
  }

  async records(): Promise<ReadonlyMap<string, NodeRecord>> {
    const records = await this.#wholes(async () => {
      const uuids: string[] = [];
      await this.#eachNode((uuid) => Promise.resolve(void uuids.push(uuid)));
      return uuids;
    });
    this.#recordsAreRead = true;
    return new Map([...records].map(([uuid, { open: _open, ...record }]) => [uuid, record]));
  }

  async record(uuid: string): Promise<NodeRecord | null> {
    return (await this.standing(uuid))?.record ?? null;
  }

  async standing(uuid: string): Promise<Standing | null> {
    const whole = (await this.#wholes(() => Promise.resolve([uuid]))).get(uuid);
    if (whole === undefined) return null;
    const { open, ...record } = whole;
    return { record, open: open.map(({ line }) => line) };
  }

  async recordsOf(uuids: Iterable<string>): Promise<ReadonlyMap<string, NodeRecord>> {
    const all = [...uuids];
    const found = await restingRecords(this.ports.files, this.layout, all);
    const restless = all.filter((uuid) => !found.has(uuid));
    const wholes = restless.length === 0 ? [] : await this.#wholes(() => Promise.resolve(restless));
    const records = new Map<string, NodeRecord>();
    for (const [uuid, record] of [...found, ...wholes]) {
      if (record === null) continue;
      if (found.has(uuid) && record.open.length === 0) this.#openIn.delete(uuid);
      const { open: _open, ...rest } = record;
      records.set(uuid, rest);
    }
    return records;
  }

  async #wholes(nodes: () => Promise<readonly string[]>): Promise<WholeRecords> {
    const records = await wholeRecords(this.ports.files, this.layout, nodes);
    for (const [uuid, { open }] of records) {
      if (open.length > 0) this.#openIn.add(uuid);
      else this.#openIn.delete(uuid);
    }
    return records;
  }

  async holds(): Promise<ReadonlyMap<string, readonly HoldRecord[]>> {
    const all = new Map<string, readonly HoldRecord[]>();
    for (const uuid of await this.ports.files.list(this.layout.allHolds)) {
      const holds = await this.holdsOf(uuid);
      if (holds.length > 0) all.set(uuid, holds);
    }
    return all;
  }

  async holdsOf(uuid: string): Promise<readonly HoldRecord[]> {
    const { files, clock } = this.ports;
    const found: HoldRecord[] = [];
    for (const name of await files.list(this.layout.holds(uuid))) {
      const hold = await readJson(files, `${this.layout.holds(uuid)}/${name}`, holdRecordSchema);
      if (hold !== null && (hold.until === null || hold.until > clock.now())) found.push(hold);
    }
    return found.sort((a, b) => a.since - b.since);
  }

  stop(): Promise<StopFile | null> {
    const way = "it stops all the same; to end it: ironwright resume";
    return readJson(this.ports.files, this.layout.stop, stopSchema, way);
  }

  async acknowledged(): Promise<ReadonlySet<string>> {
    const ack = await readJson(this.ports.files, this.layout.acknowledged, ackSchema);
    return new Set(ack?.nodes ?? []);
  }

  inForce(): Promise<RegisterEntry | null> {
    return this.register.inForce();
  }

  async allocated(): Promise<ReadonlyMap<string, string>> {
    const { files } = this.ports;
    const taken = new Map<string, string>();
    for (const name of await files.list(this.layout.allocations)) {
      const path = join(this.layout.allocations, name);
      const holder = await readJson(files, path, holderSchema);
      if (holder !== null) taken.set(decodeURIComponent(name), holder.uuid);
    }
    return taken;
  }

  existingNames(): Promise<ReadonlySet<string>> {
    const { layout, register } = this;
    return this.#existing.load(this.file, { files: this.ports.files, layout, register });
  }

  async unfinished(): Promise<ReadonlySet<string>> {
    if (!this.#recordsAreRead) await this.records();
    const { ports, layout } = this;
    const found = new Set((await deadJournals(ports, layout)).flatMap(({ needed }) => [...needed]));
    for (const uuid of this.#openIn)
      if ((await this.lease(uuid))?.state === "dead") found.add(uuid);
    return found;
  }

  spentRequests(): Promise<ReadonlySet<string> | null> {
    const { spentRequests: spent } = this.file;
    return Promise.resolve(spent === null ? null : new Set(spent));
  }

  async forgottenUses(): Promise<readonly ForgottenUses[]> {
    const { files } = this.ports;
    const found: ForgottenUses[] = [];
    for (const name of await files.list(this.layout.used)) {
      const uses = await readJson(files, join(this.layout.used, name), forgottenUsesSchema);
      if (uses !== null) found.push(uses);
    }
    return found;
  }

  appliedImages(names: readonly string[]): Promise<ReadonlyMap<string, AppliedImage>> {
    return readAppliedImages(names, this.layout, this.ports.files);
  }

  async leases(): Promise<readonly LeaseInfo[]> {
    const leases: LeaseInfo[] = [];
    await this.#eachNode(async (uuid) => {
      const lease = await this.lease(uuid);
      if (lease !== null) leases.push(lease);
    });
    return leases.sort((a, b) => (a.uuid < b.uuid ? -1 : 1));
  }

  async lease(uuid: string): Promise<LeaseInfo | null> {
    const { files } = this.ports;
    const fence = fencesIn(await files.list(this.layout.node(uuid)), "claim").at(-1);
    if (fence === undefined) return null;
    const claim = await readClaim(files, this.layout, uuid, fence);
    // Tidied away in between: there is a higher one.
    if (claim === null) return this.lease(uuid);
    const holder = await readJson(files, this.layout.instance(claim.inc), incarnationSchema);
    return { uuid, fence, claim, holder, state: await this.#stateOf(claim, holder) };
  }

  async #stateOf(
    claim: LeaseInfo["claim"],
    holder: LeaseInfo["holder"],
  ): Promise<LeaseInfo["state"]> {
    if (claim.released) return "released";
    if (holder === null || (await this.ports.files.exists(this.layout.dead(claim.inc))))
      return "dead";
    return (await this.ports.processes.fate(holder)) === "gone" ? "dead" : "held";
  }

  engines(): Promise<readonly Incarnation[]> {
    return seenEngines(this.ports, this.layout);
  }

  async history(uuid: string): Promise<readonly HistoryEntry[]> {
    const text = (await this.ports.files.read(this.layout.history(uuid))) ?? "";
    const entries = text.split("\n").flatMap((line) => {
      try {
        const value: unknown = JSON.parse(line);
        return isHistoryEntry(value) ? [value] : [];
      } catch {
        return [];
      }
    });
    return entries.slice(-HISTORY_MAX);
  }

  readings(): Promise<ReadonlyMap<string, Observation>> {
    return this.lastReadings.load();
  }

  refreshReadings(): Promise<void> {
    return this.lastReadings.refresh();
  }

  saveReadings(
    readings: ReadonlyMap<string, Observation>,
    isDeclared?: (name: string) => boolean,
  ): Promise<void> {
    return this.lastReadings.save(readings, isDeclared);
  }

  async #eachNode(work: (uuid: string) => Promise<void>): Promise<void> {
    const { files } = this.ports;
    const shelves = await files.list(this.layout.nodes);
    const lists = await Promise.all(
      shelves.map((shelf) => files.list(`${this.layout.nodes}/${shelf}`)),
    );
    await pooled(lists.flat(), AT_ONCE, work);
  }
}

function isHistoryEntry(value: unknown): value is HistoryEntry {
  return (
    typeof value === "object" &&
    value !== null &&
    "at" in value &&
    "event" in value &&
    "message" in value
  );
}
