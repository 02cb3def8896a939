import { nameSchema } from "../../../schemas/documents.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import { type AppliedImage, appliedImageSchema } from "../../../schemas/store.ts";
import type { Layout } from "./layout.ts";
import { readJson, type Writer } from "./store-files.ts";
import type { FilesPort } from "./store-ports.ts";

/**
 * Which checksum each name of an Image was applied with, for as long as the store lasts: records forget it with the
 * workload. Who links the name first says it, and nobody says it again, so that no lease guards it.
 */
export class AppliedImages {
  readonly #layout: Layout;
  readonly #files: FilesPort;
  readonly #writer: Writer;
  /** By name; a thousand nodes that take one image at once write it once. */
  readonly #kept = new Map<string, Promise<unknown>>();

  constructor(layout: Layout, files: FilesPort, writer: Writer) {
    this.#layout = layout;
    this.#files = files;
    this.#writer = writer;
  }

  /** Durable once it is over: whoever says of a node that an image is on it waits for this first. */
  async keep(instance: NodeRecord["instance"], node: string, now: number): Promise<void> {
    const { name, checksum } = instance?.image ?? {};
    // Another name is none that an Image can have.
    if (!isImageName(name) || typeof checksum !== "string") return;
    const known = this.#kept.get(name);
    if (known !== undefined) return void (await known);
    const kept = this.#take(name, { checksum, node, at: instance?.since ?? now });
    this.#kept.set(name, kept);
    await kept;
  }

  async #take(name: string, applied: AppliedImage): Promise<void> {
    await this.#files.makeDir(this.#layout.images);
    await this.#writer.take(this.#layout.image(name), applied);
  }
}

function isImageName(name: unknown): name is string {
  return nameSchema.safeParse(name).success;
}

/** What the store knows of these names; one file is read for each that was ever applied. */
export async function readAppliedImages(
  names: readonly string[],
  layout: Layout,
  files: FilesPort,
): Promise<ReadonlyMap<string, AppliedImage>> {
  const found = new Map<string, AppliedImage>();
  if (names.length === 0) return found;
  const there = new Set(await files.list(layout.images));
  for (const name of names) {
    if (!there.has(name)) continue;
    const path = layout.image(name);
    const way = `remove it, and nobody knows any more with which checksum the Image ${name} was applied first`;
    const applied = await readJson(files, path, appliedImageSchema, way);
    if (applied !== null) found.set(name, applied);
  }
  return found;
}
