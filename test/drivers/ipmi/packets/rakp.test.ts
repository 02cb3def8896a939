import { assert, boolean, constant, oneof, option, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CHECK_VALUE_BYTES,
  CIPHER_SUITES,
  EXCHANGE_CODE_BYTES,
} from "../../../../drivers/ipmi/packets/algorithms.ts";
import {
  algorithmNumbers,
  decodeOpenRequest,
  decodeOpenResponse,
  decodeRakp1,
  decodeRakp2,
  decodeRakp3,
  decodeRakp4,
  encodeOpenRequest,
  encodeOpenResponse,
  encodeRakp1,
  encodeRakp2,
  encodeRakp3,
  encodeRakp4,
  suiteOf,
} from "../../../../drivers/ipmi/packets/rakp.ts";
import {
  rakp2Code,
  rakp3Code,
  rakp4Code,
  sessionIntegrityKey,
  sessionKeys,
} from "../../../../drivers/ipmi/packets/rakp-keys.ts";
import {
  expectInverse,
  byte,
  bytes,
  hex,
  nibble,
  reasonOf,
  status,
  suite,
  valueOf,
  word32,
} from "./arbitraries.ts";

const refusal = record({ tag: byte, status, sessionId: word32 });
const OK = constant<0>(0);

describe("Open Session (IPMI 2.0, 13.17 and 13.18)", () => {
  it("encode and decode are inverse", () => {
    const algorithms = suite.map(algorithmNumbers);
    const request = record({ tag: byte, privilege: nibble, consoleId: word32, algorithms });
    expectInverse(request, encodeOpenRequest, decodeOpenRequest);
    const taken = record({
      tag: byte,
      status: OK,
      privilege: nibble,
      consoleId: word32,
      bmcId: word32,
      algorithms,
    });
    expectInverse(oneof(taken, refusal), encodeOpenResponse, decodeOpenResponse);
  });

  it("finds the suite of three numbers, and none for others", () => {
    for (const one of CIPHER_SUITES) expect(suiteOf(algorithmNumbers(one))).toBe(one);
    expect(suiteOf({ rakp: 1, integrity: 4, confidentiality: 1 })).toBeUndefined();
    expect(suiteOf({ rakp: 0, integrity: 0, confidentiality: 0 })).toBeUndefined();
  });

  it("takes a refusal that ends after its status", () => {
    expect(valueOf(decodeOpenResponse(hex("0011")))).toEqual({
      tag: 0,
      status: 0x11,
      sessionId: null,
    });
  });

  it.each([
    ["", "has 0 bytes of at least 2"],
    ["0000", "has 2 bytes of at least 36"],
    [`${"00".repeat(12)}01000008${"00".repeat(20)}`, "out of order"],
  ])("refuses %j: %s", (text, words) => {
    expect(reasonOf(decodeOpenResponse(hex(text)))).toContain(words);
  });
});

describe("RAKP messages (IPMI 2.0, 13.20 to 13.23)", () => {
  it("encode and decode of message 1 are inverse", () => {
    const message = record({
      tag: byte,
      bmcId: word32,
      consoleRandom: bytes(16),
      privilege: nibble,
      isNameOnly: boolean(),
      username: bytes(0, 16),
    });
    expectInverse(message, encodeRakp1, decodeRakp1);
  });

  it("encode and decode of messages 2, 3 and 4 are inverse, with codes of the suite's length", () => {
    for (const { rakp } of CIPHER_SUITES) {
      const code = bytes(EXCHANGE_CODE_BYTES[rakp]);
      const two = record({
        tag: byte,
        status: OK,
        consoleId: word32,
        bmcRandom: bytes(16),
        guid: bytes(16),
        code,
      });
      expectInverse(oneof(two, refusal), encodeRakp2, (some) => decodeRakp2(some, rakp));
      const three = record({ tag: byte, status: byte, bmcId: word32, code });
      expectInverse(three, encodeRakp3, decodeRakp3);
      const four = record({
        tag: byte,
        status: OK,
        consoleId: word32,
        code: bytes(CHECK_VALUE_BYTES[rakp]),
      });
      expectInverse(oneof(four, refusal), encodeRakp4, (some) => decodeRakp4(some, rakp));
    }
  });

  it("a code of another length than the algorithm's is refused", () => {
    const two = hex(`00000000a4a3a2a0${"00".repeat(32)}${"11".repeat(20)}`);
    expect(decodeRakp2(two, "hmac-sha1").ok).toBe(true);
    expect(reasonOf(decodeRakp2(two, "hmac-sha256"))).toContain("which hmac-sha256 does not make");
    const four = hex(`00000000a4a3a2a0${"11".repeat(16)}`);
    expect(decodeRakp4(four, "hmac-sha256").ok).toBe(true);
    expect(reasonOf(decodeRakp4(four, "hmac-sha1"))).toContain("which hmac-sha1 does not make");
  });

  it("a user name of more than 16 bytes, or cut off, is refused (13.20)", () => {
    const head = "00".repeat(27);
    expect(reasonOf(decodeRakp1(hex(`${head}11${"41".repeat(17)}`)))).toContain("longer than 16");
    expect(reasonOf(decodeRakp1(hex(`${head}044142`)))).toContain("cut off");
  });
});

describe("codes and keys (IPMI 2.0, 13.31 and 13.32)", () => {
  const exchange = record({
    suite,
    consoleId: word32,
    bmcId: word32,
    consoleRandom: bytes(16),
    bmcRandom: bytes(16),
    guid: bytes(16),
    privilege: nibble,
    isNameOnly: boolean(),
    username: bytes(0, 16),
    userKey: bytes(1, 20),
    bmcKey: option(bytes(20), { nil: null }),
  });

  it("codes have the length of the suite's algorithm, and keys differ from each other", () => {
    assert(
      property(exchange, (one) => {
        const { rakp } = one.suite;
        expect(rakp2Code(one)).toHaveLength(EXCHANGE_CODE_BYTES[rakp]);
        expect(rakp3Code(one)).toHaveLength(EXCHANGE_CODE_BYTES[rakp]);
        const sik = sessionIntegrityKey(one);
        expect(rakp4Code(one, sik)).toHaveLength(CHECK_VALUE_BYTES[rakp]);
        const { k1, k2 } = sessionKeys(one.suite, sik);
        expect(k1.equals(k2)).toBe(false);
      }),
    );
  });

  it("a wrong password changes the codes of RAKP 2 and 3; a wrong Kg only that of RAKP 4", () => {
    assert(
      property(exchange, (one) => {
        const userKey = Buffer.from(one.userKey);
        userKey.writeUInt8(userKey.readUInt8(0) ^ 1, 0);
        const other = { ...one, userKey };
        expect(rakp2Code(other).equals(rakp2Code(one))).toBe(false);
        expect(rakp3Code(other).equals(rakp3Code(one))).toBe(false);
        const keyed = { ...one, bmcKey: Buffer.alloc(20, 0xa5) };
        const twice = { ...one, bmcKey: Buffer.alloc(20, 0x5a) };
        expect(rakp2Code(keyed).equals(rakp2Code(twice))).toBe(true);
        expect(rakp3Code(keyed).equals(rakp3Code(twice))).toBe(true);
        const codes = [keyed, twice].map((at) => rakp4Code(at, sessionIntegrityKey(at)));
        expect(codes[0]!.equals(codes[1]!)).toBe(false);
      }),
    );
  });
});
