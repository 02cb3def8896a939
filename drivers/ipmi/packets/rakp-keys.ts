import { CHECK_VALUE_BYTES, type CipherSuite, rakpHmac } from "./algorithms.ts";
import { roleOf } from "./rakp.ts";
import { zeroPadded } from "./session15.ts";
import type { SessionKeys } from "./session20.ts";

/** K[UID] and Kg are 20 bytes, zeros behind what is shorter (13.31). */
export const KEY_BYTES = 20;

/** What both sides know when RAKP 1 and 2 have passed; codes and keys follow from it (13.31, 13.32). */
export interface Exchange {
  readonly suite: CipherSuite;
  readonly consoleId: number;
  readonly bmcId: number;
  readonly consoleRandom: Buffer;
  readonly bmcRandom: Buffer;
  readonly guid: Buffer;
  readonly privilege: number;
  readonly isNameOnly: boolean;
  readonly username: Buffer;
  /** K[UID]: the user's password. */
  readonly userKey: Buffer;
  /** Kg; null where the BMC has none, and the user's key stands for it (13.31). */
  readonly bmcKey: Buffer | null;
}

/** The code of RAKP 2: the BMC knows the user's key (13.31). */
export function rakp2Code(exchange: Exchange): Buffer {
  const { suite, consoleId, bmcId, consoleRandom, bmcRandom, guid, userKey } = exchange;
  const ids = [idBytes(consoleId), idBytes(bmcId)];
  const parts = [...ids, consoleRandom, bmcRandom, guid, ...roleAndName(exchange)];
  return rakpHmac(suite.rakp, zeroPadded(userKey, KEY_BYTES), parts);
}

/** The code of RAKP 3: the console knows the user's key (13.31). */
export function rakp3Code(exchange: Exchange): Buffer {
  const { suite, consoleId, bmcRandom, userKey } = exchange;
  const parts = [bmcRandom, idBytes(consoleId), ...roleAndName(exchange)];
  return rakpHmac(suite.rakp, zeroPadded(userKey, KEY_BYTES), parts);
}

/** The Session Integrity Key (13.31). */
export function sessionIntegrityKey(exchange: Exchange): Buffer {
  const { suite, consoleRandom, bmcRandom, userKey, bmcKey } = exchange;
  const parts = [consoleRandom, bmcRandom, ...roleAndName(exchange)];
  return rakpHmac(suite.rakp, zeroPadded(bmcKey ?? userKey, KEY_BYTES), parts);
}

/** The integrity check value of RAKP 4: both sides have the same SIK, so the same Kg (13.31). */
export function rakp4Code(exchange: Exchange, sik: Buffer): Buffer {
  const { suite, consoleRandom, bmcId, guid } = exchange;
  const whole = rakpHmac(suite.rakp, sik, [consoleRandom, idBytes(bmcId), guid]);
  return whole.subarray(0, CHECK_VALUE_BYTES[suite.rakp]);
}

/** K1 and K2 of a session (13.32): HMACs of constants of 20 bytes, whatever the hash. */
export function sessionKeys(suite: CipherSuite, sik: Buffer): SessionKeys {
  const k1 = rakpHmac(suite.rakp, sik, [Buffer.alloc(KEY_BYTES, 1)]);
  const k2 = rakpHmac(suite.rakp, sik, [Buffer.alloc(KEY_BYTES, 2)]);
  return { suite, k1, k2 };
}

function roleAndName(exchange: Exchange): readonly Buffer[] {
  const { username } = exchange;
  return [Buffer.from([roleOf(exchange), username.length]), username];
}

function idBytes(id: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(id);
  return bytes;
}
