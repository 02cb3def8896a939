import { array, boolean, constantFrom, integer, record, subarray } from "fast-check";
import { describe, expect, it } from "vitest";
import type { AuthType } from "../../../../drivers/ipmi/packets/session15.ts";
import {
  decodeActivated,
  decodeActivateRequest,
  decodeAuthCapabilities,
  decodeAuthCapabilitiesRequest,
  decodeChallenge,
  decodeChallengeRequest,
  decodeCloseSession,
  decodePrivilege,
  decodeSuiteRecords,
  decodeSuitesRequest,
  encodeActivated,
  encodeActivateRequest,
  encodeAuthCapabilities,
  encodeAuthCapabilitiesRequest,
  encodeChallenge,
  encodeChallengeRequest,
  encodeCloseSession,
  encodePrivilege,
  encodeSuiteRecords,
  encodeSuitesRequest,
} from "../../../../drivers/ipmi/packets/session-commands.ts";
import { expectInverse, bytes, hex, nibble, reasonOf, valueOf, word32 } from "./arbitraries.ts";

const AUTH: readonly AuthType[] = ["none", "md5", "password"];
const authType = constantFrom(...AUTH);
const six = integer({ min: 0, max: 63 });

describe("Get Channel Authentication Capabilities (IPMI 2.0, 22.13)", () => {
  it("reads what ipmi_sim says: every type of 1.5, named and null users, both versions", () => {
    expect(valueOf(decodeAuthCapabilities(hex("0197060300000000")))).toEqual({
      channel: 1,
      authTypes: ["none", "md5", "password"],
      hasKg: false,
      isPerMessageAuthOff: false,
      isUserAuthOff: false,
      hasNamedUsers: true,
      hasNullUsers: true,
      hasAnonymous: false,
      speaks15: true,
      speaks20: true,
    });
  });

  it("a BMC that says nothing of versions speaks 1.5 alone", () => {
    const said = valueOf(decodeAuthCapabilities(hex("0117040000000000")));
    expect(said).toMatchObject({ speaks15: true, speaks20: false });
  });

  it("encode and decode are inverse", () => {
    const request = record({ channel: nibble, isExtended: boolean(), privilege: nibble });
    expectInverse(request, encodeAuthCapabilitiesRequest, decodeAuthCapabilitiesRequest);
    const said = record({
      channel: nibble,
      authTypes: subarray([...AUTH]),
      hasKg: boolean(),
      isPerMessageAuthOff: boolean(),
      isUserAuthOff: boolean(),
      hasNamedUsers: boolean(),
      hasNullUsers: boolean(),
      hasAnonymous: boolean(),
      speaks15: boolean(),
      speaks20: boolean(),
    });
    expectInverse(said, (one) => encodeAuthCapabilities(one, true), decodeAuthCapabilities);
  });
});

describe("sessions of IPMI 1.5 (IPMI 2.0, 22.16 and 22.17)", () => {
  it("encode and decode of challenge and activation are inverse", () => {
    const name = bytes(0, 16).filter((one) => !one.includes(0));
    expectInverse(
      record({ authType, username: name }),
      encodeChallengeRequest,
      decodeChallengeRequest,
    );
    expectInverse(
      record({ temporaryId: word32, challenge: bytes(16) }),
      encodeChallenge,
      decodeChallenge,
    );
    const request = record({
      authType,
      privilege: nibble,
      challenge: bytes(16),
      outboundSequence: word32,
    });
    expectInverse(request, encodeActivateRequest, decodeActivateRequest);
    const activated = record({
      authType,
      sessionId: word32,
      inboundSequence: word32,
      privilege: nibble,
    });
    expectInverse(activated, encodeActivated, decodeActivated);
  });
});

describe("Set Session Privilege Level and Close Session (IPMI 2.0, 22.18 and 22.19)", () => {
  it("encode and decode are inverse", () => {
    expectInverse(nibble, encodePrivilege, decodePrivilege);
    expectInverse(word32, encodeCloseSession, decodeCloseSession);
  });
});

describe("Get Channel Cipher Suites (IPMI 2.0, 22.15)", () => {
  it("encode and decode are inverse", () => {
    const request = record({ channel: nibble, payloadType: six, index: six });
    expectInverse(request, encodeSuitesRequest, decodeSuitesRequest);
    const suites = array(
      record({
        id: integer({ min: 0, max: 255 }),
        rakp: six,
        integrity: six,
        confidentiality: six,
      }),
      { maxLength: 20 },
    );
    expectInverse(suites, encodeSuiteRecords, decodeSuiteRecords);
  });

  it("reads suites without all algorithms, and leaves out those of an OEM", () => {
    const list = hex("c0 00 00 40 80  c1 80 570100 01 41 81  c0 03 01 41 81  c0 01 01");
    expect(valueOf(decodeSuiteRecords(list))).toEqual([
      { id: 0, rakp: 0, integrity: 0, confidentiality: 0 },
      { id: 3, rakp: 1, integrity: 1, confidentiality: 1 },
      { id: 1, rakp: 1, integrity: 0, confidentiality: 0 },
    ]);
  });

  it.each([
    ["05", "begins with the byte 5"],
    ["c0", "cut off"],
    ["c18057", "cut off"],
  ])("refuses %j: %s", (text, words) => {
    expect(reasonOf(decodeSuiteRecords(hex(text)))).toContain(words);
  });
});

describe("data that are too few", () => {
  it("are refused by every reader", () => {
    const readers = [
      decodeAuthCapabilitiesRequest,
      decodeAuthCapabilities,
      decodeChallengeRequest,
      decodeChallenge,
      decodeActivateRequest,
      decodeActivated,
      decodePrivilege,
      decodeCloseSession,
      decodeSuitesRequest,
    ];
    for (const read of readers) expect(reasonOf(read(hex(""))), read.name).toContain("of at least");
  });
});
