import * as boot from "../../../../drivers/ipmi/packets/boot-options.ts";
import * as chassis from "../../../../drivers/ipmi/packets/chassis.ts";
import * as device from "../../../../drivers/ipmi/packets/device.ts";
import * as fru from "../../../../drivers/ipmi/packets/fru.ts";
import { type LanRequest, NET_FN } from "../../../../drivers/ipmi/packets/lan-message.ts";
import * as sdr from "../../../../drivers/ipmi/packets/sdr.ts";
import * as sel from "../../../../drivers/ipmi/packets/sel.ts";
import * as commands from "../../../../drivers/ipmi/packets/session-commands.ts";

/** What a small BMC is told. */
export interface SmallOptions {
  readonly username?: string;
  readonly password?: string;
  /** Null: none. */
  readonly kg?: Buffer | null;
  readonly suites?: readonly number[];
  /** What it says that it takes; default: what it takes. Null leaves the question unanswered. */
  readonly listed?: readonly number[] | null;
  readonly speaks20?: boolean;
  readonly md5?: boolean;
  /** The highest privilege of its user. */
  readonly privilege?: number;
  readonly slots?: number;
  readonly uuid?: string | null;
  readonly fru?: fru.Fru;
  readonly manufacturer?: number;
  readonly family?: "udp4" | "udp6";
}

/** A command that it was sent in a session. */
export interface SeenCommand {
  readonly netFn: number;
  readonly command: number;
  readonly data: Buffer;
}

/** A completion code, with data where it is 0; null leaves the request unanswered. */
export type Answer = { readonly completion: number; readonly data?: Buffer } | null;

const OK: Answer = { completion: 0 };

/** The machine behind a small BMC, and what its commands do to it. */
export class SmallIpmiMachine<S extends { privilege: number }> {
  readonly options: Required<SmallOptions>;
  readonly seen: SeenCommand[] = [];
  readonly sessions = new Map<number, S>();
  isOn = false;
  /** Whole records of its repository; the first byte is the low one of the id. */
  sdrs: readonly Buffer[] = [];
  sdrReservation = 5;
  /** Raw readings by sensor number; null: none just now. */
  readings: ReadonlyMap<number, number | null> = new Map();
  log: readonly sel.SelRecord[] = [];
  identify: chassis.IdentifyState = "off";
  flags = Buffer.from("0000000000", "hex");
  keepValid = 0;
  /** Answers a command in place of what it would do; undefined: as ever. */
  misbehave: (seen: SeenCommand) => Answer | undefined = () => undefined;

  constructor(options: SmallOptions) {
    this.options = {
      username: "root",
      password: "calvin",
      kg: null,
      suites: [17, 3],
      listed: options.suites ?? [17, 3],
      speaks20: true,
      md5: true,
      privilege: 4,
      slots: 4,
      uuid: "4c4c4544-0038-4b00-8053-b7c04f343633",
      fru: { product: { manufacturer: "Contoso", serial: "S-1" } },
      manufacturer: 674,
      family: "udp4",
      ...options,
    };
  }

  /** Commands that change something, sessions left out. */
  mutations(): readonly SeenCommand[] {
    const mutating = [
      [NET_FN.chassis, chassis.CHASSIS_COMMANDS.control],
      [NET_FN.chassis, chassis.CHASSIS_COMMANDS.identify],
      [NET_FN.chassis, chassis.CHASSIS_COMMANDS.setBootOptions],
      [NET_FN.app, device.DEVICE_COMMANDS.coldReset],
      [NET_FN.app, device.DEVICE_COMMANDS.warmReset],
      [NET_FN.storage, sel.SEL_COMMANDS.clear],
    ];
    return this.seen.filter(({ netFn, command }) =>
      mutating.some(([one, other]) => one === netFn && other === command),
    );
  }

  /** What a command in a session is answered. */
  protected command(request: LanRequest, session: S): Answer {
    const { netFn, command, data } = request;
    const seen = { netFn, command, data: Buffer.from(data) };
    this.seen.push(seen);
    const wrong = this.misbehave(seen);
    if (wrong !== undefined) return wrong;
    if (netFn === NET_FN.chassis) return this.#chassis(command, data, session);
    if (netFn === NET_FN.storage) return this.#storage(command, data);
    if (netFn === NET_FN.sensor && command === sdr.SENSOR_COMMANDS.getReading)
      return this.#reading(data);
    return netFn === NET_FN.app ? this.#app(command, data, session) : { completion: 0xc1 };
  }

