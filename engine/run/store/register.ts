import { failure, fail, ok, type Result } from "../../../schemas/failure.ts";
import { type RegisterEntry, registerEntrySchema } from "../../../schemas/store.ts";
import type { ProposedEntry } from "../ports.ts";
import { entriesIn, type Layout } from "./layout.ts";
import { readJson, type Writer } from "./store-files.ts";
import type { FilesPort } from "./store-ports.ts";

/** The commits that were put in force, by number; the highest is. An entry is taken by its number, and never written again. */
export class Register {
  readonly #files: FilesPort;
  readonly #layout: Layout;
  /** The first and the last that were read: those of a large fleet are megabytes. */
  #first: RegisterEntry | null = null;
  #last: RegisterEntry | null = null;

  constructor(files: FilesPort, layout: Layout) {
    this.#files = files;
    this.#layout = layout;
  }

  /** What was there before us. */
  async first(): Promise<RegisterEntry | null> {
    this.#first ??= await this.#read(1);
    return this.#first;
  }

  async inForce(): Promise<RegisterEntry | null> {
    const newest = (await this.#entries()).at(-1);
    if (newest === undefined) return null;
    if (this.#last?.seq === newest) return this.#last;
    const entry = await this.#read(newest);
    // Many were put in force meanwhile, and this one was tidied away.
    if (entry === null) return this.inForce();
    this.#last = entry;
    return entry;
  }

  /** Makes it the one in force; the same tree again answers the entry that is. */
  async propose(
    { readAtSeq, ...body }: ProposedEntry,
    { writer, by, at }: { readonly writer: Writer; readonly by: string; readonly at: number },
  ): Promise<Result<RegisterEntry>> {
    const current = await this.inForce();
    if (current !== null && current.tree === body.tree) return ok(current);
    if ((current?.seq ?? 0) !== readAtSeq) return fail(MOVED);
    const next: RegisterEntry = { ...body, names: [...body.names], seq: readAtSeq + 1, by, at };
    if (await writer.take(this.#layout.entry(next.seq), next)) {
      // Others may have gone on meanwhile, and tidied away the number that was taken here.
      return (await this.#entries()).at(-1) === next.seq ? ok(next) : fail(MOVED);
    }
    // Somebody was faster, perhaps with the same tree; perhaps it was we, and the answer was lost.
    const now = await this.inForce();
    return now?.tree === body.tree ? ok(now) : fail(MOVED);
  }

  async #entries(): Promise<readonly number[]> {
    return entriesIn(await this.#files.list(this.#layout.register));
  }

  #read(seq: number): Promise<RegisterEntry | null> {
    return readJson(this.#files, this.#layout.entry(seq), registerEntrySchema);
  }
}

const MOVED = failure(
  "conflict",
  "IW-P17",
  "another commit was put in force since this plan was made; plan again",
);
