#!/usr/bin/env node
import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";
import { CommanderError } from "commander";
import { codeOf } from "../run/store/node-files.ts";
import { storeFailure } from "../run/store/store-files.ts";
import { buildProgram, printedAlready } from "./build-program.ts";
import { CommandError } from "./command.ts";
import { COMMANDS } from "./command-table.ts";
import { compose } from "./compose.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { LOG_LEVELS } from "./io.ts";
import { nodeIo } from "./node-io.ts";

/** The story of one run: words in, an exit code out. */
async function main(argv: readonly string[], stopping: AbortSignal): Promise<ExitCode> {
  const house = compose(version(), process.env);
  let exit: ExitCode = EXIT.done;
  const program = buildProgram(COMMANDS, {
    io: ({ color, logLevel }) =>
      nodeIo({
        color,
        logLevel: LOG_LEVELS.find((level) => level === logLevel) ?? "info",
        stopping,
      }),
    house,
    version: house.version,
    exit: (code) => {
      exit = code;
    },
  });
  if (argv.length === 0) {
    program.outputHelp();
    return EXIT.usage;
  }
  try {
    await program.parseAsync([...argv], { from: "user" });
  } finally {
    house.close();
  }
  return exit;
}

/** The first signal finishes what runs; the second leaves at once. Both leave the journal whole. */
function stopOnSignals(controller: AbortController): void {
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.failed);
    controller.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}

/**
 * A reader that went away (`| head`) has all that it wants, and a full disk takes no more: either is a
 * first signal, never an end in the middle of an act. An answer that was lost to the disk is a failure.
 */
function stopWithoutReader(controller: AbortController): void {
  let isLost = false;
  process.stdout.on("error", (error) => {
    if (codeOf(error) !== "EPIPE" && !isLost) {
      isLost = true;
      // The stream says so after the write, which may be after main has come to its own end.
      process.on("exit", (code) => {
        if (code === EXIT.done || code === EXIT.pending) process.exitCode = EXIT.failed;
      });
      say(`the answer cannot be written to stdout: ${error.message}`);
    }
    controller.abort();
  });
  // Without a reader of the story there is nobody left to tell of it.
  process.stderr.on("error", () => controller.abort());
}

function version(): string {
  const path = new URL("../../../package.json", import.meta.url);
  const text: unknown = JSON.parse(readFileSync(path, "utf8"));
  return typeof text === "object" && text !== null && "version" in text
    ? String(text.version)
    : "unknown";
}

/** Says what ended the run, in one line, and how it counts. */
function ending(error: unknown): ExitCode {
  if (printedAlready(error))
    return error instanceof CommanderError && error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof CommandError) {
    say(`${error.message}${error.code === null ? "" : `   ${error.code}`}`);
    return error.exit;
  }
  try {
    // A disk that is full or read-only can stop any command; the sentence is the same everywhere.
    const path =
      typeof error === "object" && error !== null && "path" in error ? String(error.path) : "";
    if (codeOf(error) !== "") {
      const why = storeFailure(path, error);
      say(`${why.message}   ${why.code}`);
      return EXIT.invalid;
    }
  } catch {
    // Not a matter of disks: a bug, below.
  }
  const debug = process.argv.includes("debug");
  say(
    `a bug in ironwright: ${error instanceof Error ? error.message : String(error)}; please report it, with --log-level debug`,
  );
  if (debug && error instanceof Error) say(error.stack ?? "");
  return EXIT.bug;
}

function say(text: string): void {
  process.stderr.write(`ironwright: ${text}\n`);
}

const stopping = new AbortController();
// Every flow of an apply listens while it waits.
setMaxListeners(0, stopping.signal);
stopOnSignals(stopping);
stopWithoutReader(stopping);
process.exitCode = await main(process.argv.slice(2), stopping.signal).catch(ending);