  #app(command: number, data: Buffer, session: S): Answer {
    switch (command) {
      case commands.SESSION_COMMANDS.setSessionPrivilege: {
        const asked = commands.decodePrivilege(data);
        if (!asked.ok || asked.value > this.options.privilege) return { completion: 0x81 };
        session.privilege = asked.value;
        return { completion: 0, data: commands.encodePrivilege(asked.value) };
      }
      case commands.SESSION_COMMANDS.closeSession: {
        const asked = commands.decodeCloseSession(data);
        const isThere = asked.ok && this.sessions.delete(asked.value);
        return { completion: isThere ? 0 : 0x87 };
      }
      case device.DEVICE_COMMANDS.getDeviceId:
        return {
          completion: 0,
          data: device.encodeDeviceId({
            id: 1,
            revision: 1,
            isUpdating: false,
            firmware: "2.51",
            ipmiVersion: "2.0",
            manufacturer: this.options.manufacturer,
            product: 1,
          }),
        };
      case device.DEVICE_COMMANDS.getSystemGuid: {
        const { uuid } = this.options;
        const blank = Buffer.alloc(16);
        return {
          completion: 0,
          data: uuid === null ? blank : device.encodeSystemGuid(uuid, "smbios"),
        };
      }
      case device.DEVICE_COMMANDS.coldReset:
      case device.DEVICE_COMMANDS.warmReset:
        return OK;
      default:
        return { completion: 0xc1 };
    }
  }

  #storage(command: number, data: Buffer): Answer {
    if (command === sdr.SDR_COMMANDS.reserve)
      return { completion: 0, data: sel.encodeReservation(this.sdrReservation) };
    if (command === sdr.SDR_COMMANDS.get) return this.#sdr(data);
    if (command >= sel.SEL_COMMANDS.getInfo) return this.#sel(command, data);
    const bytes = fru.encodeFru(this.options.fru);
    if (command === fru.FRU_COMMANDS.getAreaInfo)
      return {
        completion: 0,
        data: fru.encodeFruAreaInfo({ bytes: bytes.length, isByWords: false }),
      };
    const asked = fru.decodeFruRead(data);
    if (command !== fru.FRU_COMMANDS.read || !asked.ok) return { completion: 0xc1 };
    const { offset, count } = asked.value;
    return { completion: 0, data: fru.encodeFruPart(bytes.subarray(offset, offset + count)) };
  }

  #sdr(data: Buffer): Answer {
    const asked = sdr.decodeSdrRequest(data);
    if (!asked.ok) return { completion: 0xc7 };
    const { reservation, record, offset, count } = asked.value;
    if (reservation !== this.sdrReservation) return { completion: 0xc5 };
    const at = record === sdr.SDR_FIRST ? 0 : this.sdrs.findIndex((one) => one[0] === record);
    const bytes = this.sdrs[at];
    if (bytes === undefined) return { completion: 0xcb };
    if (count > 22) return { completion: 0xca };
    const next = this.sdrs[at + 1]?.[0] ?? sdr.SDR_LAST;
    const part = { next, bytes: bytes.subarray(offset, offset + count) };
    return { completion: 0, data: sdr.encodeSdrPart(part) };
  }

  #reading([number = 0]: Buffer): Answer {
    const raw = this.readings.get(number);
    if (raw === undefined) return { completion: 0xcb };
    const isThere = raw !== null;
    return { completion: 0, data: sdr.encodeSensorReading({ raw: raw ?? 0, isThere }) };
  }

  #sel(command: number, data: Buffer): Answer {
    const { length: entryCount } = this.log;
    if (command === sel.SEL_COMMANDS.getInfo)
      return { completion: 0, data: sel.encodeSelInfo({ entryCount, addedAt: 0, erasedAt: 0 }) };
    if (command === sel.SEL_COMMANDS.reserve)
      return { completion: 0, data: sel.encodeReservation(7) };
    if (command === sel.SEL_COMMANDS.clear) {
      const asked = sel.decodeClearSel(data);
      if (!asked.ok || asked.value.reservation !== 7) return { completion: 0xc5 };
      this.log = [];
      return { completion: 0, data: Buffer.from([1]) };
    }
    const asked = sel.decodeSelEntryRequest(data);
    if (command !== sel.SEL_COMMANDS.getEntry || !asked.ok) return { completion: 0xc1 };
    const record =
      asked.value === sel.SEL_LAST
        ? this.log.at(-1)
        : this.log.find(({ id }) => id === asked.value);
    if (record === undefined) return { completion: 0xcb };
    return { completion: 0, data: sel.encodeSelEntry({ next: sel.SEL_LAST, record }) };
  }

  #chassis(command: number, data: Buffer, session: S): Answer {
    const isChange = command !== 1 && command !== chassis.CHASSIS_COMMANDS.getBootOptions;
    if (isChange && session.privilege < 3) return { completion: 0xd4 };
    switch (command) {
      case chassis.CHASSIS_COMMANDS.getStatus: {
        const { isOn, identify } = this;
        const status = { isOn, hasPowerFault: false, identify };
        return { completion: 0, data: chassis.encodeChassisStatus(status) };
      }
      case chassis.CHASSIS_COMMANDS.control: {
        const asked = chassis.decodeControl(data);
        if (!asked.ok) return { completion: 0xcc };
        if (asked.value === "on") this.isOn = true;
        if (asked.value === "off" || asked.value === "softOff") this.isOn = false;
        return OK;
      }
      case chassis.CHASSIS_COMMANDS.identify: {
        const asked = chassis.decodeIdentify(data);
        if (asked.ok) this.identify = asked.value.isForced ? "on" : "off";
        return OK;
      }
      case chassis.CHASSIS_COMMANDS.setBootOptions:
        return this.#setBootOption(data);
      case chassis.CHASSIS_COMMANDS.getBootOptions:
        return this.#bootOption(data);
      default:
        return { completion: 0xc1 };
    }
  }

  #setBootOption(data: Buffer): Answer {
    const asked = boot.decodeSetBootOption(data);
    if (!asked.ok) return { completion: 0xc7 };
    if (asked.value.parameter === boot.BOOT_PARAMETERS.flags)
      this.flags = Buffer.from(asked.value.data);
    else if (asked.value.parameter === boot.BOOT_PARAMETERS.validBitClearing)
      this.keepValid = asked.value.data[0] ?? 0;
    else return { completion: 0x80 };
    return OK;
  }

  #bootOption(data: Buffer): Answer {
    const asked = boot.decodeGetBootOption(data);
    if (!asked.ok) return { completion: 0xc7 };
    const parameter = asked.value;
    const held: Readonly<Record<number, Buffer>> = {
      [boot.BOOT_PARAMETERS.flags]: this.flags,
      [boot.BOOT_PARAMETERS.validBitClearing]: Buffer.from([this.keepValid]),
    };
    const value = held[parameter];
    if (value === undefined) return { completion: 0x80 };
    return {
      completion: 0,
      data: boot.encodeBootOption({ parameter, isValid: true, data: value }),
    };
  }
}
