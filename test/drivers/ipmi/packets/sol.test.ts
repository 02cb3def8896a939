import { boolean, integer, record } from "fast-check";
import { describe, expect, it } from "vitest";
import * as sol from "../../../../drivers/ipmi/packets/sol.ts";
import { byte, bytes, expectInverse, hex, nibble, reasonOf, valueOf } from "./arbitraries.ts";

const word = integer({ min: 0, max: 0xffff });

describe("Activate and Deactivate Payload (IPMI 2.0, 24.1 and 24.2)", () => {
  it("asks as ipmitool does: SOL, instance 1, encrypted and signed", () => {
    const asked = { instance: 1, isEncrypted: true, isAuthenticated: true };
    expect(sol.encodeActivateSol(asked).toString("hex")).toBe("0101c0000000");
    expect(sol.encodeDeactivateSol(1).toString("hex")).toBe("010100000000");
    expect(sol.PAYLOAD_COMMANDS).toEqual({
      activate: 0x48,
      deactivate: 0x49,
      getActivationStatus: 0x4a,
      getInstanceInfo: 0x4b,
    });
    expect(sol.ACTIVATE_COMPLETIONS.alreadyActive).toBe(sol.ALREADY_INACTIVE);
  });

  it("encode and decode are inverse", () => {
    const asked = record({ instance: nibble, isEncrypted: boolean(), isAuthenticated: boolean() });
    expectInverse(asked, sol.encodeActivateSol, sol.decodeActivateSol);
    expectInverse(nibble, sol.encodeDeactivateSol, sol.decodeDeactivateSol);
    const activated = record({ inboundBytes: word, outboundBytes: word, port: word });
    expectInverse(activated, sol.encodeSolActivated, sol.decodeSolActivated);
  });

  it("another payload, or too few bytes, is refused", () => {
    expect(reasonOf(sol.decodeActivateSol(hex("0201c0000000")))).toContain("not SOL");
    expect(reasonOf(sol.decodeDeactivateSol(hex("01")))).toContain("at least 2");
    expect(reasonOf(sol.decodeSolActivated(hex("00000000")))).toContain("at least 10");
  });
});

describe("SOL packets (IPMI 2.0, 15.9)", () => {
  const packet = {
    number: nibble,
    acknowledged: nibble,
    acceptedCount: byte,
    isRefused: boolean(),
    letters: bytes(0, 40),
    isBreak: boolean(),
  };

  it("encode and decode are inverse in both directions", () => {
    const toBmc = record({ ...packet, flushesInbound: boolean(), flushesOutbound: boolean() });
    expectInverse(toBmc, sol.encodeSolToBmc, sol.decodeSolToBmc);
    const toConsole = record({
      ...packet,
      isUnavailable: boolean(),
      isEnding: boolean(),
      isOverrun: boolean(),
    });
    expectInverse(toConsole, sol.encodeSolToConsole, sol.decodeSolToConsole);
  });

  it("numbers run from 1 to 15 and begin again, 0 only acknowledges", () => {
    const numbers = [0];
    for (let count = 0; count < 16; count += 1) numbers.push(sol.nextSolNumber(numbers.at(-1)!));
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1]);
    expect(valueOf(sol.decodeSolToConsole(hex("00010500")))).toMatchObject({
      number: 0,
      acknowledged: 1,
      acceptedCount: 5,
      isRefused: false,
    });
  });

  it("a packet without a whole header is refused", () => {
    expect(reasonOf(sol.decodeSolToConsole(hex("000102")))).toContain("has 3 bytes");
    expect(reasonOf(sol.decodeSolToBmc(hex("")))).toContain("has 0 bytes");
  });
});
