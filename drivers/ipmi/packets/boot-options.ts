import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";

/** Parameters of system boot options (IPMI 2.0, table 28-14). */
export const BOOT_PARAMETERS = {
  setInProgress: 0,
  /** When the BMC takes the valid bit of the boot flags back. */
  validBitClearing: 3,
  acknowledge: 4,
  flags: 5,
} as const;

const PARAMETER_VERSION = 0x01;
const INVALID = 0x80;
const SELECTOR_MASK = 0x7f;
const NIBBLE = 0x0f;

/** Bits of parameter 3 (table 28-14): each says that the valid bit stays then. */
export const KEEP_VALID = {
  powerUp: 0x01,
  reset: 0x02,
  watchdog: 0x04,
  /** Without it the BMC forgets the boot flags when no Chassis Control comes within 60 seconds. */
  timeout: 0x08,
  pef: 0x10,
} as const;

/** Set System Boot Options, request (28.12). */
export interface SetBootOption {
  readonly parameter: number;
  readonly data: Buffer;
}

/** Data of the request. */
export function encodeSetBootOption({ parameter, data }: SetBootOption): Buffer {
  return Buffer.concat([Buffer.from([parameter]), data]);
}

/** Reads the request's data; the bit that locks a parameter is not spoken here and dropped. */
export function decodeSetBootOption(data: Buffer): Decoded<SetBootOption> {
  const short = tooShort(data, 1, "the request");
  if (short !== null) return undecoded(short);
  return decoded({ parameter: data.readUInt8(0) & SELECTOR_MASK, data: data.subarray(1) });
}

/** Data of Get System Boot Options (28.13): parameter, set and block. */
export function encodeGetBootOption(parameter: number): Buffer {
  return Buffer.from([parameter, 0, 0]);
}

/** Reads them; answers the parameter. */
export function decodeGetBootOption(data: Buffer): Decoded<number> {
  const short = tooShort(data, 3, "the request");
  return short === null ? decoded(data.readUInt8(0) & SELECTOR_MASK) : undecoded(short);
}

/** Get System Boot Options, response (28.13). */
export interface BootOption {
  readonly parameter: number;
  /** False where the parameter is marked invalid: what follows means nothing. */
  readonly isValid: boolean;
  readonly data: Buffer;
}

/** Data of the response. */
export function encodeBootOption({ parameter, isValid, data }: BootOption): Buffer {
  const head = Buffer.from([PARAMETER_VERSION, parameter | (isValid ? 0 : INVALID)]);
  return Buffer.concat([head, data]);
}

/** Reads the response's data. */
export function decodeBootOption(data: Buffer): Decoded<BootOption> {
  const short = tooShort(data, 2, "the response");
  if (short !== null) return undecoded(short);
  if ((data.readUInt8(0) & NIBBLE) !== PARAMETER_VERSION)
    return undecoded("its parameter version is not 1");
  const selector = data.readUInt8(1);
  return decoded({
    parameter: selector & SELECTOR_MASK,
    isValid: (selector & INVALID) === 0,
    data: data.subarray(2),
  });
}

/** Boot device selectors of the boot flags (table 28-14, parameter 5, data 2). */
export const BOOT_SELECTORS = {
  none: 0x0,
  pxe: 0x1,
  disk: 0x2,
  safe: 0x3,
  diagnostic: 0x4,
  cdrom: 0x5,
  bios: 0x6,
  remoteFloppy: 0x7,
  remoteCdrom: 0x8,
  remoteMedia: 0x9,
  remoteDisk: 0xb,
  floppy: 0xf,
} as const;

const FLAGS_VALID = 0x80;
const FLAGS_PERSISTENT = 0x40;
const FLAGS_EFI = 0x20;
const FLAGS_BYTES = 5;

/** Boot flags (table 28-14, parameter 5). */
export interface BootFlags {
  /** False: the BIOS looks at none of it; the next boot goes by the machine's own order. */
  readonly isValid: boolean;
  /** Else the next boot alone. */
  readonly isPersistent: boolean;
  /** Else as an old BIOS boots. */
  readonly isEfi: boolean;
  /** A number of `BOOT_SELECTORS`, or one that is reserved. */
  readonly selector: number;
  /**
   * The two low bits of data 2 with data 3 to 5: screen, keyboard lock, console redirection, mux, device instance. They
   * are read so that a change of the device leaves them as they are.
   */
  readonly rest: BootFlagsRest;
}

/** What of the boot flags is kept as it is. */
export interface BootFlagsRest {
  /** Of data 2 all but the device selector. */
  readonly second: number;
  readonly third: number;
  readonly fourth: number;
  readonly fifth: number;
}

/** Nothing of it. */
export const NO_REST: BootFlagsRest = { second: 0, third: 0, fourth: 0, fifth: 0 };
const SELECTOR_BITS = 0x3c;

/** Data of parameter 5. */
export function encodeBootFlags(flags: BootFlags): Buffer {
  const { isValid, isPersistent, isEfi, selector, rest } = flags;
  const bits = [isValid && FLAGS_VALID, isPersistent && FLAGS_PERSISTENT, isEfi && FLAGS_EFI];
  const first = bits.reduce<number>((sum, bit) => sum | (bit === false ? 0 : bit), 0);
  const second = ((selector << 2) & SELECTOR_BITS) | (rest.second & ~SELECTOR_BITS);
  return Buffer.from([first, second, rest.third, rest.fourth, rest.fifth]);
}

/** Reads data of parameter 5; some BMCs leave out the last byte, which IPMI 1.5 does not have. */
export function decodeBootFlags(data: Buffer): Decoded<BootFlags> {
  const short = tooShort(data, FLAGS_BYTES - 1, "the boot flags");
  if (short !== null) return undecoded(short);
  const first = data.readUInt8(0);
  const second = data.readUInt8(1);
  return decoded({
    isValid: (first & FLAGS_VALID) !== 0,
    isPersistent: (first & FLAGS_PERSISTENT) !== 0,
    isEfi: (first & FLAGS_EFI) !== 0,
    selector: (second & SELECTOR_BITS) >> 2,
    rest: {
      second: second & ~SELECTOR_BITS & 0xff,
      third: data.readUInt8(2),
      fourth: data.readUInt8(3),
      fifth: data[4] ?? 0,
    },
  });
}
