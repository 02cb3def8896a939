import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIP } from "node:net";
import type { DriverClock } from "../../driver.ts";
import type { Lies } from "../lies.ts";
import type { IpmiBmc, Outgoing } from "./ipmi-bmc.ts";

/** How often a console that somebody has is looked at. Milliseconds. */
const TICK_MS = 50;

/** One UDP port with a BMC behind it that speaks IPMI, its own machine or many more. */
export class IpmiServer {
  readonly bmc: IpmiBmc;
  readonly #socket: Socket;
  readonly #clock: DriverClock;
  readonly #lies: Lies;
  #isOpen = true;
  #isTicking = false;

  constructor(bmc: IpmiBmc, host: string, { clock, lies }: { clock: DriverClock; lies: Lies }) {
    this.bmc = bmc;
    this.#clock = clock;
    this.#lies = lies;
    this.#socket = createSocket(isIP(host) === 6 ? "udp6" : "udp4");
    this.#socket.on("message", (bytes, peer) => void this.#serve(bytes, peer));
    // A console that is gone is told by ICMP; nothing follows from it.
    this.#socket.on("error", () => {});
  }

  /** The address as an inventory has it; with port 0 the system chooses one. */
  async listen(host: string, wanted: number): Promise<string> {
    await new Promise<void>((done, failed) => {
      this.#socket.once("error", failed);
      this.#socket.bind(wanted, host, () => {
        this.#socket.off("error", failed);
        done();
      });
    });
    const { port } = this.#socket.address();
    return `ipmi://${host.includes(":") ? `[${host}]` : host}:${port}`;
  }

  async #serve(bytes: Buffer, peer: RemoteInfo): Promise<void> {
    const { address, port } = peer;
    const outgoing = this.bmc.receive(bytes, { address, port });
    await this.#send(outgoing);
    if (this.bmc.hasConsole && !this.#isTicking) void this.#tick();
  }

  async #send(outgoing: readonly Outgoing[]): Promise<void> {
    for (const { datagram, to, machine } of outgoing) {
      const slow = this.#lies.of(machine, "slow");
      if (slow !== null) await this.#clock.sleep(slow.ms ?? 0);
      if (!this.#isOpen) return;
      this.#socket.send(datagram, to.port, to.address);
    }
  }

  async #tick(): Promise<void> {
    this.#isTicking = true;
    while (this.#isOpen && this.bmc.hasConsole) {
      await this.#send(this.bmc.tick());
      await this.#clock.sleep(TICK_MS);
    }
    this.#isTicking = false;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await new Promise<void>((done) => this.#socket.close(done));
  }
}
