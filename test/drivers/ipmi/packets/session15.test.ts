import { assert, constantFrom, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AuthType,
  decodeSession15,
  encodeSession15,
  isAuthentic15,
} from "../../../../drivers/ipmi/packets/session15.ts";
import { bytes, hex, reasonOf, valueOf, word32 } from "./arbitraries.ts";

const session = record({
  authType: constantFrom<AuthType>("none", "md5", "password"),
  sequence: word32,
  sessionId: word32,
  payload: bytes(0, 120),
});

describe("the IPMI 1.5 session wrapper (IPMI 2.0, table 13-8)", () => {
  it("encode and decode are inverse, and the code fits", () => {
    assert(
      property(session, bytes(0, 16), (one, password) => {
        const read = valueOf(decodeSession15(encodeSession15(one, password)));
        expect(read).toMatchObject(one);
        expect(read.authCode === null).toBe(one.authType === "none");
        expect(isAuthentic15(read, password)).toBe(true);
      }),
    );
  });

  it("with MD5 another password, number, session or payload is seen (22.17.1)", () => {
    const one = { authType: "md5", sequence: 7, sessionId: 9, payload: hex("0102") } as const;
    const password = Buffer.from("secret");
    const read = valueOf(decodeSession15(encodeSession15(one, password)));
    expect(isAuthentic15(read, Buffer.from("secreT"))).toBe(false);
    expect(isAuthentic15({ ...read, sequence: 8 }, password)).toBe(false);
    expect(isAuthentic15({ ...read, sessionId: 8 }, password)).toBe(false);
    expect(isAuthentic15({ ...read, payload: hex("0103") }, password)).toBe(false);
  });

  it("a password of MD5 is not in the packet", () => {
    const one = { authType: "md5", sequence: 1, sessionId: 1, payload: hex("00") } as const;
    expect(encodeSession15(one, Buffer.from("calvin")).includes("calvin")).toBe(false);
  });

  it("a datagram of 56, 84, 112, 128 or 156 bytes gets a legacy pad (13.6), which the reader drops", () => {
    for (const length of [56, 84, 112, 128, 156]) {
      const payload = Buffer.alloc(length - 4 - 10, 5);
      const one = { authType: "none", sequence: 0, sessionId: 0, payload } as const;
      const body = encodeSession15(one, Buffer.alloc(0));
      expect(body.length + 4).toBe(length + 1);
      expect(valueOf(decodeSession15(body)).payload).toEqual(payload);
    }
  });

  it.each([
    ["", "has 0 bytes of at least 10"],
    ["00000000000000000005aabb", "the payload is cut off"],
    ["00000000000000000001aabbcc", "bytes follow the payload"],
    ["0100000000000000000000", "authentication type 1 is not known"],
    ["0200000000000000000000", "the session header is cut off"],
  ])("refuses %j: %s", (text, words) => {
    expect(reasonOf(decodeSession15(hex(text)))).toContain(words);
  });
});
