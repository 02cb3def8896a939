import type { EngineEvent, EventName } from "../../../schemas/event.ts";
import { instantText } from "../../../schemas/instant.ts";
import type { ActingStore, Clock } from "../ports.ts";

/** What is told with an event of a daemon. */
type More = Partial<
  Pick<
    EngineEvent,
    "node" | "code" | "fence" | "durationMs" | "joined" | "left" | "gained" | "lost"
  >
>;

/** The story of a daemon: each line with its commit and its name. */
export class Teller {
  readonly #ports: {
    readonly store: ActingStore;
    readonly clock: Clock;
    readonly emit: (event: EngineEvent) => void;
  };
  readonly #commit: () => string | null;
  /** What was told last of each kind. */
  readonly #told = new Map<EventName, string>();

  /** `commit`: the one in force at that moment. */
  constructor(
    ports: {
      readonly store: ActingStore;
      readonly clock: Clock;
      readonly emit: (event: EngineEvent) => void;
    },
    commit: () => string | null,
  ) {
    this.#ports = ports;
    this.#commit = commit;
  }

  tell(event: EventName, message: string, more: More = {}): void {
    const { clock, store, emit } = this.#ports;
    emit({
      time: instantText(clock.now()),
      code: null,
      event,
      node: null,
      step: null,
      commit: this.#commit(),
      instance: store.incarnation.name,
      fence: null,
      message,
      ...more,
    });
  }

  /** What stays as it is from round to round is told once. */
  once(event: EventName, message: string, code: string | null = null, more: More = {}): void {
    if (this.#told.get(event) === message) return;
    this.#told.set(event, message);
    this.tell(event, message, { code, ...more });
  }

  /** It is over: should it come again, it is told again. */
  over(event: EventName): void {
    this.#told.delete(event);
  }
}
