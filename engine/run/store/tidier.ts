import { z } from "zod";
import { incarnationSchema } from "../../../schemas/store.ts";
import type { Coroner } from "./incarnation.ts";
import { entriesIn, journalsIn, type Layout } from "./layout.ts";
import { deadJournals } from "./left-behind.ts";
import { readJson } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

/** A temporary file whose engine nobody knows is looked at twice before it goes, at least so far apart. Milliseconds. */
const STRAY_MS = 60 * 60_000;
/** A death that is proven tells nobody anything new after so long: for people who look for what happened. Milliseconds. */
const DEATH_MS = 30 * 24 * 60 * 60_000;
/** Register entries that are kept, newest; besides them the first, which says what was there at `init`. */
const ENTRIES_MAX = 100;

const deathSchema = z.looseObject({ at: z.number(), proven: z.boolean() });

/** Removes what engines left behind, and never what one may need that lives or whose end is not proven. */
export class Tidier {
  readonly #layout: Layout;
  readonly #ports: StorePorts;
  readonly #coroner: Coroner;
  /** Who is asked to judge. */
  readonly #by: string;
  /** True while its engine may write, and the store is the one that it opened. */
  readonly #mayWrite: () => Promise<boolean>;
  /** Temporary files without an engine: when they were seen first, by the monotonic clock. */
  #strays: ReadonlyMap<string, number> = new Map();

  constructor(
    { layout, ports }: { readonly layout: Layout; readonly ports: StorePorts },
    coroner: Coroner,
    by: string,
    mayWrite: () => Promise<boolean>,
  ) {
    this.#layout = layout;
    this.#ports = ports;
    this.#mayWrite = mayWrite;
    this.#coroner = coroner;
    this.#by = by;
  }

  /** Everything; to be called again and again, for what must be seen twice. */
  async tidy(): Promise<void> {
    await this.tidyDead();
    await this.#tidyTemporary();
    await this.#tidyDeaths();
    await this.#tidyRegister();
  }

  /** What was listed before a pause may be another's by now: in a store that was replaced numbers begin anew. */
  async #remove(path: string): Promise<void> {
    if (await this.#mayWrite()) await this.#ports.files.remove(path);
  }

  /** What dead engines left, once no claim needs it; their death itself stays on record. */
  async tidyDead(): Promise<void> {
    const { files } = this.#ports;
    for (const { inc, needed } of await deadJournals(this.#ports, this.#layout)) {
      if (needed.size > 0) continue;
      const death = await this.#coroner.judge(inc, this.#by);
      await this.#remove(this.#layout.journal(inc));
      // Of one that may only be paused it stays: by it, its process can still be seen to be gone.
      if (death.dead && death.proven) await this.#bury(inc);
    }
    const journals = await files.list(this.#layout.journals);
    const left = new Set(journalsIn(journals));
    for (const inc of await this.#engines())
      if (!left.has(inc) && (await this.#isProvenDead(inc))) await this.#bury(inc);
    const engines = new Set(await this.#engines());
    for (const name of journals) {
      const inc = /^(.+)\.\d{16}$/.exec(name)?.[1];
      if (inc !== undefined && !left.has(inc) && !engines.has(inc))
        await this.#remove(`${this.#layout.journals}/${name}`);
    }
  }

  /** Engines that live, or of which no more is known. */
  async #engines(): Promise<readonly string[]> {
    const names = await this.#ports.files.list(this.#layout.instances);
    return names.filter((name) => !name.endsWith(".dead"));
  }

  /** By a look, or by what is written: this is not the place to declare anybody dead whose counter stands still. */
  async #isProvenDead(inc: string): Promise<boolean> {
    const { files, processes } = this.#ports;
    const death = await readJson(files, this.#layout.dead(inc), deathSchema);
    if (death?.proven === true) return true;
    const engine = await readJson(files, this.#layout.instance(inc), incarnationSchema);
    if (engine === null || (await processes.fate(engine)) !== "gone") return false;
    await this.#coroner.prove(inc, this.#by);
    return true;
  }

  async #bury(inc: string): Promise<void> {
    const { files } = this.#ports;
    for (const name of await files.list(this.#layout.temporary))
      if (name.startsWith(`${inc}.`)) await this.#remove(`${this.#layout.temporary}/${name}`);
    await this.#remove(this.#layout.instance(inc));
  }

  /** One that is about to begin has a temporary file before it can be seen, and so has `init`. */
  async #tidyTemporary(): Promise<void> {
    const { files, clock } = this.#ports;
    const now = clock.monotonic();
    const names = await files.list(this.#layout.temporary);
    const engines = await this.#engines();
    const strays = names.filter((name) => !engines.some((inc) => name.startsWith(`${inc}.`)));
    this.#strays = new Map(strays.map((name) => [name, this.#strays.get(name) ?? now]));
    for (const [name, since] of this.#strays)
      if (now - since >= STRAY_MS) await this.#remove(`${this.#layout.temporary}/${name}`);
  }

  /** Without its engine's own file and without its death an engine is as dead as with it. */
  async #tidyDeaths(): Promise<void> {
    const { files, clock } = this.#ports;
    const names = await files.list(this.#layout.instances);
    for (const name of names) {
      const inc = /^(.+)\.dead$/.exec(name)?.[1];
      if (inc === undefined || names.includes(inc)) continue;
      const death = await readJson(files, this.#layout.dead(inc), deathSchema);
      const isOld = death !== null && clock.now() - death.at > DEATH_MS;
      if (isOld && death.proven) await this.#remove(this.#layout.dead(inc));
    }
  }

  async #tidyRegister(): Promise<void> {
    const { files } = this.#ports;
    const entries = entriesIn(await files.list(this.#layout.register));
    for (const seq of entries.slice(1, -ENTRIES_MAX)) await this.#remove(this.#layout.entry(seq));
  }
}
