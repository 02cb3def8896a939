import type { z } from "zod";
import type { DriverAction } from "../schemas/action.ts";
import type { FleetNode } from "../schemas/fleet.ts";
import type { Failure, Result } from "../schemas/failure.ts";
import type { SettingsFinding } from "../schemas/interface-answer.ts";
import type { Observation, ObservedFacet } from "../schemas/observation.ts";
import type { Secret } from "../schemas/secret.ts";
import type { HardwareOffer } from "../schemas/steps.ts";
import type { Settings } from "../schemas/settings.ts";
import type { VendorCall, VendorImpact, VendorReadings } from "../schemas/vendor.ts";

/**
 * Types only: what the engine knows of a driver, and the door `ironwright/driver` for packages that bring one.
 * A change that a package of before does not survive raises `DriverApiVersion`.
 */
export type { DriverAction, FleetNode, Failure, HardwareOffer, Observation, ObservedFacet };
export type { Result, Secret, SettingsFinding, VendorCall, VendorImpact, VendorReadings };

/** Time for drivers; fakes in tests. */
export interface DriverClock {
  /** Wall clock, milliseconds since the epoch: for ages and expiries that a BMC names. */
  now(): number;
  /** Monotonic milliseconds. */
  monotonic(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Keeps a fake machine's state as text; null where there is none. Read by the `fake` hardware type only. */
export interface FakeStatePort {
  readonly read: (node: string) => Promise<string | null>;
  readonly write: (node: string, text: string) => Promise<void>;
}

/** One login that is about to be tried. */
export interface Login {
  /** A node of that BMC, whose secret it is. */
  readonly node: FleetNode;
  /** The BMC, however many nodes live on it. */
  readonly address: string;
}

/** What came of a login: `other` where nobody said yes or no. */
export type LoginVerdict = "accepted" | "refused" | "other";

/**
 * Counts refused logins over all engines of a store, so that a wrong password locks no account that a whole fleet shares.
 * A driver that sends passwords asks before each login, and tells what came of each that was let through.
 */
export interface LoginGuard {
  /**
   * A Failure where the secret was refused by this BMC before, or by too many; `wait` while others try it, for no more may be
   * under way than refusals are left; `alone` where there is no store, and so nobody to share with. Where the secret is
   * known to be good (`isProven`) any number may.
   */
  begin(login: Login, isProven: boolean): Promise<"go" | "wait" | "alone" | Failure>;
  end(login: Login, verdict: LoginVerdict): Promise<void>;
  /** So long `wait` may be the answer before one gives up; milliseconds. */
  readonly waitMaxMs: number;
}

/** One request to a BMC that has ended, for whoever counts; it names no node, so that there are few kinds of it. */
export interface BmcCall {
  /** login and logout are of sessions; act is every other request that may change something. */
  readonly kind: "read" | "act" | "login" | "logout";
  /** `2xx` to `5xx` of an answer, over IPMI its completion code (`C0h`), or the code of what came in its place (`IW-B01`). */
  readonly result: string;
  /** From the write, the opening of a connection included, to the end of the answer. */
  readonly seconds: number;
}

/** What is handed to every driver. */
export interface DriverPorts {
  readonly clock: DriverClock;
  readonly settings: Settings;
  /** Resolves a secret reference of this node, when the driver is opened and not before. */
  readonly resolveSecret: (node: FleetNode, ref: unknown) => Promise<Secret | Failure>;
  /** Left out where no store is at hand. */
  readonly logins?: LoginGuard | undefined;
  /** Reads a file that a document names (a CA), relative to the repository root. */
  readonly readFile: (path: string) => Promise<Uint8Array | Failure>;
  /** True under `--read-only`, `plan`, `discover`, `status`, `show`: the wire refuses all but reads. */
  readonly readOnly: boolean;
  /** Spreads retries; seeded in tests. */
  readonly random: () => number;
  /** One debug line; never holds a secret. */
  readonly debug: (message: string) => void;
  /** Told of every request to a BMC; nobody counts when left out. */
  readonly called?: ((call: BmcCall) => void) | undefined;
  /** Where fake machines are kept between processes, by node name; in memory only when left out. */
  readonly fakeState?: FakeStatePort | undefined;
}

/** Who acts, and by which right: the engine that holds the node's lease, and the number of that lease. */
export interface Sender {
  /** The engine's name, as `instance` in the settings has it. */
  readonly engine: string;
  /** Which process of that name: the store's journal of this name says what it did. */
  readonly incarnation: string;
  /** Rises when a store is restored or replaced, and fences begin anew. */
  readonly epoch: number;
  /** Of the node's lease: rises with each holder, so what a lower one sends after a higher one came too late. */
  readonly fence: number;
}

/** What the engine hands along with one mutating act. */
export interface PerformContext {
  /** Named in the request where the wire has a place for it; no BMC refuses by it, its log tells people. */
  readonly sender: Sender;
  /**
   * Asked just before every mutating request; when it answers null the request is written in the
   * same turn of the event loop. Otherwise nothing is sent and the Failure is returned as `not-sent`.
   */
  readonly check: () => Promise<Failure | null>;
  /** Milliseconds from the send to the destruction of the socket. */
  readonly requestMaxMs: number;
  /** Aborts the act and destroys its socket. */
  readonly signal?: AbortSignal | undefined;
}

/** What came of one act on the wire. Whether it took effect is looked for by observing, never believed. */
export type Performed =
  | {
      readonly sent: true;
      /** A task that the BMC named, to be followed. */
      readonly task?: string | undefined;
      /** The session that `session.open` made; the engine writes it into the claim before going on. */
      readonly session?: string | undefined;
      /** What it answered beside yes, in one line for a person; it is told and kept in the history, so no secret may be in it. */
      readonly said?: string | undefined;
    }
  /** Nothing reached the BMC: its state is as before. */
  | { readonly sent: false; readonly failure: Failure }
  /** The request was written and refused with an answer: its state is as before. */
  | { readonly sent: "refused"; readonly failure: Failure }
  /** Written, and the answer was lost: observe before any repeat. */
  | { readonly sent: "unknown"; readonly failure: Failure };

/** Kinds of console. A new kind is a word here and a method of its own: an image is no stream of letters. */
export type ConsoleKind = "serial";

/** Who has a console, in the BMC's words: one line each, without control characters; null where it does not say. */
export interface ConsoleHolder {
  readonly user: string | null;
  /** IP address of the program that opened it. */
  readonly address: string | null;
}

/** What a person at a console must know besides what the machine says. */
export type ConsoleNotice =
  /** It takes no letters for now, for it is off or asleep: what is typed is kept up to a bound and offered again. */
  | { readonly kind: "unavailable" }
  /** It takes letters again; what was kept follows by itself. */
  | { readonly kind: "available" }
  /** The BMC has lost some of what the machine said. */
  | { readonly kind: "overrun" };

/** Ears of whoever opens a console. None of them throws; all are called in the order in which things happened. */
export interface ConsoleEars {
  /** What the machine said: raw bytes, escape sequences and all. */
  output(bytes: Uint8Array): void;
  notice(notice: ConsoleNotice): void;
  /** All that was typed has been taken by the other side. */
  taken(): void;
  /**
   * It ended without having been closed, and nothing follows. `transient`: the other side was lost, and opening it again may
   * bring it back; `conflict`: somebody else took it, or ended it; the rest as of every Failure.
   */
  ended(why: Failure): void;
}

/** How a console is opened. */
export interface ConsoleHow {
  /** From whoever has it; else `held` is answered and nothing is changed. */
  readonly takesOver: boolean;
  readonly ears: ConsoleEars;
  /** Aborts the opening. */
  readonly signal?: AbortSignal | undefined;
}

/** A console that is open: a session of its own, kept alive while nobody types. */
export interface OpenConsole {
  /** Types as many of the bytes as there is room for, and answers how many; `taken` is called when there is room again. */
  type(bytes: Uint8Array): number;
  /** A break on the serial line. */
  sendBreak(): void;
  /** Throws away what waits in either direction; answers how many typed bytes that were. */
  flush(): number;
  /** Leaves: what was typed and not taken is lost. Never throws; bounded by a few seconds, also where nobody answers. */
  close(): Promise<void>;
}

/** What came of opening a console. Never thrown; where it is not open nothing stays behind. */
export type ConsoleOpened =
  | {
      readonly kind: "open";
      readonly console: OpenConsole;
      /** Whose it was until it was taken over; null where it was nobody's. */
      readonly takenFrom: ConsoleHolder | null;
    }
  /** Somebody has it, and goes on having it. */
  | { readonly kind: "held"; readonly holder: ConsoleHolder }
  | { readonly kind: "failed"; readonly failure: Failure };

/** Two verbs. Breadth is in the `DriverAction` union, where the compiler names what is missing. */
export interface Driver {
  /** Reads the named facets; never throws and never mutates but to log in. A silent BMC is an Observation too. */
  observe(
    node: FleetNode,
    facets: readonly ObservedFacet[],
    signal?: AbortSignal,
  ): Promise<Observation>;
  /**
   * Sends one act, at most once on a socket: no retry of its own, no login and repeat. A mutating
   * act without an open session on a BMC that has sessions is a bug: the engine performs
   * `session.open` first. On a BMC without sessions `session.open` answers sent without a session.
   */
  perform(node: FleetNode, action: DriverAction, context: PerformContext): Promise<Performed>;
  /**
   * Answers a vendor method that only reads, as JSON; required where the type declares one. Never throws and never
   * mutates but to log in, as `observe`.
   */
  readVendor?(node: FleetNode, call: VendorCall, signal?: AbortSignal): Promise<Result<unknown>>;
  /**
   * Opens the node's serial console for a person: `ironwright node console`. Required where the type names `serial` in
   * `consoles`. It comes under no lease and changes nothing of the machine; a read-only wire refuses it all the same.
   */
  openConsole?(node: FleetNode, how: ConsoleHow): Promise<ConsoleOpened>;
  /** Ends sessions and consoles, closes sockets. */
  close(): Promise<void>;
}

/** The version of the types in this file: a package that was written for another one is refused. */
export type DriverApiVersion = 1;

/** What a package named in the setting `drivers` exports as `driverPackage`. */
export interface DriverPackage {
  readonly apiVersion: DriverApiVersion;
  readonly hardwareTypes: readonly HardwareType[];
}

/** Something that only this kind of hardware does, called by a person: `ironwright node vendor NODE METHOD`. */
export interface VendorMethod {
  /** Lower-case letters, digits and `_`, a letter first. */
  readonly name: string;
  /** One sentence of what it does. */
  readonly description: string;
  /** True where it changes nothing: it takes no lease, leaves no line in the journal, and has impact `none`. */
  readonly reads: boolean;
  /** What a running system suffers by it; a method that acts goes to `perform` as `vendor.call`. */
  readonly impact: VendorImpact;
  /** Each argument with its meaning; strict, and without transforms. Arguments are kept in history: no secrets. */
  readonly args: z.ZodObject;
  /**
   * What the facet `vendor` shows once it took effect: pure, of arguments that `args` took. Left out where nothing can
   * be seen of it: then what a crash left open is ambiguous, and is never repeated.
   */
  readonly after?: (args: Readonly<Record<string, unknown>>) => VendorReadings;
}

/** A hardware type: composes interfaces, validates a node's settings, opens a driver for all of its nodes. */
export interface HardwareType {
  /** What `spec.driver` says; lower-case letters, digits and `-`. */
  readonly name: string;
  /**
   * The part of a Node's spec that it reads, each property with its meaning (`describe`, `meta`); the schema's own
   * description is one sentence of what the type is for. `schema driver NAME` prints it, `validate` holds to it.
   */
  readonly properties: z.ZodObject;
  /** Interfaces it composes, with the steps that each offers; the first of each kind is the default. */
  readonly offer: HardwareOffer;
  /** Facets it can read, and verbs that it performs. */
  readonly observes: readonly ObservedFacet[];
  readonly performs: readonly DriverAction["verb"][];
  /** Its vendor methods; a node whose vendor interface is `no-vendor` has none of them. */
  readonly vendor?: readonly VendorMethod[];
  /**
   * Consoles that it opens in a person's terminal; none when left out. That is the client's end: the interface `console` of the
   * offer is about serving consoles to others, as Ironic's conductor does.
   */
  readonly consoles?: readonly ConsoleKind[];
  /** What the schema can't say of one node's settings: pure, never throws; empty when fine. */
  validate(node: FleetNode): readonly SettingsFinding[];
  /** Opens the one driver that serves every node of this type in this process. */
  open(ports: DriverPorts): Driver;
}
