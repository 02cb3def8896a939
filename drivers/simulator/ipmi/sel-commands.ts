import { NET_FN } from "../../ipmi/packets/lan-message.ts";
import type { Machine } from "../machine.ts";
import {
  answered,
  type CommandAnswer,
  type CommandAsked,
  type CommandRow,
  type CommandSite,
  COMPLETION,
  done,
  refused,
} from "./command.ts";
import { seconds, selRecord } from "./sel-records.ts";

/** Commands of network function Storage about the SEL (IPMI 2.0, table G-1). */
const SEL = { getInfo: 0x40, reserve: 0x42, getEntry: 0x43, clear: 0x47, getTime: 0x48 } as const;
const SEL_VERSION = 0x51;
const RECORD_BYTES = 16;
/** Records of a small BMC. */
const RECORDS_MAX = 512;
const CAN_RESERVE = 0x02;
const FIRST_RECORD = 0x0000;
const LAST_RECORD = 0xffff;
const WHOLE_RECORD = 0xff;
const CLEAR_NOW = 0xaa;
const CLEAR_STATUS = 0x00;
const CLEAR_DONE = 0x01;
/** Where a time is not known. */
const NO_TIME = 0xffff_ffff;

/** The system event log: the machine's own, which Redfish shows too. */
export const SEL_ROWS: readonly CommandRow[] = [
  row(SEL.getInfo, "Get SEL Info", "user", info),
  row(SEL.reserve, "Reserve SEL", "user", reserve),
  row(SEL.getEntry, "Get SEL Entry", "user", entry),
  { ...row(SEL.clear, "Clear SEL", "operator", clear), acts: "machine" },
  row(SEL.getTime, "Get SEL Time", "user", (_asked, { now }) => answered(word32(seconds(now)))),
];

function row(
  command: number,
  name: string,
  privilege: CommandRow["privilege"],
  answer: CommandRow["answer"],
): CommandRow {
  return { netFn: NET_FN.storage, command, name, privilege, answer };
}

function word32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function info(_asked: CommandAsked, { machine }: CommandSite): CommandAnswer {
  const { log, logClearedAt } = machine;
  const added = log.at(-1)?.at;
  const bytes = Buffer.alloc(14);
  bytes.writeUInt8(SEL_VERSION, 0);
  bytes.writeUInt16LE(log.length, 1);
  bytes.writeUInt16LE((RECORDS_MAX - log.length) * RECORD_BYTES, 3);
  bytes.writeUInt32LE(added === undefined ? NO_TIME : seconds(added), 5);
  bytes.writeUInt32LE(logClearedAt === null ? NO_TIME : seconds(logClearedAt), 9);
  bytes.writeUInt8(CAN_RESERVE, 13);
  return answered(bytes);
}

function reserve(_asked: CommandAsked, { memory }: CommandSite): CommandAnswer {
  memory.selReservation = (memory.selReservation % 0xffff) + 1;
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(memory.selReservation);
  return answered(bytes);
}

/** 31.5: 0000h is the oldest, FFFFh the newest; a part of a record needs the reservation. */
function entry({ data }: CommandAsked, { machine, memory }: CommandSite): CommandAnswer {
  if (data.length < 6) return refused(COMPLETION.wrongLength);
  const wanted = data.readUInt16LE(2);
  const offset = data.readUInt8(4);
  if (offset > 0 && data.readUInt16LE(0) !== memory.selReservation)
    return refused(COMPLETION.reservationLost);
  const at = placeOf(machine, wanted);
  const found = machine.log[at];
  if (found === undefined) return refused(COMPLETION.notPresent);
  if (offset >= RECORD_BYTES) return refused(COMPLETION.outOfRange);
  const count = data.readUInt8(5);
  const part = selRecord(found).subarray(
    offset,
    count === WHOLE_RECORD ? undefined : offset + count,
  );
  const next = Buffer.alloc(2);
  next.writeUInt16LE((machine.log[at + 1]?.id ?? LAST_RECORD) & 0xffff);
  return answered(Buffer.concat([next, part]));
}

function placeOf({ log }: Machine, wanted: number): number {
  if (wanted === FIRST_RECORD) return 0;
  if (wanted === LAST_RECORD) return log.length - 1;
  return log.findIndex(({ id }) => (id & 0xffff) === wanted);
}

/** 31.9: "CLR" after the reservation, then what to do. */
function clear({ data }: CommandAsked, { machine, memory, now }: CommandSite): CommandAnswer {
  if (data.length < 6) return refused(COMPLETION.wrongLength);
  if (data.readUInt16LE(0) !== memory.selReservation) return refused(COMPLETION.reservationLost);
  if (data.toString("latin1", 2, 5) !== "CLR") return refused(COMPLETION.wrongField);
  const what = data.readUInt8(5);
  if (what === CLEAR_STATUS) return { ...done("nothing: it only asks"), ...answered([CLEAR_DONE]) };
  if (what !== CLEAR_NOW) return refused(COMPLETION.wrongField);
  machine.clearLog(now);
  // A new event ends the reservation.
  memory.selReservation = (memory.selReservation % 0xffff) + 1;
  return { ...done("the log is empty"), ...answered([CLEAR_DONE]) };
}
