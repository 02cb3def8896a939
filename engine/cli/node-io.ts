import { createInterface } from "node:readline/promises";
import { pino } from "pino";
import { type Io, LOG_LEVELS, type LogLevel } from "./io.ts";
import { palette } from "./palette.ts";

/** Width when nobody says: pipes and files get the width that `plan-text.md` is drawn at. */
const COLUMNS_DEFAULT = 100;

/** The Io of this process's own terminal and pipes. */
export function nodeIo(options: {
  readonly color: boolean;
  readonly logLevel: LogLevel;
  readonly stopping: AbortSignal;
}): Io {
  const { stdout, stderr, env } = process;
  let drawn = 0;
  const erase = (): void => {
    if (drawn > 0) stderr.write(`\u001B[${drawn}A\u001B[J`);
    drawn = 0;
  };
  const json = stderr.isTTY
    ? null
    : pino(
        {
          level: options.logLevel,
          base: null,
          timestamp: pino.stdTimeFunctions.isoTime,
          formatters: { level: (label) => ({ level: label }) },
        },
        pino.destination({ fd: 2, sync: true }),
      );
  return {
    log: (level, message, fields) => {
      if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(options.logLevel)) return;
      if (json !== null) return json[level](fields ?? {}, message);
      erase();
      stderr.write(`${message}\n`);
    },
    out: (text) => void stdout.write(text),
    err: (text) => {
      erase();
      stderr.write(text);
    },
    progress: (lines) => {
      if (!stderr.isTTY) return;
      erase();
      if (lines.length > 0) stderr.write(`${lines.join("\n")}\n`);
      drawn = lines.length;
    },
    ask: (question) => ask(question, options.stopping),
    stdin: readStdin,
    columns: Number(env["COLUMNS"]) || stdout.columns || COLUMNS_DEFAULT,
    stdoutIsTty: stdout.isTTY,
    stderrIsTty: stderr.isTTY,
    env,
    cwd: process.cwd(),
    colors: palette(options.color && colorWanted(env, stdout.isTTY)),
    stopping: options.stopping,
  };
}

/** NO_COLOR and FORCE_COLOR as their conventions say; else only on a terminal. */
function colorWanted(env: NodeJS.ProcessEnv, tty: boolean): boolean {
  if (env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "") return false;
  if (env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "0") return true;
  return tty && env["TERM"] !== "dumb";
}

async function readStdin(bytesMax: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  const stdin: AsyncIterable<Buffer> = process.stdin;
  for await (const bytes of stdin) {
    chunks.push(bytes);
    size += bytes.length;
    if (size >= bytesMax) break;
  }
  return Buffer.concat(chunks).subarray(0, bytesMax);
}

async function ask(question: string, stopping: AbortSignal): Promise<string | null> {
  if (!process.stdin.isTTY) return null;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and Ctrl-D close the reader, and a question to a closed reader is never answered.
  const closed = new Promise<string>((done) => lines.once("close", () => done("")));
  try {
    return await Promise.race([lines.question(question, { signal: stopping }), closed]);
  } catch {
    return "";
  } finally {
    lines.close();
  }
}
