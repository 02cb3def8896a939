import {
  DEVICE_COMMANDS,
  encodeDeviceId,
  encodeSystemGuid,
  type GuidOrder,
} from "../../ipmi/packets/device.ts";
import {
  decodeFruRead,
  encodeFru,
  encodeFruAreaInfo,
  encodeFruPart,
  FRU_COMMANDS,
} from "../../ipmi/packets/fru.ts";
import { NET_FN } from "../../ipmi/packets/lan-message.ts";
import { MANAGER_FIRMWARE } from "../resources.ts";
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

const GET_SELF_TEST = 0x04;
const GET_DEVICE_GUID = 0x08;
const GUID_BYTES = 16;

/** The commands about the BMC itself and the machine's inventory. */
export const DEVICE_ROWS: readonly CommandRow[] = [
  {
    netFn: NET_FN.app,
    command: DEVICE_COMMANDS.getDeviceId,
    name: "Get Device ID",
    privilege: "user",
    answer: deviceId,
  },
  {
    netFn: NET_FN.app,
    command: DEVICE_COMMANDS.coldReset,
    name: "Cold Reset",
    privilege: "administrator",
    acts: "machine",
    answer: restart,
  },
  {
    netFn: NET_FN.app,
    command: DEVICE_COMMANDS.warmReset,
    name: "Warm Reset",
    privilege: "administrator",
    acts: "machine",
    answer: restart,
  },
  {
    netFn: NET_FN.app,
    command: GET_SELF_TEST,
    name: "Get Self Test Results",
    privilege: "user",
    // 55h: no error (20.4).
    answer: () => answered([0x55, 0]),
  },
  {
    netFn: NET_FN.app,
    command: GET_DEVICE_GUID,
    name: "Get Device GUID",
    privilege: "user",
    answer: (_asked, site) => answered(systemGuid(site)),
  },
  {
    netFn: NET_FN.app,
    command: DEVICE_COMMANDS.getSystemGuid,
    name: "Get System GUID",
    // Before a login too (22.14).
    privilege: null,
    answer: (_asked, site) => answered(systemGuid(site)),
  },
  {
    netFn: NET_FN.storage,
    command: FRU_COMMANDS.getAreaInfo,
    name: "Get FRU Inventory Area Info",
    privilege: "user",
    answer: fruAreaInfo,
  },
  {
    netFn: NET_FN.storage,
    command: FRU_COMMANDS.read,
    name: "Read FRU Data",
    privilege: "user",
    answer: fruRead,
  },
];

/** IANA enterprise numbers of makers whose machines are simulated; RFC 5612 keeps 32473 for examples. */
const ENTERPRISES = { Dell: 674, HPE: 47_196, Lenovo: 19_046, Supermicro: 10_876 } as const;
const EXAMPLE_ENTERPRISE = 32_473;

function deviceId(_asked: CommandAsked, { machine }: CommandSite): CommandAnswer {
  const { manufacturer } = machine.identity;
  const known = Object.entries(ENTERPRISES).find(([maker]) => maker === manufacturer);
  const [major = "1", minor = "0"] = MANAGER_FIRMWARE.split(".");
  const bytes = encodeDeviceId({
    id: 0x20,
    revision: 1,
    isUpdating: false,
    firmware: `${major}.${minor}`,
    ipmiVersion: "2.0",
    manufacturer: known?.[1] ?? EXAMPLE_ENTERPRISE,
    product: 1,
  });
  // What else it is (20.1): chassis, FRU, SEL, SDR and sensors.
  bytes.writeUInt8(0x8f, 5);
  return answered(bytes);
}

/** Sessions are gone at once; the machine goes on as it is. */
function restart(
  _asked: CommandAsked,
  { memory, slots, now, resetMs }: CommandSite,
): CommandAnswer {
  memory.silentUntil = now + resetMs;
  memory.bootFlags = null;
  slots.forget();
  return done("the BMC restarts");
}

/** The GUID as a BMC says it, in its own order of bytes. */
export function systemGuid({ machine, fault }: Pick<CommandSite, "machine" | "fault">): Buffer {
  const order = fault("ipmi-guid")?.argument ?? "smbios";
  if (order === "blank") return Buffer.alloc(GUID_BYTES);
  const orders: readonly GuidOrder[] = ["smbios", "rfc4122", "ipmi"];
  const known = orders.find((one) => one === order) ?? "smbios";
  return encodeSystemGuid(machine.identity.uuid, known);
}

/** What the machine's inventory says: who it is, as by Redfish. */
function fruOf({ machine }: CommandSite): Buffer {
  const { serial, manufacturer } = machine.identity;
  const { model } = machine.spec;
  return encodeFru({
    chassis: { part: model, serial },
    board: { manufacturer, product: `${model} board`, serial: `B${serial}`, part: `${model}-MB` },
    product: {
      manufacturer,
      name: model,
      part: model,
      version: "1",
      serial,
      asset: machine.spec.name,
    },
  });
}

/** The machine itself is FRU 0; there is no other (34.1). */
function fruAreaInfo({ data }: CommandAsked, site: CommandSite): CommandAnswer {
  if (data.length < 1) return refused(COMPLETION.wrongLength);
  if (data[0] !== 0) return refused(COMPLETION.notPresent);
  return answered(encodeFruAreaInfo({ bytes: fruOf(site).length, isByWords: false }));
}

function fruRead({ data }: CommandAsked, site: CommandSite): CommandAnswer {
  const asked = decodeFruRead(data);
  if (!asked.ok) return refused(COMPLETION.wrongLength);
  const { fru, offset, count } = asked.value;
  if (fru !== 0) return refused(COMPLETION.notPresent);
  const whole = fruOf(site);
  if (offset >= whole.length) return refused(COMPLETION.outOfRange);
  return answered(encodeFruPart(whole.subarray(offset, offset + count)));
}
