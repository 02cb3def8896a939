import type { BmcCall, HardwareType } from "../../drivers/driver.ts";
import type { Versions } from "../../inventory/conversions.ts";
import type { Failure, Result } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { Catalog } from "../../schemas/steps.ts";
import type { SecretRef } from "../../schemas/documents.ts";
import type { Settings } from "../../schemas/settings.ts";
import type { Checkpoint, Clock, Drivers, LoginSlots, Random } from "../run/ports.ts";
import type { FilesPort, StorePorts } from "../run/store/store-ports.ts";
import type { RawTerminal } from "./raw-terminal.ts";

/** Everything real that a command may reach; `compose.ts` puts it together, tests may hand in another. */
export interface House {
  readonly clock: Clock;
  readonly random: Random;
  readonly version: string;
  readonly host: string;
  /** Name of the user that this process runs as. */
  readonly user: string;
  readonly pid: number;
  /** The store of a state directory on this host's own disk. */
  readonly store: StorePorts;
  /** The files of a store that is kept in etcd; one client serves all who ask. */
  etcd(options: EtcdOptions): Promise<Result<FilesPort>>;
  /** The keys and the screen of this process, byte by byte. */
  terminal(): RawTerminal;
  /** Ends what would keep the process alive. */
  close(): void;
  readonly checkpoint: Checkpoint;
  /** The house's own, and those of the packages that were loaded. */
  readonly hardwareTypes: ReadonlyMap<string, HardwareType>;
  /** Adds the hardware types of the setting `drivers`, each package once; runs their code. */
  loadDrivers(root: string, names: readonly string[]): Promise<Failure | null>;
  /** SHA-256, lower-case hex. */
  digest(text: string): string;
  /** What the hardware types offer. */
  readonly catalog: Catalog;
  /** What `migrate` brings documents to. */
  readonly versions: Versions;
  /** Those of the settings. */
  readonly settingsVersions: Versions;
  /** Runs the conformance suite over a package, named as the setting `drivers` names it; runs its code. */
  conform(
    root: string,
    name: string,
    onCase: (report: ConformanceReport) => void,
  ): Promise<Result<readonly ConformanceReport[]>>;
  openDrivers(options: DriverOptions): DriverSet;
  /** Reads one BMC and answers its systems as YAML documents. */
  discover(address: string, how: DiscoverHow, options: DriverOptions): Promise<Result<string>>;
  /** Looks for BMCs that speak IPMI at these addresses and in these networks; `told` of each that was asked. */
  discoverIpmi(
    places: readonly string[],
    how: DiscoverIpmiHow,
    options: DriverOptions,
    told: (askedCount: number, ofAll: number) => void,
  ): Promise<Result<IpmiSearch>>;
  /** Starts simulated BMCs. */
  simulate(request: SimulateRequest): Promise<Result<Simulation>>;
}

/** How one case of the conformance suite ended. */
export interface ConformanceReport {
  readonly hardwareType: string;
  readonly name: string;
  readonly passed: boolean;
  /** Why it did not pass; null when it did. */
  readonly message: string | null;
}

/** What drivers are opened with. */
export interface DriverOptions {
  readonly settings: Settings;
  /** Absolute path of the repository. */
  readonly root: string;
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readOnly: boolean;
  readonly debug: (message: string) => void;
  /** Where refused logins are counted; null where there is no store. Asked when first needed. */
  readonly logins: () => Promise<LoginSlots | null>;
  /** Told of every request to a BMC, with the name of the driver that made it. */
  readonly called?: ((driver: string, call: BmcCall) => void) | undefined;
}

/** Whose etcd, and of which state directory. */
export interface EtcdOptions {
  readonly settings: Settings;
  readonly root: string;
  readonly stateDir: string;
  readonly witnessDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The drivers of one run, opened when first asked for. */
export interface DriverSet extends Drivers {
  close(): Promise<void>;
}

/** How `discover` logs in and trusts. */
export interface DiscoverHow {
  readonly username: string | undefined;
  readonly password: SecretRef | undefined;
  readonly auth: "auto" | "session" | "basic";
  readonly verify: boolean;
  readonly ca: string | undefined;
  readonly pin: string | undefined;
}

/** How `discover` logs in by IPMI; without a password it only asks who is there. */
export interface DiscoverIpmiHow {
  readonly username: string | undefined;
  readonly password: SecretRef | undefined;
  readonly kg: SecretRef | undefined;
  readonly privilege: "user" | "operator" | "administrator" | undefined;
  readonly is15: boolean;
}

/** What a search for BMCs that speak IPMI came to. */
export interface IpmiSearch {
  readonly askedCount: number;
  readonly silentCount: number;
  /** What answered, and what was named by itself and did not. */
  readonly found: readonly {
    readonly address: string;
    /** `IPMI 2.0 and 1.5`; null where nothing of IPMI answers. */
    readonly speaks: string | null;
    /** YAML; null where nobody logged in. */
    readonly document: string | null;
    readonly failure: Failure | null;
  }[];
}

/** What `simulate` was asked for. */
export interface SimulateRequest {
  /** A declared inventory, and what its secrets are resolved with; null with `nodes`. */
  readonly declared: {
    readonly nodes: readonly FleetNode[];
    readonly options: DriverOptions;
  } | null;
  readonly nodes: number;
  readonly port: number;
  readonly https: boolean;
  readonly portPerBmc: boolean;
  /** Null: BMCs that were made up speak Redfish alone. */
  readonly ipmi: SimulatedIpmi | null;
  readonly faults: readonly string[];
  readonly username: string;
  readonly password: string;
  readonly logFile: string | undefined;
  readonly seed: number;
  readonly timing: {
    readonly powerOnMs: number;
    readonly powerOffMs: number;
    readonly gracefulMs: number;
  };
}

/** How simulated BMCs speak IPMI, where no document says otherwise. */
export interface SimulatedIpmi {
  /** UDP port of the first; the others count up from it. 0: the system chooses all. */
  readonly port: number;
  /** All are behind one chassis's BMC, at that port. */
  readonly isChassis: boolean;
  /** Ids of cipher suites; none: IPMI 1.5 alone. */
  readonly suites: readonly number[] | undefined;
  readonly sessionLimit: number | undefined;
  /** A variable, and the Kg that it holds. */
  readonly kg: { readonly env: string; readonly value: string } | null;
}

/** A running simulation. */
export interface Simulation {
  /** Documents that declare its machines; empty where they are declared already. */
  readonly inventory: string;
  readonly lines: readonly string[];
  close(): Promise<void>;
}
