import { assert, constantFrom, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CIPHER_SUITES,
  encryptPayload,
  decryptPayload,
} from "../../../../drivers/ipmi/packets/algorithms.ts";
import {
  decodeSession20,
  encodeSession20,
  openSession20,
  PAYLOAD_TYPES,
  type PayloadType,
  sealSession20,
} from "../../../../drivers/ipmi/packets/session20.ts";
import { sessionKeys } from "../../../../drivers/ipmi/packets/rakp-keys.ts";
import { bytes, hex, reasonOf, suite, valueOf, word32 } from "./arbitraries.ts";

const types = Object.keys(PAYLOAD_TYPES) as PayloadType[];
const packet = record({
  type: constantFrom(...types),
  sessionId: word32,
  sequence: word32,
  payload: bytes(0, 80),
});
const IV = hex("000102030405060708090a0b0c0d0e0f");
const [SUITE_17, SUITE_3] = CIPHER_SUITES;

describe("the RMCP+ wrapper (IPMI 2.0, table 13-8)", () => {
  it("outside a session encode and decode are inverse", () => {
    assert(
      property(packet, (one) => {
        const read = valueOf(decodeSession20(encodeSession20(one)));
        expect(read).toMatchObject({ ...one, isEncrypted: false, isAuthenticated: false });
      }),
    );
  });

  it("in a session sealing and opening are inverse, with either suite", () => {
    assert(
      property(packet, suite, bytes(32), bytes(16), (one, spoken, sik, iv) => {
        const keys = sessionKeys(spoken, sik);
        const read = valueOf(decodeSession20(sealSession20(one, keys, iv)));
        expect(valueOf(openSession20(read, keys))).toEqual(one);
      }),
    );
  });

  it("what is signed is a multiple of four bytes, padded with FFh (13.28.4)", () => {
    for (const spoken of CIPHER_SUITES) {
      const keys = sessionKeys(spoken, Buffer.alloc(32, 7));
      const one = { type: "ipmi", sessionId: 1, sequence: 1, payload: hex("0102") } as const;
      const body = sealSession20(one, keys, IV);
      const codeBytes = spoken.id === 17 ? 16 : 12;
      expect((body.length - codeBytes) % 4).toBe(0);
      expect(body.subarray(-codeBytes - 4, -codeBytes).toString("hex")).toBe("ffff0207");
    }
  });

  it("every changed bit of a sealed packet is seen (13.28.4)", () => {
    for (const spoken of CIPHER_SUITES) {
      const keys = sessionKeys(spoken, Buffer.alloc(32, 7));
      const one = { type: "ipmi", sessionId: 5, sequence: 6, payload: hex("010203") } as const;
      const body = sealSession20(one, keys, IV);
      for (let bit = 0; bit < body.length * 8; bit += 1) {
        const other = Buffer.from(body);
        other.writeUInt8(other.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const read = decodeSession20(other);
        const isTaken = read.ok && openSession20(read.value, keys).ok;
        expect(isTaken, `suite ${spoken.id}, bit ${bit}`).toBe(false);
      }
    }
  });

  it("a packet of a session that is not signed, not encrypted, or signed by another is refused", () => {
    const keys = sessionKeys(SUITE_17!, Buffer.alloc(32, 7));
    const one = { type: "ipmi", sessionId: 5, sequence: 6, payload: hex("010203") } as const;
    const plain = valueOf(decodeSession20(encodeSession20(one)));
    expect(reasonOf(openSession20(plain, keys))).toBe("it is not signed");
    expect(reasonOf(openSession20({ ...plain, isAuthenticated: true }, keys))).toBe(
      "it is not encrypted",
    );
    const sealed = valueOf(decodeSession20(sealSession20(one, keys, IV)));
    const others = sessionKeys(SUITE_17!, Buffer.alloc(32, 8));
    expect(reasonOf(openSession20(sealed, others))).toBe("its integrity code is wrong");
    expect(reasonOf(openSession20(sealed, sessionKeys(SUITE_3!, Buffer.alloc(32, 7))))).toContain(
      "integrity code is wrong",
    );
  });

  it.each([
    ["", "has 0 bytes of at least 12"],
    ["060000000000000000000100", "the payload is cut off"],
    ["063f00000000000000000000", "payload type 63 is not known"],
    ["070000000000000000000000", "not RMCP+"],
  ])("refuses %j: %s", (text, words) => {
    expect(reasonOf(decodeSession20(hex(text)))).toContain(words);
  });

  it("a sealed packet that is cut off is refused at every length", () => {
    const keys = sessionKeys(SUITE_3!, Buffer.alloc(20, 7));
    const body = sealSession20(
      { type: "ipmi", sessionId: 5, sequence: 6, payload: hex("010203") },
      keys,
      IV,
    );
    for (let length = 0; length < body.length; length += 1) {
      const read = decodeSession20(body.subarray(0, length));
      expect(read.ok && openSession20(read.value, keys).ok, `${length} bytes`).toBe(false);
    }
  });
});

describe("AES-CBC-128 of payloads (IPMI 2.0, 13.29)", () => {
  it("pads with 01h, 02h, 03h and the count, to whole blocks", () => {
    const k2 = Buffer.alloc(20, 9);
    for (const length of [0, 1, 14, 15, 16, 31]) {
      const secret = encryptPayload(k2, IV, Buffer.alloc(length, 3));
      expect(secret.length % 16).toBe(0);
      expect(secret.length).toBe(16 + Math.ceil((length + 1) / 16) * 16);
      expect(valueOf(decryptPayload(k2, secret))).toEqual(Buffer.alloc(length, 3));
    }
  });

  it("refuses what is not whole blocks, and a wrong pad", () => {
    const k2 = Buffer.alloc(20, 9);
    expect(reasonOf(decryptPayload(k2, IV))).toContain("not whole blocks");
    expect(reasonOf(decryptPayload(k2, Buffer.alloc(33)))).toContain("not whole blocks");
    expect(reasonOf(decryptPayload(k2, Buffer.alloc(3)))).toContain("not whole blocks");
    // Decrypted with another key the pad is noise.
    const secret = encryptPayload(k2, IV, hex("0102"));
    expect(reasonOf(decryptPayload(Buffer.alloc(20, 8), secret))).toContain("confidentiality pad");
  });
});
