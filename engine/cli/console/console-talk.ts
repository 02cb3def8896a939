import type { ConsoleEars, ConsoleNotice, OpenConsole } from "../../../drivers/driver.ts";
import type { Failure } from "../../../schemas/failure.ts";
import type { RawTerminal } from "../raw-terminal.ts";
import type { ConsoleLog } from "./console-log.ts";
import { type EscapeKeys, escapeHelp } from "./escape-keys.ts";

/** How a console came to its end, as far as this side of it is concerned. */
export type TalkEnd =
  /** The person left it, or what was typed has come to its end. */
  | { readonly kind: "left"; readonly how: string }
  | { readonly kind: "lost"; readonly why: Failure };

/** What a talk is held with. */
export interface TalkSite {
  readonly terminal: RawTerminal;
  readonly keys: EscapeKeys;
  /** As it is typed: `~`. */
  readonly escape: string;
  readonly log: ConsoleLog | null;
  readonly now: () => number;
  /** A line to the person, besides what the machine says. */
  readonly say: (text: string) => void;
}

const NOTICES: Readonly<Record<ConsoleNotice["kind"], string>> = {
  unavailable:
    "the machine takes nothing for now, it is off, asleep or busy: what is typed is kept, and sent when it is up",
  available: "the machine takes what is typed again",
  overrun: "the BMC has lost some of what the machine said",
};

const WENT_AWAY = "when its terminal went away";

/**
 * What goes on between a person's terminal and a console, also over several openings of it: while it is lost nothing that a
 * person types is kept, for it would reach a machine that nobody sees. A pipe waits.
 */
export class ConsoleTalk {
  readonly #site: TalkSite;
  #console: OpenConsole | null = null;
  /** Of a pipe: what the console had no room for. */
  #rest: Uint8Array = new Uint8Array();
  #isTypedOut = false;
  #typedOut: () => void = () => undefined;
  #isUntaken = false;
  #isDropTold = false;
  #spokeAt = 0;
  #shownBytes = 0;
  #done: (end: TalkEnd) => void = () => undefined;
  readonly #left = new AbortController();
  #how = "";

  constructor(site: TalkSite) {
    this.#site = site;
  }

  /** Hears the keys from now on. */
  listen(): void {
    const { terminal } = this.#site;
    terminal.gone.addEventListener("abort", () => this.leave(WENT_AWAY), { once: true });
    terminal.listen((bytes) => this.#typed(bytes));
  }

  /** Aborted when the person leaves, also while the console is lost. */
  get left(): AbortSignal {
    return this.#left.signal;
  }

  /** Nothing more comes from a pipe. */
  get isTypedOut(): boolean {
    return this.#isTypedOut;
  }

  /** Resolves then. */
  readonly typedOut: Promise<void> = new Promise((done) => (this.#typedOut = done));

  /** What was typed last was not taken. */
  get isUntaken(): boolean {
    return this.#isUntaken;
  }

  /** When the machine spoke last, or this began. */
  get spokeAt(): number {
    return this.#spokeAt;
  }

  get shownBytes(): number {
    return this.#shownBytes;
  }

  leave(how: string): void {
    if (this.#left.signal.aborted) return;
    this.#how = how;
    this.#left.abort();
    this.#done({ kind: "left", how });
  }

  /** Ears for an opening that comes; the answered promise is its end. */
  ears(): { readonly ears: ConsoleEars; readonly ended: Promise<TalkEnd> } {
    this.#spokeAt = this.#site.now();
    const ended = new Promise<TalkEnd>((done) => {
      this.#done = done;
      if (this.#left.signal.aborted) done({ kind: "left", how: this.#how });
    });
    const ears: ConsoleEars = {
      output: (bytes) => this.#shown(bytes),
      notice: ({ kind }) => this.#site.say(NOTICES[kind]),
      taken: () => this.#taken(),
      ended: (why) => {
        this.#console = null;
        this.#done({ kind: "lost", why });
      },
    };
    return { ears, ended };
  }

  /** The console is open: what is typed goes there. */
  connect(console: OpenConsole): void {
    this.#console = console;
    this.#isDropTold = false;
    if (this.#rest.length > 0) this.#pump();
  }

  #shown(bytes: Uint8Array): void {
    this.#spokeAt = this.#site.now();
    this.#shownBytes += bytes.length;
    this.#site.terminal.write(bytes);
    this.#site.log?.write(bytes);
  }

  #taken(): void {
    this.#isUntaken = false;
    this.#isDropTold = false;
    if (this.#rest.length > 0) this.#pump();
  }

  #typed(bytes: Uint8Array | null): void {
    const { terminal, keys } = this.#site;
    if (bytes === null) {
      this.#isTypedOut = true;
      this.#typedOut();
      // A terminal has no end but that it went away.
      if (terminal.isTty) this.leave(WENT_AWAY);
      return;
    }
    if (!terminal.isTty) {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      this.#pump();
      return;
    }
    for (const key of keys.take(bytes)) {
      if (key.kind === "text") this.#type(key.bytes);
      else this.#obey(key.kind);
    }
  }

  /** Of a person: what there is no room for is dropped, and told. */
  #type(bytes: Uint8Array): void {
    const count = this.#console?.type(bytes) ?? 0;
    this.#isUntaken ||= count > 0;
    if (count === bytes.length || this.#isDropTold) return;
    this.#isDropTold = true;
    const isLost = this.#console === null;
    this.#site.say(
      isLost
        ? "the console is lost: what is typed now goes nowhere"
        : "too much waits to be taken: what is typed now is dropped",
    );
  }

  /** Of a pipe: it waits until there is room. */
  #pump(): void {
    if (this.#console !== null && this.#rest.length > 0) {
      this.#isUntaken = true;
      this.#rest = this.#rest.subarray(this.#console.type(this.#rest));
    }
    if (this.#rest.length > 0) this.#site.terminal.pause();
    else this.#site.terminal.resume();
  }

  #obey(command: "leave" | "break" | "flush" | "help"): void {
    const { say, escape } = this.#site;
    if (command === "leave") return this.leave("by its escape");
    if (command === "help") return say(escapeHelp(escape));
    if (this.#console === null) return say("the console is lost: nothing was sent");
    if (command === "flush") {
      const count = this.#console.flush();
      return say(
        `${count} ${count === 1 ? "byte" : "bytes"} that waited ${count === 1 ? "is" : "are"} thrown away`,
      );
    }
    this.#console.sendBreak();
    say("a break is sent");
  }
}
