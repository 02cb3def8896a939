import type { Driver } from "../../../drivers/driver.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { plainText } from "../../../schemas/plain-text.ts";
import { resolve } from "node:path";
import { type Command, CommandError, type CommandInput, flag, textOption } from "../command.ts";
import { ConsoleHistory, UnrecordedHistory } from "../console/console-history.ts";
import { ConsoleLog, type LogTrouble } from "../console/console-log.ts";
import { ConsoleTalk } from "../console/console-talk.ts";
import { EscapeKeys, escapeByte } from "../console/escape-keys.ts";
import { runConsole } from "../console/run-console.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { personAt } from "../person.ts";
import type { RawTerminal } from "../raw-terminal.ts";
import { loadWorldToApply } from "../ready-to-act.ts";
import { driverOptions, nodeNamed, refuseReadOnly, type World } from "../world.ts";
import { refuseSelection } from "./run-act.ts";

/** `node console`: the machine's serial console in the terminal. */
export const consoleAct: Command = {
  name: "console",
  group: "node",
  arguments: "<node>",
  completes: "node",
  summary: "the machine's serial console in this terminal; Enter ~. leaves it, Enter ~? helps",
  options: [
    {
      flags: "--log <file>",
      description: "append all that the machine says, with who and when; readable by you alone",
    },
    {
      flags: "--escape <char>",
      description: "what stands at the beginning of a line before . B F ?; ^] with Ctrl; or none",
      default: "~",
    },
    { flags: "--take-over", description: "take it from whoever has it, without asking" },
    { flags: "--for <time>", description: "leave after so long: 30s, 5m, 2h" },
    {
      flags: "--unrecorded",
      description: "also where the store cannot be written: then history does not say of it",
    },
  ],
  forms: [],
  examples: [
    "ironwright node console r2-n17",
    "ironwright node console r2-n17 --log r2-n17.log",
    "ironwright node console r2-n17 --for 5m < /dev/null > boot.txt",
  ],
  async run(input) {
    refuseSelection(input, "node console");
    const wish = wishOf(input);
    const { world } = await loadWorldToApply(input);
    const node = nodeNamed(world.fleet, input.args[0]);
    refuseReadOnly(input, world, false);
    refuseWithout(input, node);
    const drivers = input.house.openDrivers(driverOptions(input, world, true));
    try {
      const driver = drivers.driverFor(node);
      if ("code" in driver) throw new CommandError(EXIT.failed, driver.message, driver.code);
      return await consoleOf({ input, world, node, driver }, wish);
    } finally {
      await drivers.close();
    }
  },
};

interface Wish {
  readonly logPath: string | null;
  readonly escape: string;
  readonly escapeByte: number | null;
  readonly forMs: number | null;
}

function wishOf(input: CommandInput): Wish {
  const escape = textOption(input, "escape") ?? "~";
  const byte = escapeByte(escape);
  if (byte === undefined) {
    const fact = `--escape "${escape}" is no single character`;
    throw new CommandError(EXIT.usage, `${fact}; write ~, ^] (with Ctrl) or none`);
  }
  const log = textOption(input, "log");
  if (log === "") throw new CommandError(EXIT.usage, "--log needs the name of a file");
  return {
    logPath: log === undefined ? null : resolve(input.io.cwd, log),
    escape,
    escapeByte: byte,
    forMs: timeOption(input),
  };
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

function timeOption(input: CommandInput): number | null {
  const text = textOption(input, "for");
  if (text === undefined) return null;
  const [, count, unit = ""] = /^([1-9]\d{0,4})([smh])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (UNITS[unit] ?? 0);
  throw new CommandError(EXIT.usage, `--for "${text}" is no time; write 30s, 5m or 2h`);
}

function refuseWithout({ house }: CommandInput, { name, spec }: FleetNode): void {
  const type = house.hardwareTypes.get(spec.driver ?? "");
  if (type === undefined || type.consoles?.includes("serial") === true) return;
  const with_ = [...house.hardwareTypes.values()].filter(({ consoles }) => consoles !== undefined);
  const names = with_.map((one) => one.name).join(", ");
  throw new CommandError(
    EXIT.failed,
    `${name}: its hardware type ${type.name} opens no console; those that do are: ${names}`,
    "IW-B18",
  );
}

interface Place {
  readonly input: CommandInput;
  readonly world: World;
  readonly node: FleetNode;
  readonly driver: Driver;
}

async function consoleOf(place: Place, wish: Wish): Promise<ExitCode> {
  const { input, world, node, driver } = place;
  const { io, house } = input;
  const terminal = house.terminal();
  const { say, progress } = speech(input, node.name, terminal);
  const warn = (why: string): void => say(`nothing of this is written into the history: ${why}`);
  const log = logOf(wish.logPath, say);
  const history = flag(input, "unrecorded")
    ? new UnrecordedHistory(input, world, node.name, warn)
    : new ConsoleHistory(input, world, node.name);
  const keys = new EscapeKeys(wish.escapeByte);
  const { escape, forMs } = wish;
  const now = (): number => house.clock.now();
  const talk = new ConsoleTalk({ terminal, keys, escape, log, now, say });
  try {
    return await runConsole({
      node,
      driver,
      clock: house.clock,
      terminal,
      talk,
      log,
      history,
      by: personAt(input),
      takesOver: flag(input, "takeOver"),
      forMs,
      wayOut: wayOut(terminal, wish),
      ask: (question) => io.ask(question),
      stopping: io.stopping,
      say,
      progress,
    });
  } finally {
    log?.close();
  }
}

function wayOut({ isTty }: RawTerminal, { escape, escapeByte: byte }: Wish): string {
  if (!isTty) return "it is left at the end of what is typed, or by --for";
  if (byte === null) return "it has no escape, and is left when the terminal closes";
  return `Enter ${escape}. leaves it, Enter ${escape}? helps`;
}

/** In a terminal that is raw a line must begin and end itself; what is told elsewhere goes the way of all that is told. */
function speech(
  { io }: CommandInput,
  node: string,
  terminal: RawTerminal,
): { readonly say: (text: string) => void; readonly progress: (text: string) => void } {
  let isProgress = false;
  const inOwn = terminal.isTty && io.stderrIsTty;
  return {
    say: (text) => {
      if (!inOwn) return io.log("info", `${node}: ${text}`, { node });
      const lines = text.split("\n").map(plainText).join("\r\n");
      io.err(`${isProgress ? ERASED : "\r\n"}[${lines}]\r\n`);
      isProgress = false;
    },
    progress: (text) => {
      if (!inOwn) return io.log("debug", `${node}: ${text}`, { node });
      io.err(`${isProgress ? ERASED : ""}[${plainText(text)}]`);
      isProgress = true;
    },
  };
}

/** Back to the beginning of the line, which is emptied (ECMA-48, EL). */
const ERASED = "\r\u001B[2K";

function logOf(path: string | null, say: (text: string) => void): ConsoleLog | null {
  if (path === null) return null;
  const told = (trouble: LogTrouble): void =>
    say(
      trouble.kind === "stopped"
        ? `the log cannot be written: ${trouble.why}. The console goes on without it`
        : `the log is written again; ${trouble.lostBytes} bytes are missing in it`,
    );
  const log = ConsoleLog.open(path, told);
  if (typeof log === "string") throw new CommandError(EXIT.failed, log);
  return log;
}
