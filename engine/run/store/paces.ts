import type { Pace, Paces } from "../ports.ts";
import type { Layout } from "./layout.ts";
import { Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

/** Between two looks at a place that somebody else has. Milliseconds. */
const LOOK_MS = 200;

/** What stands at a place: the highest number that was taken there, and whether its act is over. */
interface Taken {
  readonly k: number;
  readonly isOver: boolean;
}

/**
 * A least time between two acts of one place, over all engines of the store: `paces/<place>.<k>` is taken by link() before
 * an act, and has a second name once it is over. Nobody's time of day counts: who wants k+1 has seen k be over for that long
 * on its own clock; or, where its taker was lost on the way, has seen it be taken for as long as its act may take besides.
 * Never synced: after a power cut everything has rested.
 */
export class FilePaces implements Paces {
  readonly #ports: StorePorts;
  readonly #layout: Layout;
  readonly #writer: Writer;
  readonly #death: AbortSignal;
  /** What was seen last at each place, and when first, on this engine's clock. */
  readonly #seen = new Map<string, Taken & { readonly since: number }>();
  /** One at a time of this engine, in the order in which they came. */
  readonly #queues = new Map<string, Promise<void>>();

  constructor(
    ports: StorePorts,
    layout: Layout,
    me: { readonly inc: string; readonly death: AbortSignal },
  ) {
    this.#ports = ports;
    this.#layout = layout;
    this.#writer = new Writer(ports, layout, `pace.${me.inc}`);
    this.#death = me.death;
  }

  async enter(place: string, pace: Pace): Promise<() => Promise<void>> {
    const before = this.#queues.get(place) ?? Promise.resolve();
    const gate = new Gate();
    const mine = before.then(() => gate.opened);
    this.#queues.set(place, mine);
    await before;
    const k = await this.#take(place, pace);
    return async () => {
      if (gate.isOpen) return;
      if (k !== null) await this.#over(place, k);
      if (this.#queues.get(place) === mine) this.#queues.delete(place);
      gate.open();
    };
  }

  /** Null where this engine died meanwhile: then nothing is sent, either. */
  async #take(place: string, pace: Pace): Promise<number | null> {
    const { files, clock } = this.#ports;
    await files.makeDir(this.#layout.paces);
    while (!this.#death.aborted) {
      const taken = await this.#look(place);
      const left = this.#left(place, taken, pace);
      if (left > 0) {
        await clock.sleep(Math.min(left, LOOK_MS), this.#death).catch(() => undefined);
        continue;
      }
      const k = (taken?.k ?? 0) + 1;
      if (!(await this.#writer.takeUnsynced(this.#layout.pace(place, k), {}))) continue;
      // A number may come back from the dead, taken and tidied away since it was looked for.
      if ((await this.#look(place))?.k !== k) continue;
      await this.#tidy(place, k);
      return k;
    }
    return null;
  }

  /** Until the place has rested, milliseconds. */
  #left(place: string, taken: Taken | null, { restMs, actMs }: Pace): number {
    if (taken === null) return 0;
    const now = this.#ports.clock.monotonic();
    const seen = this.#seen.get(place);
    const isKnown = seen?.k === taken.k && seen.isOver === taken.isOver;
    const since = isKnown ? seen.since : now;
    this.#seen.set(place, { ...taken, since });
    return since + restMs + (taken.isOver ? 0 : actMs) - now;
  }

  async #over(place: string, k: number): Promise<void> {
    const path = this.#layout.pace(place, k);
    // It is gone where somebody waited in vain for its end; a disk that refuses it ends this engine by its lease.
    await this.#ports.files.link(path, `${path}.over`).catch(() => false);
    this.#seen.set(place, { k, isOver: true, since: this.#ports.clock.monotonic() });
  }

  async #look(place: string): Promise<Taken | null> {
    const names = await this.#ports.files.list(this.#layout.paces);
    const its = names.flatMap((name) => placeIn(name, place));
    if (its.length === 0) return null;
    const k = Math.max(...its.map((one) => one.k));
    return { k, isOver: its.some((one) => one.k === k && one.isOver) };
  }

  async #tidy(place: string, above: number): Promise<void> {
    const { files } = this.#ports;
    for (const name of await files.list(this.#layout.paces))
      if (placeIn(name, place).some(({ k }) => k < above))
        await files.remove(`${this.#layout.paces}/${name}`);
  }
}

/** Opened once. */
class Gate {
  readonly opened: Promise<void>;
  isOpen = false;
  #open: () => void = () => undefined;

  constructor() {
    this.opened = new Promise((done) => {
      this.#open = done;
    });
  }

  open(): void {
    this.isOpen = true;
    this.#open();
  }
}

/** `rack-7.0000000000000012`, or the same with `.over`. */
function placeIn(name: string, place: string): readonly Taken[] {
  const [, its, number = "", over] = /^(.*)\.(\d{16})(\.over)?$/.exec(name) ?? [];
  if (its !== encodeURIComponent(place)) return [];
  return [{ k: Number(number), isOver: over !== undefined }];
}
