import type { NodeAsks } from "../ports.ts";
import { isMember, seenEngines } from "./engines.ts";
import type { Layout } from "./layout.ts";
import { Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

/**
 * Nodes that a person asked for, as names: whoever owns one takes it first, and removes the name. Never synced: one that is
 * lost is looked at when its turn comes.
 */
export class FileNodeAsks implements NodeAsks {
  readonly #ports: StorePorts;
  readonly #layout: Layout;
  readonly #by: string;

  /** `by`: the engine that asks. */
  constructor(ports: StorePorts, layout: Layout, by: string) {
    this.#ports = ports;
    this.#layout = layout;
    this.#by = by;
  }

  async ask(nodes: readonly string[]): Promise<void> {
    const { files, clock } = this.#ports;
    // Without a daemon nobody would ever take them.
    const daemons = (await seenEngines(this.#ports, this.#layout)).filter(isMember);
    if (daemons.length === 0 || nodes.length === 0) return;
    const writer = new Writer(this.#ports, this.#layout, "asks");
    await files.makeDir(this.#layout.asks);
    for (const node of nodes)
      await writer.replaceUnsynced(this.#layout.ask(node), { by: this.#by, at: clock.now() });
  }

  async take(owned: ReadonlySet<string>): Promise<readonly string[]> {
    const { files } = this.#ports;
    const names = await files.list(this.#layout.asks);
    const mine = names.map((name) => decodeURIComponent(name)).filter((name) => owned.has(name));
    for (const name of mine) await files.remove(this.#layout.ask(name));
    return mine;
  }
}
