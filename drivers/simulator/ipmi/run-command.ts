import type { LanRequest } from "../../ipmi/packets/lan-message.ts";
import type { Fault } from "../faults.ts";
import { CHASSIS_ROWS } from "./chassis-commands.ts";
import {
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

/** Every command that a simulated BMC knows, but for those that open a session. */
const ROWS: ReadonlyMap<number, CommandRow> = new Map(
  [
    ...SESSION_ROWS,
    ...DEVICE_ROWS,
    ...CHASSIS_ROWS,
    ...SEL_ROWS,
    ...SENSOR_ROWS,
    ...PAYLOAD_ROWS,
  ].map((row) => [keyOf(row), row]),
);

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
): Ran {
  const row = ROWS.get(keyOf(request));
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
