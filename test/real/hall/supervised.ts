import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { EngineEvent } from "../../../schemas/event.ts";
import { MAIN } from "../../support/run-cli.ts";
import { tempDir } from "../../support/temp-dir.ts";

const STEP_CLOCK = fileURLToPath(new URL("step-clock.mjs", import.meta.url));

/** Where every event of every life is written, for whoever looks for the cause of a failure: STORY=/tmp/story.txt. */
const STORY = process.env["STORY"];

/** Until a supervisor starts again what ended, milliseconds. */
const AGAIN_MS = 500;

/** How one life of a daemon ended. */
export interface Life {
  readonly code: number | null;
  readonly signal: string | null;
  readonly err: string;
}

/** A daemon that is started again whenever it ends, as a supervisor does, until it is told to leave. */
export interface Supervised {
  readonly name: string;
  /** What it told in all its lives, oldest first. */
  readonly events: readonly EngineEvent[];
  /** Its lives that are over. */
  readonly lives: readonly Life[];
  /** Sends a signal to the daemon that lives now. */
  signal(signal: NodeJS.Signals): void;
  /** Sets its wall clock off by so many milliseconds while it runs. */
  stepClock(offMs: number): void;
  /** Until it tells such an event from now on, in this life or a later one. */
  next(event: string, message?: RegExp): Promise<EngineEvent>;
  /** Until the life of now is over. */
  over(): Promise<Life>;
  /** SIGTERM, and no life after that. */
  leave(): Promise<Life>;
  /** The life of now, when it ends, is the last. */
  abandon(): void;
}

/** What a daemon is started by; `around` is put before the command, such as unshare(1). */
export interface Watching {
  readonly dir: string;
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly around?: readonly string[];
}

export function supervise(how: Watching): Supervised {
  const one = new Daemon(how);
  onTestFinished(() => one.kill());
  return one;
}

class Daemon implements Supervised {
  readonly name: string;
  readonly events: EngineEvent[] = [];
  readonly lives: Life[] = [];
  readonly #how: Watching;
  readonly #clock = join(tempDir(), "clock");
  readonly #waiting = new Set<() => void>();
  #child: ChildProcess;
  #isLeaving = false;

  constructor(how: Watching) {
    this.#how = how;
    this.name = how.name;
    writeFileSync(this.#clock, "0");
    this.#child = this.#start();
  }

  #start(): ChildProcess {
    const { dir, name, env = {}, around = [] } = this.#how;
    const [program, ...args] = [...around, process.execPath, "--import", STEP_CLOCK, MAIN];
    const child = spawn(program, [...args, "watch", "--json"], {
      cwd: dir,
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: dir,
        TZ: "UTC",
        BMC_PASSWORD: "password",
        IRONWRIGHT_INSTANCE: name,
        STEP_CLOCK_FILE: this.#clock,
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let rest = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#hear(line);
    });
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.on("close", (code, signal) => {
      this.lives.push({ code, signal, err });
      this.#tell(`ended with ${code ?? signal}: ${err}`);
      if (!this.#isLeaving) setTimeout(() => this.#again(), AGAIN_MS);
      for (const wake of this.#waiting) wake();
    });
    return child;
  }

  #again(): void {
    if (!this.#isLeaving) this.#child = this.#start();
  }

  #hear(line: string): void {
    this.events.push(JSON.parse(line) as EngineEvent);
    this.#tell(line);
    for (const wake of this.#waiting) wake();
  }

  #tell(line: string): void {
    if (STORY !== undefined) appendFileSync(STORY, `${this.name} ${line}\n`);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.#pid(), signal);
  }

  /** Of the daemon itself: each of what is put around it has one child. */
  #pid(): number {
    let { pid = 0 } = this.#child;
    while (this.#how.around !== undefined) {
      const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
      if (child === undefined || child === "") break;
      pid = Number(child);
    }
    return pid;
  }

  stepClock(offMs: number): void {
    writeFileSync(this.#clock, String(offMs));
    this.signal("SIGUSR2");
  }

  async next(event: string, message = /./): Promise<EngineEvent> {
    let from = this.events.length;
    for (;;) {
      const found = this.events
        .slice(from)
        .find((one) => one.event === event && message.test(one.message));
      if (found !== undefined) return found;
      from = this.events.length;
      await this.#woken();
    }
  }

  async over(): Promise<Life> {
    const count = this.lives.length;
    while (this.lives.length === count) await this.#woken();
    return this.#last();
  }

  async leave(): Promise<Life> {
    this.#isLeaving = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#last();
    const over = this.over();
    this.signal("SIGTERM");
    return over;
  }

  abandon(): void {
    this.#isLeaving = true;
  }

  kill(): void {
    this.#isLeaving = true;
    this.#child.kill("SIGKILL");
  }

  #last(): Life {
    return this.lives.at(-1) ?? { code: null, signal: null, err: "" };
  }

  async #woken(): Promise<void> {
    let wake = (): void => undefined;
    await new Promise<void>((done) => {
      wake = done;
      this.#waiting.add(wake);
    });
    this.#waiting.delete(wake);
  }
}
