import type { ConsoleHolder, Driver, OpenConsole } from "../../../drivers/driver.ts";
import { type Failure, failure } from "../../../schemas/failure.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { plainText } from "../../../schemas/plain-text.ts";
import type { Clock } from "../../run/ports.ts";
import { CommandError } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import type { RawTerminal } from "../raw-terminal.ts";
import type { ConsoleHistory } from "./console-history.ts";
import type { ConsoleLog } from "./console-log.ts";
import type { ConsoleTalk, TalkEnd } from "./console-talk.ts";

/** What a console is run with. */
export interface ConsoleSite {
  readonly node: FleetNode;
  readonly driver: Driver;
  readonly clock: Clock;
  readonly terminal: RawTerminal;
  readonly talk: ConsoleTalk;
  readonly log: ConsoleLog | null;
  readonly history: ConsoleHistory;
  /** Person and host, as history has them. */
  readonly by: string;
  readonly takesOver: boolean;
  /** It is left after so long; null: when the person leaves, or a pipe has come to its end. */
  readonly forMs: number | null;
  /** How it is left, for the first line. */
  readonly wayOut: string;
  /** Asks a person; null when nobody can be asked. */
  readonly ask: (question: string) => Promise<string | null>;
  readonly stopping: AbortSignal;
  /** A line to the person. */
  readonly say: (text: string) => void;
  /** A line that the next one replaces. */
  readonly progress: (text: string) => void;
}

/** An opening that came to a console. */
export interface Connected {
  readonly console: OpenConsole;
  readonly ended: Promise<TalkEnd>;
}

/** As a person reads it, whatever the BMC has said. */
export function whoText({ user, address }: ConsoleHolder): string {
  const who = user === null ? "somebody" : plainText(user);
  return address === null ? who : `${who} (from ${plainText(address)})`;
}

/** A Failure as the end of the command. */
export function failed(node: string, why: Failure): CommandError {
  return new CommandError(EXIT.failed, `${node}: ${why.message}`, why.code);
}

/** A console that is lost by such a Failure may come back. */
export function passes({ kind }: Failure): boolean {
  return kind === "transient" || kind === "waiting";
}

/** The Failure of a console that somebody else has after it was lost. */
export function takenFailure(holder: ConsoleHolder): Failure {
  const fact = `while its console was lost, ${whoText(holder)} has opened it`;
  return failure("conflict", "IW-B27", `${fact}; ask them, or open it again with --take-over`);
}
