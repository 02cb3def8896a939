import { describe, expect, it } from "vitest";
import { CIPHER_SUITES } from "../../../../drivers/ipmi/packets/algorithms.ts";
import * as boot from "../../../../drivers/ipmi/packets/boot-options.ts";
import * as chassis from "../../../../drivers/ipmi/packets/chassis.ts";
import { decodeDatagram } from "../../../../drivers/ipmi/packets/datagram.ts";
import type { Decoded } from "../../../../drivers/ipmi/packets/decoded.ts";
import * as device from "../../../../drivers/ipmi/packets/device.ts";
import * as fru from "../../../../drivers/ipmi/packets/fru.ts";
import * as lan from "../../../../drivers/ipmi/packets/lan-message.ts";
import * as rakp from "../../../../drivers/ipmi/packets/rakp.ts";
import { sessionKeys } from "../../../../drivers/ipmi/packets/rakp-keys.ts";
import {
  newWindow,
  received,
  WINDOW_20,
} from "../../../../drivers/ipmi/packets/sequence-window.ts";
import * as sdr from "../../../../drivers/ipmi/packets/sdr.ts";
import * as sel from "../../../../drivers/ipmi/packets/sel.ts";
import * as commands from "../../../../drivers/ipmi/packets/session-commands.ts";
import * as sessionInfo from "../../../../drivers/ipmi/packets/session-info.ts";
import { isAuthentic15 } from "../../../../drivers/ipmi/packets/session15.ts";
import { openSession20, sealSession20 } from "../../../../drivers/ipmi/packets/session20.ts";
import { hex } from "./arbitraries.ts";
import * as send from "../../../../drivers/ipmi/packets/send-message.ts";
import * as sol from "../../../../drivers/ipmi/packets/sol.ts";
import { COUNT, FUZZ_MS, GROWTH_MAX, mutated, randomOf, SEED } from "./fuzzing.ts";
import { MD5_15, SUITE_3 } from "./captured.ts";

const keys = sessionKeys(CIPHER_SUITES[0]!, Buffer.alloc(32, 3));
const PASSWORD = Buffer.from("s3cret-pw");

const seeds: readonly Buffer[] = [
  fru.encodeFru({ chassis: { serial: "A1" }, board: { part: "B2" }, product: { serial: "C3" } }),
  ...[...SUITE_3, ...MD5_15].map((line) => hex(line.slice(2))),
  Buffer.concat([
    hex("0600ff07"),
    sealSession20(
      { type: "ipmi", sessionId: 1, sequence: 1, payload: hex("811c6320003800c8") },
      keys,
      Buffer.alloc(16, 1),
    ),
  ]),
];

const READERS: readonly ((bytes: Buffer) => Decoded<unknown>)[] = [
  lan.decodeLanRequest,
  lan.decodeLanResponse,
  rakp.decodeOpenRequest,
  rakp.decodeOpenResponse,
  rakp.decodeRakp1,
  (bytes) => rakp.decodeRakp2(bytes, "hmac-sha1"),
  (bytes) => rakp.decodeRakp2(bytes, "hmac-sha256"),
  rakp.decodeRakp3,
  (bytes) => rakp.decodeRakp4(bytes, "hmac-sha1"),
  (bytes) => rakp.decodeRakp4(bytes, "hmac-sha256"),
  commands.decodeAuthCapabilitiesRequest,
  commands.decodeAuthCapabilities,
  commands.decodeChallengeRequest,
  commands.decodeChallenge,
  commands.decodeActivateRequest,
  commands.decodeActivated,
  commands.decodePrivilege,
  commands.decodeCloseSession,
  commands.decodeSuitesRequest,
  commands.decodeSuiteRecords,
  chassis.decodeControl,
  chassis.decodeChassisStatus,
  chassis.decodeIdentify,
  boot.decodeSetBootOption,
  boot.decodeGetBootOption,
  boot.decodeBootOption,
  boot.decodeBootFlags,
  device.decodeDeviceId,
  (bytes) => device.decodeSystemGuid(bytes),
  fru.decodeFru,
  fru.fruBytesNeeded,
  fru.decodeFruRead,
  fru.decodeFruAreaInfo,
  (bytes) => fru.decodeFruPart(bytes, 2),
  send.decodeSendMessage,
  sol.decodeActivateSol,
  sol.decodeSolActivated,
  sol.decodeDeactivateSol,
  sol.decodeSolToBmc,
  sol.decodeSolToConsole,
  sol.decodeSolInstanceInfo,
  sessionInfo.decodeSessionInfo,
  sdr.decodeSdrRequest,
  sdr.decodeSdrPart,
  sdr.sdrLength,
  sdr.decodeFullSensor,
  sdr.decodeSensorReading,
  sel.decodeSelInfo,
  sel.decodeReservation,
  sel.decodeSelEntryRequest,
  sel.decodeSelEntry,
  sel.decodeClearSel,
];

/** Shows bytes to everything that reads some. */
function readAll(bytes: Buffer): void {
  const datagram = decodeDatagram(bytes);
  const inner: Buffer[] = [bytes, bytes.subarray(4), bytes.subarray(16)];
  if (datagram.ok && datagram.value.kind === "ipmi15") {
    isAuthentic15(datagram.value.session, PASSWORD);
    inner.push(datagram.value.session.payload);
  }
  if (datagram.ok && datagram.value.kind === "ipmi20") {
    const { session } = datagram.value;
    inner.push(session.payload);
    openSession20(session, keys);
    received(newWindow(WINDOW_20, 1), session.sequence);
  }
  for (const some of inner) for (const read of READERS) read(some);
}

describe("decoders", () => {
  it(
    `answer ${COUNT} random and mutated packets without a throw and without growth`,
    { timeout: FUZZ_MS },
    () => {
      const random = randomOf(SEED);
      const before = process.memoryUsage().heapUsed;
      for (let at = 0; at < COUNT; at += 1) {
        const bytes = mutated(random, seeds);
        try {
          readAll(bytes);
        } catch (error) {
          throw new Error(`packet ${at} of SEED=${SEED}: ${bytes.toString("hex")}`, {
            cause: error,
          });
        }
      }
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(GROWTH_MAX);
    },
  );
});
