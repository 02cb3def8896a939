import type { NodeSpec } from "../../schemas/documents.ts";
import { type Failure, failure } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { Secret } from "../../schemas/secret.ts";
import { defaultSettings, type Settings } from "../../schemas/settings.ts";
import type { DriverPorts, PerformContext, Sender } from "../driver.ts";

/** A declared node of a bench, as the inventory would hand it over. */
export function benchNode(name: string, spec: NodeSpec): FleetNode {
  return {
    name,
    uuid: null,
    uuidDeclared: false,
    labels: {},
    annotations: {},
    spec,
    place: { file: "inventory/test.yaml", line: 1, column: 1 },
    origins: {},
    specHash: "0",
  };
}

/** What a bench's ports may be told. */
export interface BenchPorts {
  /** What every secret reference resolves to; `calvin` when left out. */
  readonly secret?: string | (() => string);
  readonly settings?: (settings: Settings) => Settings;
  readonly readOnly?: boolean;
  /** Files of the repository, by path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly fakeState?: DriverPorts["fakeState"];
}

/** A Tuesday; a bench's wall clock stands still. Milliseconds since the epoch. */
const BENCH_NOW = 1_800_000_000_000;

/** Ports of a driver on a bench: sleeps pass at once, secrets are one word. */
export function benchPorts(options: BenchPorts = {}): DriverPorts {
  const settings = defaultSettings();
  const { secret = "calvin" } = options;
  return {
    clock: {
      now: () => BENCH_NOW,
      monotonic: () => performance.now(),
      sleep: () => new Promise((resolve) => setImmediate(resolve)),
    },
    settings: options.settings?.(settings) ?? settings,
    resolveSecret: () =>
      Promise.resolve(new Secret(typeof secret === "string" ? secret : secret())),
    readFile: (path) => {
      const text = options.files?.[path];
      return Promise.resolve(
        text === undefined
          ? failure("stalled", "IW-I14", `file ${path} is not there`)
          : Buffer.from(text),
      );
    },
    readOnly: options.readOnly ?? false,
    random: () => 0,
    debug: () => undefined,
    ...(options.fakeState === undefined ? {} : { fakeState: options.fakeState }),
  };
}

/** Whoever acts on a bench. */
const BENCH_SENDER: Sender = { engine: "bench", incarnation: "0", epoch: 1, fence: 1 };

/** What the engine would hand along with an act; the check passes unless told otherwise. */
export function performContext(
  options: {
    readonly sender?: Sender;
    readonly check?: () => Promise<Failure | null>;
    readonly requestMaxMs?: number;
    readonly signal?: AbortSignal;
  } = {},
): PerformContext {
  return {
    sender: options.sender ?? BENCH_SENDER,
    check: options.check ?? (() => Promise.resolve(null)),
    requestMaxMs: options.requestMaxMs ?? 5000,
    signal: options.signal,
  };
}
