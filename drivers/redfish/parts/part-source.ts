import { oneLine, realValue } from "../../net/plain-words.ts";
import type { Failure } from "../../../schemas/failure.ts";
import type { JsonObject } from "../../net/read-json.ts";
import type { Bmc } from "../bmc.ts";

import { objectAt, pathOf, textAt } from "../resource.ts";

/** Resources of one part that are asked for at once; the BMC's own limit holds below. */
const AT_ONCE = 4;

/** One member of a list. */
export interface Part {
  readonly path: string;
  /** Null where it is there and could not be read. */
  readonly body: JsonObject | null;
}

/** Reads the lists that a machine's inventory is made of; what could not be read becomes a note. */
export class PartSource {
  readonly notes: string[] = [];
  readonly #bmc: Bmc;
  readonly #signal: AbortSignal | undefined;

  constructor(bmc: Bmc, signal: AbortSignal | undefined) {
    this.#bmc = bmc;
    this.#signal = signal;
  }

  note(what: string, why: Failure | string): void {
    this.notes.push(`${what}: ${typeof why === "string" ? why : why.message}`);
  }

  /** One resource; null and a note where there is none. */
  async one(what: string, path: string | undefined): Promise<JsonObject | null> {
    if (path === undefined) {
      this.note(what, "the BMC does not offer it");
      return null;
    }
    const read = await this.#bmc.read(path, this.#signal);
    if (read.ok) return read.value.body;
    this.note(what, read.failure);
    return null;
  }

  /** The members of a collection; null and a note where it cannot be read or is longer than `max`. */
  async members(
    what: string,
    path: string | undefined,
    max: number,
  ): Promise<readonly Part[] | null> {
    if (path === undefined) {
      this.note(what, "the BMC does not offer it");
      return null;
    }
    const list = await this.#bmc.members(path, this.#signal);
    if (list.ok) return this.each(what, list.value, max);
    this.note(what, list.failure);
    return null;
  }

  /** The resources at these paths, each once, less those that say that they are absent. */
  async each(
    what: string,
    paths: readonly (string | undefined)[],
    max: number,
  ): Promise<readonly Part[] | null> {
    const wanted = [...new Set(paths.filter((path) => path !== undefined))];
    if (wanted.length > max) {
      this.note(what, `${wanted.length} are listed, more than the ${max} that are read`);
      return null;
    }
    const parts: Part[] = [];
    for (let at = 0; at < wanted.length; at += AT_ONCE) {
      const some = wanted.slice(at, at + AT_ONCE).map((path) => this.#part(what, path));
      parts.push(...(await Promise.all(some)).filter((part) => part !== null));
    }
    return parts;
  }

  async #part(what: string, path: string): Promise<Part | null> {
    const read = await this.#bmc.read(path, this.#signal);
    if (!read.ok) {
      this.note(`${what} ${idOf(path)}`, read.failure);
      return { path, body: null };
    }
    return isAbsent(read.value.body) ? null : { path, body: read.value.body };
  }
}

/** An empty slot is a resource too. */
export function isAbsent(body: JsonObject): boolean {
  return textAt(objectAt(body, "Status"), "State") === "Absent";
}

/** The text at a key; null where it is blank, missing or a filler. */
export function saidAt(from: JsonObject | null, key: string): string | null {
  return realValue(textAt(from, key)) ?? null;
}

/** The text at a key as it is, in one line: "0" is a fine id and a fine version. */
export function wordAt(from: JsonObject | null, key: string): string | null {
  const word = textAt(from, key);
  return word === undefined ? null : oneLine(word);
}

/** The whole number at a key; null where it is none, or zero, which BMCs say where they do not know. */
export function countAt(from: JsonObject | null, key: string): number | null {
  const value = from?.[key];
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** What something is called: its name, else its id. */
export function nameOf({ path, body }: Part, key: "Name" | "Id" = "Name"): string {
  return wordAt(body, key) ?? wordAt(body, "Name") ?? idOf(path);
}

/** The last part of a path: what a resource is called where it has no name. */
export function idOf(path: string): string {
  return oneLine(path.split("/").findLast((word) => word !== "") ?? path);
}

/** The paths of a list of links. */
export function pathsOf(links: readonly JsonObject[]): readonly (string | undefined)[] {
  return links.map((link) => pathOf(textAt(link, "@odata.id")));
}
