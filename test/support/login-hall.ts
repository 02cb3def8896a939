import type { LoginVerdict } from "../../drivers/driver.ts";
import { RefusalLedger } from "../../drivers/net/refusal-ledger.ts";
import { loginGuard } from "../../engine/run/login-guard.ts";
import type { LoginAt, LoginSlots } from "../../engine/run/ports.ts";
import { initStore } from "../../engine/run/store/init-store.ts";
import { openReader } from "../../engine/run/store/open-store.ts";
import type { Failure } from "../../schemas/failure.ts";
import { failure } from "../../schemas/failure.ts";
import { defaultSettings } from "../../schemas/settings.ts";
import { aNode } from "./a-fleet.ts";
import { type FateOf, STORE, storePorts } from "./a-store.ts";
import { seededRandom } from "./fake-clock.ts";
import { MemoryFiles } from "./memory-files.ts";
import { VirtualTime } from "./virtual-time.ts";

const NO = failure("stalled", "IW-B04", "no");
export const REF = { env: "BMC_PASSWORD" };

/** BMCs that take one password; each knows how often it was sent another one. */
export class Hall {
  readonly time = new VirtualTime();
  readonly disk = new MemoryFiles();
  readonly refused = new Map<string, number>();
  takes = (_bmc: string): string => "right";

  async init(): Promise<this> {
    await initStore("/s", STORE, storePorts(this.disk, 1));
    return this;
  }

  get total(): number {
    return [...this.refused.values()].reduce((sum, count) => sum + count, 0);
  }

  login(bmc: string, password: string): LoginVerdict {
    if (password === this.takes(bmc)) return "accepted";
    this.refused.set(bmc, (this.refused.get(bmc) ?? 0) + 1);
    return "refused";
  }
}

/** One process: a daemon, or a command. */
export class Engine {
  readonly slots: LoginSlots;
  password: string;
  readonly #hall: Hall;
  readonly #clock;
  readonly #ledger: RefusalLedger;
  readonly #random;

  private constructor(hall: Hall, slots: LoginSlots, password: string, seed: number) {
    this.#hall = hall;
    this.slots = slots;
    this.password = password;
    this.#clock = hall.time.clock();
    this.#random = seededRandom(seed);
    const logins = loginGuard({
      slots: () => Promise.resolve(slots),
      secretVersion: () => Promise.resolve(`version of ${this.password}`),
      settings: defaultSettings(),
    });
    this.#ledger = new RefusalLedger(3, { clock: this.#clock, logins });
  }

  static async open(
    hall: Hall,
    pid: number,
    password: string,
    fateOf: FateOf = () => "alive",
  ): Promise<Engine> {
    const ports = { ...storePorts(hall.disk, pid, { fateOf }), clock: hall.time.clock() };
    const reader = await openReader("/s", { store: "store" }, ports);
    if (!reader.ok) throw new Error(reader.failure.message);
    return new Engine(hall, reader.value.logins, password, pid);
  }

  /** One login, which takes its time; null where it was let through and accepted. */
  async login(name: string): Promise<Failure | "refused" | null> {
    const node = aNode(name, { bmc: { address: `https://${name}`, password: REF } });
    const login = {
      node,
      address: `https://${name}`,
      key: JSON.stringify(REF),
      fingerprint: this.password,
    };
    const stopped = await this.#ledger.enter(login);
    if (stopped !== null) return stopped;
    await this.#clock.sleep(100 + 400 * this.#random.next());
    const verdict = this.#hall.login(name, this.password);
    await this.#ledger.leave(login, verdict, verdict === "refused" ? NO : null);
    return verdict === "refused" ? "refused" : null;
  }

  loginAll(names: readonly string[]): Promise<readonly (Failure | "refused" | null)[]> {
    return Promise.all(names.map((name) => this.login(name)));
  }
}

/** A login with that secret at the BMC of a node. */
export const AT = (node: string): LoginAt => ({
  secret: JSON.stringify(REF),
  node,
  address: `https://${node}`,
  version: () => Promise.resolve("v"),
});
