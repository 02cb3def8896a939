import { type LanRequest, NET_FN } from "../../ipmi/packets/lan-message.ts";
import { SEND_MESSAGE } from "../../ipmi/packets/send-message.ts";
import type { Fault } from "../faults.ts";
import { CHASSIS_ROWS } from "./chassis-commands.ts";
import {
  answered,
  type CommandAnswer,
  type CommandRow,
  type CommandSite,
  COMPLETION,
  isEnough,
  refused,
} from "./command.ts";
import { DEVICE_ROWS } from "./device-commands.ts";
import { PAYLOAD_ROWS } from "./payload-commands.ts";
import { SEL_ROWS } from "./sel-commands.ts";
import { SENSOR_ROWS } from "./sensor-commands.ts";
import { SESSION_ROWS } from "./session-commands.ts";
import type { SimulatedSession } from "./session-slots.ts";

/** Commands by network function and number. */
export type CommandRows = ReadonlyMap<number, CommandRow>;

/** What a controller knows of its machine and of itself. */
const MACHINE_ROWS = [...DEVICE_ROWS, ...CHASSIS_ROWS, ...SEL_ROWS, ...SENSOR_ROWS];
const LAN_ROWS = [...SESSION_ROWS, ...MACHINE_ROWS, ...PAYLOAD_ROWS];

/** Taken, when it is allowed; what becomes of it is the bridge's to say. */
const SEND_MESSAGE_ROW: CommandRow = {
  netFn: NET_FN.app,
  command: SEND_MESSAGE,
  name: "Send Message",
  privilege: "user",
  answer: () => answered([]),
};

/** Every command that a simulated BMC knows, but for those that open a session. */
export const BMC_ROWS = byKey(LAN_ROWS);
/** The same of one that passes on to others. */
export const CHASSIS_BMC_ROWS = byKey([...LAN_ROWS, SEND_MESSAGE_ROW]);
/** Those of a controller behind it, which has no LAN and no sessions. */
export const SATELLITE_ROWS = byKey(MACHINE_ROWS);

function byKey(rows: readonly CommandRow[]): CommandRows {
  return new Map(rows.map((row) => [keyOf(row), row]));
}

function keyOf({ netFn, command }: Pick<CommandRow, "netFn" | "command">): number {
  return (netFn << 8) | command;
}

/** What a command came to; `act`: the command, where it is one that is written down. */
export interface Ran {
  readonly answer: CommandAnswer;
  readonly act: CommandRow | null;
}

/** Does and answers one command. */
export function runCommand(
  request: LanRequest,
  session: SimulatedSession | null,
  site: CommandSite,
  rows: CommandRows,
): Ran {
  const row = rows.get(keyOf(request));
  const act = row?.acts === undefined ? null : row;
  const hindrance = hindranceOf(row, session, site);
  if (row === undefined || hindrance !== null)
    return { answer: refused(hindrance ?? COMPLETION.unknownCommand), act };
  return { answer: row.answer({ data: request.data, session }, site), act };
}

/** The completion code by which a command is refused before it is looked at; null where it is not. */
function hindranceOf(
  row: CommandRow | undefined,
  session: SimulatedSession | null,
  site: CommandSite,
): number | null {
  const needed = row?.privilege ?? "callback";
  const isOpen = row !== undefined && row.privilege === null;
  if (!isOpen && (session === null || !isEnough(session.privilege, needed)))
    return COMPLETION.noPrivilege;
  if (session === null) return row === undefined ? COMPLETION.unknownCommand : null;
  const busy = site.take("ipmi-busy");
  if (busy !== null) return codeIn(busy, COMPLETION.busy);
  const refusal = row?.acts === "machine" ? site.take("ipmi-refuse") : null;
  if (refusal !== null) return codeIn(refusal, COMPLETION.wrongState);
  return row === undefined ? COMPLETION.unknownCommand : null;
}

/** The completion code that a fault names, as `2/d2`. */
function codeIn({ argument }: Fault, without: number): number {
  const code = /\/([0-9a-f]{2})$/.exec(argument ?? "")?.[1];
  return code === undefined ? without : Number.parseInt(code, 16);
}
