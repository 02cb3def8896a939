import type { FakeStatePort } from "../../drivers/driver.ts";
import { buildProgram } from "../../engine/cli/build-program.ts";
import { CommandError } from "../../engine/cli/command.ts";
import { COMMANDS } from "../../engine/cli/command-table.ts";
import { compose } from "../../engine/cli/compose.ts";
import { EXIT } from "../../engine/cli/exit-code.ts";
import type { House } from "../../engine/cli/house.ts";
import type { Io } from "../../engine/cli/io.ts";
import { palette } from "../../engine/cli/palette.ts";
import { seededRandom } from "./fake-clock.ts";
import { MemoryFiles } from "./memory-files.ts";
import { VirtualTime } from "./virtual-time.ts";

/** When every script begins: a Tuesday morning. */
const BEGIN = Date.UTC(2026, 10, 24, 8);

/** Where a command is run. */
export interface Terminal {
  readonly columns: number;
  /** What the person types when asked; null where nobody can be asked. */
  readonly answer: string | null;
  /** Ctrl-C. */
  readonly stopping?: AbortSignal;
}

/**
 * A house in one process: store and fake machines in memory, and a time that passes only while somebody
 * waits, so that half an hour of a ramdisk costs nothing and is the same half hour each time.
 */
export class GoldenHouse {
  readonly time = new VirtualTime(BEGIN);
  readonly machines = new Map<string, string>();
  readonly #dir: string;
  readonly #stateDir: string;
  readonly #files = new MemoryFiles();
  readonly #random = seededRandom(1);
  readonly #other: Partial<House>;

  constructor(dir: string, stateDir: string, other: Partial<House> = {}) {
    this.#dir = dir;
    this.#stateDir = stateDir;
    this.#other = other;
  }

  /** Runs one command to its end, as at a terminal. */
  async run(argv: readonly string[], how: Terminal): Promise<string> {
    const printed: string[] = [];
    const io = this.#io(printed, how);
    const clock = this.time.clock();
    let exit: number = EXIT.done;
    const program = buildProgram(COMMANDS, {
      io: () => io,
      house: this.#house(clock),
      version: "0.0.0",
      exit: (code) => (exit = code),
    });
    const parsed = program.parseAsync([...argv], { from: "user" });
    const ended = parsed.catch((error: unknown) => {
      if (!(error instanceof CommandError)) throw error;
      exit = error.exit;
      printed.push(
        `ironwright: ${error.message}${error.code === null ? "" : `   ${error.code}`}\n`,
      );
    });
    await this.time.run(ended);
    clock.stop();
    return `${printed.join("")}${exit === 0 ? "" : `[exit ${exit}]\n`}`;
  }

  #house(clock: House["clock"]): House {
    const random = this.#random;
    const house = compose("0.0.0", {}, { clock, random, fakeState: () => this.#fakeState() });
    const self = { pid: 1, startTicks: "1", bootId: "b", pidNamespace: "n" };
    const processes = { self: () => self, fate: () => Promise.resolve("gone" as const) };
    const store = { ...house.store, files: this.#files, processes };
    return { ...house, store, host: "desk", user: "ops", pid: 1, ...this.#other };
  }

  #fakeState(): FakeStatePort {
    return {
      read: (node) => Promise.resolve(this.machines.get(node) ?? null),
      write: (node, text) => {
        this.machines.set(node, text);
        return Promise.resolve();
      },
    };
  }

  #io(
    printed: string[],
    { columns, answer, stopping = new AbortController().signal }: Terminal,
  ): Io {
    const say = (text: string): void => void printed.push(text);
    return {
      out: say,
      err: say,
      log: (level, message) => {
        if (level !== "debug") say(`${message}\n`);
      },
      progress: () => undefined,
      ask: (question) => {
        say(`${question}${answer ?? ""}\n`);
        return Promise.resolve(answer);
      },
      stdin: () => Promise.resolve(new Uint8Array()),
      columns,
      stdoutIsTty: true,
      stderrIsTty: true,
      env: {
        USER: "ops",
        HOME: this.#stateDir,
        IRONWRIGHT_STATE: this.#stateDir,
      },
      cwd: this.#dir,
      colors: palette(false),
      stopping,
    };
  }
}
