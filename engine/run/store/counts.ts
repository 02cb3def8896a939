import { z } from "zod";
import type { TroubleCount, TroubleCounts } from "../ports.ts";
import type { Layout } from "./layout.ts";
import { jsonOrNull, Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

/** Raised when the shape changes; of another version a count says nothing. */
const VERSION = 1;

const countSchema = z.looseObject({
  version: z.literal(VERSION),
  inc: z.string(),
  count: z.number().int(),
  troubled: z.record(z.string(), z.number().min(0)),
});

/**
 * What each daemon counts, one small file each, so that all can read the sum. It says how long ago each node was seen, by
 * the writer's own clock, and which of its writes it is, never a time of day: a reader adds what has passed on its own clock
 * since it first saw that write. Never synced: after a power cut all is counted anew.
 */
export class FileTroubleCounts implements TroubleCounts {
  readonly #ports: StorePorts;
  readonly #layout: Layout;
  readonly #me: { readonly name: string; readonly inc: string };
  #count = 0;

  constructor(
    ports: StorePorts,
    layout: Layout,
    me: { readonly name: string; readonly inc: string },
  ) {
    this.#ports = ports;
    this.#layout = layout;
    this.#me = me;
  }

  /** Replaces this daemon's own; without a node there is no file. */
  async save(troubled: ReadonlyMap<string, number>): Promise<void> {
    const { files } = this.#ports;
    const { name, inc } = this.#me;
    const path = this.#layout.countOf(name);
    this.#count += 1;
    const count = {
      version: VERSION,
      inc,
      count: this.#count,
      troubled: Object.fromEntries(troubled),
    };
    try {
      if (troubled.size === 0) return await files.remove(path);
      await files.makeDir(this.#layout.counts);
      await new Writer(this.#ports, this.#layout, `count.${inc}`).replaceUnsynced(path, count);
    } catch {
      // A disk that refuses it refuses the next renewal of this engine's lease, too, and that ends it.
    }
  }

  /** Those of all others. One that is torn is as if it were not there: its writer replaces it. */
  async others(): Promise<readonly TroubleCount[]> {
    const { files } = this.#ports;
    const found: TroubleCount[] = [];
    for (const file of await files.list(this.#layout.counts)) {
      const path = `${this.#layout.counts}/${file}`;
      const text = path === this.#layout.countOf(this.#me.name) ? null : await files.read(path);
      const parsed = countSchema.safeParse(text === null ? null : jsonOrNull(text));
      if (!parsed.success) continue;
      const { inc, count, troubled } = parsed.data;
      found.push({ file, write: `${inc} ${count}`, troubled: new Map(Object.entries(troubled)) });
    }
    return found;
  }
}
