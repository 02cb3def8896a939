import type { ConsoleHolder, DriverPorts } from "../../driver.ts";
import { measureBy } from "../../net/measure-by.ts";
import { oneLine } from "../../net/plain-words.ts";
import { askCommand, type Command, type CommandAnswer } from "../ask-command.ts";
import { READS } from "../commands.ts";
import { hexByte } from "../ipmi-faults.ts";
import { type Asked, type IpmiWire, retryWaits, type Timings } from "../ipmi-wire.ts";
import type { Session20 } from "../live-session.ts";
import { NET_FN } from "../packets/lan-message.ts";
import {
  decodeSessionInfo,
  decodeUserName,
  encodeGetUserName,
  encodeSessionInfoById,
  WHO_COMMANDS,
} from "../packets/session-info.ts";
import {
  decodeSolInstanceInfo,
  encodeActivateSol,
  encodeDeactivateSol,
  encodeSolInstanceInfo,
  PAYLOAD_COMMANDS,
} from "../packets/sol.ts";
import type { SessionKeeper } from "../session-keeper.ts";

/** BMCs have one console, and call it 1. */
const INSTANCE = 1;

/** For the end of a console: a dead BMC must not hold a person who leaves. Milliseconds, for each of two sendings. */
const LEAVE_WAITS = [400, 800] as const;

/** What the session of a console is spoken with. */
export interface SolAt {
  readonly wire: IpmiWire;
  readonly keeper: SessionKeeper;
  readonly session: Session20;
  readonly ports: DriverPorts;
  readonly timings: Timings;
  readonly signal?: AbortSignal | undefined;
}

function app(command: number, data: Buffer): Command {
  return { netFn: NET_FN.app, command, data };
}

/** Commands that change whose the console is; the others only read. */
const ACTS: ReadonlySet<number> = new Set([PAYLOAD_COMMANDS.activate, PAYLOAD_COMMANDS.deactivate]);

async function ask(
  { wire, keeper, session, ports, signal }: SolAt,
  command: Command,
  waits: readonly number[],
): Promise<Asked<CommandAnswer>> {
  const told = measureBy(ports)(ACTS.has(command.command) ? "act" : "read");
  const rqSeq = keeper.nextRqSeq();
  const asked = await askCommand(wire, session, { command, rqSeq, waits, signal });
  told(asked.ok ? hexByte(asked.value.completion) : asked.failure.code);
  return asked;
}

function waitsOf({ ports, timings }: SolAt): readonly number[] {
  return retryWaits(ports.settings.limits.requestSeconds * 1000, timings);
}

/** Asks for the console, encrypted and signed. */
export function activateSol(at: SolAt): Promise<Asked<CommandAnswer>> {
  const how = { instance: INSTANCE, isEncrypted: true, isAuthenticated: true };
  return ask(at, app(PAYLOAD_COMMANDS.activate, encodeActivateSol(how)), waitsOf(at));
}

/** Ends it, whosever it is; answers what stands in the way. */
export function deactivateSol(at: SolAt): Promise<Asked<CommandAnswer>> {
  return ask(at, app(PAYLOAD_COMMANDS.deactivate, encodeDeactivateSol(INSTANCE)), waitsOf(at));
}

/** Ends one's own, best effort. */
export async function leaveSol(at: SolAt): Promise<void> {
  const command = app(PAYLOAD_COMMANDS.deactivate, encodeDeactivateSol(INSTANCE));
  const asked = await ask(at, command, LEAVE_WAITS);
  if (!asked.ok) at.ports.debug(`${at.wire.thing}: the console was not ended`);
}

/** True where the BMC answers in this session within a time, in milliseconds. */
export async function isAlive(at: SolAt, aliveMs: number): Promise<boolean> {
  const asked = await ask(at, READS.deviceId, retryWaits(aliveMs, at.timings));
  return asked.ok;
}

/** Whose session has the console; null where the BMC does not say. */
export async function holdingSession(at: SolAt): Promise<number | null> {
  const data = await answerOf(
    at,
    PAYLOAD_COMMANDS.getInstanceInfo,
    encodeSolInstanceInfo(INSTANCE),
  );
  const id = data === null ? null : decodeSolInstanceInfo(data);
  return id?.ok === true && id.value !== 0 ? id.value : null;
}

/** Who that is, as far as the BMC tells a user of this level. */
export async function holderOf(at: SolAt, sessionId: number | null): Promise<ConsoleHolder> {
  const unknown: ConsoleHolder = { user: null, address: null };
  if (sessionId === null) return unknown;
  const data = await answerOf(at, WHO_COMMANDS.getSessionInfo, encodeSessionInfoById(sessionId));
  const info = data === null ? null : decodeSessionInfo(data);
  if (info?.ok !== true || info.value === null) return unknown;
  const { userId, address } = info.value;
  const name = await answerOf(at, WHO_COMMANDS.getUserName, encodeGetUserName(userId));
  const user = name === null ? "" : oneLine(decodeUserName(name));
  return { user: user === "" ? `user ${userId}` : user, address };
}

async function answerOf(at: SolAt, command: number, data: Buffer): Promise<Buffer | null> {
  const asked = await ask(at, app(command, data), waitsOf(at));
  return asked.ok && asked.value.completion === 0 ? asked.value.data : null;
}
