import type { EventName } from "../../../schemas/event.ts";
import type { ActingStore } from "../../run/ports.ts";
import { codeOf } from "../../run/store/node-files.ts";
import { CommandError, type CommandInput } from "../command.ts";
import { personAt } from "../person.ts";
import { resolvedNode } from "../view.ts";
import { needActing, type World } from "../world.ts";

/**
 * Writes into a node's history that a person had its console. It takes no lease, so no engine waits for a console; the store is
 * open only while something is written, so that a console of hours counts for no engine.
 */
export class ConsoleHistory {
  readonly #input: CommandInput;
  readonly #world: World;
  readonly #node: string;
  #store: ActingStore | null = null;

  constructor(input: CommandInput, world: World, node: string) {
    this.#input = input;
    this.#world = world;
    this.#node = node;
  }

  /** Opens the store; ends the command where that can't be. */
  async open(): Promise<void> {
    this.#store ??= await needActing(this.#input, this.#world);
  }

  async note(
    event: EventName,
    message: string,
    more: { readonly code?: string | null; readonly durationMs?: number | null } = {},
  ): Promise<void> {
    await this.open();
    const store = this.#store;
    if (store === null) return;
    const { uuid } = await resolvedNode(this.#world, store, this.#node);
    await store.appendHistory(uuid, {
      at: this.#input.house.clock.now(),
      event,
      step: null,
      action: null,
      commit: null,
      by: personAt(this.#input),
      fence: null,
      code: more.code ?? null,
      message,
      durationMs: more.durationMs ?? null,
    });
  }

  async close(): Promise<void> {
    const store = this.#store;
    this.#store = null;
    await store?.close();
  }
}

/** What the store said when it could not be written; a bug goes on. */
export function storeTrouble(error: unknown): string {
  if (error instanceof CommandError) return error.message;
  const isDisk = error instanceof Error && codeOf(error) !== "";
  if (isDisk) return error.message;
  throw error;
}

/** The same of a store that can't be written, by a person's word (`--unrecorded`): only says so, once. */
export class UnrecordedHistory extends ConsoleHistory {
  readonly #warn: (why: string) => void;
  #isTold = false;

  constructor(input: CommandInput, world: World, node: string, warn: (why: string) => void) {
    super(input, world, node);
    this.#warn = warn;
  }

  override async open(): Promise<void> {
    await this.#orTold(() => super.open());
  }

  override async note(...what: Parameters<ConsoleHistory["note"]>): Promise<void> {
    await this.#orTold(() => super.note(...what));
  }

  async #orTold(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      const why = storeTrouble(error);
      if (!this.#isTold) this.#warn(why);
      this.#isTold = true;
    }
  }
}
