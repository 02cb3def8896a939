import { z } from "zod";
import type { BudgetScope, HeldSlot } from "../ports.ts";
import type { Layout } from "./layout.ts";
import { readJson, type Writer } from "./store-files.ts";
import type { FilesPort } from "./store-ports.ts";

/** Looks in which other engines may be faster. */
const LOOKS = 8;

const slotSchema = z.looseObject({
  uuid: z.string(),
  node: z.string(),
  at: z.number(),
  /** The engine that took it, or that confirmed it last under the node's lease; left out by earlier engines. */
  by: z.string().optional(),
});

/**
 * Slots of the budgets, as names: taking one is link(), so two engines never both take the last. A slot is its node's and
 * not its engine's: it survives a crash, and is given back when the node is well again or a person says so.
 */
export class BudgetSlots {
  readonly #layout: Layout;
  readonly #files: FilesPort;
  readonly #writer: Writer;

  constructor(layout: Layout, files: FilesPort, writer: Writer) {
    this.#layout = layout;
    this.#files = files;
    this.#writer = writer;
  }

  /**
   * Takes a slot of the scope, or finds it taken for this node already; else who holds one of them. Slots past the count, of
   * a commit that allowed more, count until they are given back. Whoever has the node's lease (`confirms`) makes it its own.
   */
  async take(
    scope: BudgetScope,
    holder: { readonly uuid: string; readonly node: string },
    { at, by, confirms }: { readonly at: number; readonly by: string; readonly confirms: boolean },
  ): Promise<HeldSlot | "taken" | "mine"> {
    await this.#files.makeDir(this.#layout.budgets);
    for (let look = 0; look < LOOKS; look += 1) {
      const held = (await this.list()).filter((slot) => slot.scope === scope.name);
      const its = held.find(({ uuid }) => uuid === holder.uuid);
      if (its !== undefined) {
        if (confirms && its.by !== by)
          await this.#writer.replace(this.#layout.budget(its.scope, its.place), {
            ...holder,
            at: its.at,
            by,
          });
        return "mine";
      }
      const [first] = held;
      if (first !== undefined && held.length >= scope.count) return first;
      const places = new Set(held.map(({ place }) => place));
      let free = 0;
      // Always the lowest: of two engines that see the same, one takes it, and the other looks again.
      while (places.has(free)) free += 1;
      const path = this.#layout.budget(scope.name, free);
      if (await this.#writer.take(path, { ...holder, at, by })) return "taken";
    }
    // Taken and given back all the time: the caller tries again.
    return { scope: scope.name, place: 0, uuid: "", node: "another node", at };
  }

  /** Gives back every slot of a node; answers how many there were. */
  async free(uuid: string): Promise<number> {
    const its = (await this.list()).filter((slot) => slot.uuid === uuid);
    for (const { scope, place } of its) await this.#files.remove(this.#layout.budget(scope, place));
    return its.length;
  }

  /** Gives back what an engine took for a node in these scopes, and nobody confirmed since. */
  async freeOwn(uuid: string, by: string, scopes: readonly string[]): Promise<void> {
    for (const slot of await this.list())
      if (slot.uuid === uuid && slot.by === by && scopes.includes(slot.scope))
        await this.#files.remove(this.#layout.budget(slot.scope, slot.place));
  }

  /** Every slot that is taken. */
  async list(): Promise<readonly HeldSlot[]> {
    const names = await this.#files.list(this.#layout.budgets);
    const slots: HeldSlot[] = [];
    for (const name of names) {
      const dot = name.lastIndexOf(".");
      const scope = decodeURIComponent(name.slice(0, dot));
      const place = Number(name.slice(dot + 1));
      const slot = await readJson(this.#files, this.#layout.budget(scope, place), slotSchema);
      if (slot !== null) slots.push({ scope, place, ...slot });
    }
    return slots;
  }
}
