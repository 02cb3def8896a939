import { boolean, constantFrom, record, constant } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeAsf,
  decodeRmcp,
  encodeAsf,
  encodeRmcp,
  type Rmcp,
  RMCP_NO_ACK,
} from "../../../../drivers/ipmi/packets/rmcp.ts";
import { expectInverse, byte, bytes, hex, reasonOf, valueOf, word32 } from "./arbitraries.ts";

describe("RMCP (IPMI 2.0, 13.1.3)", () => {
  it.each([
    ["", "has 0 bytes of at least 4"],
    ["0600ff", "has 3 bytes of at least 4"],
    ["0500ff07", "not RMCP version 1.0"],
    ["0600ff08", "class 8 is neither ASF nor IPMI"],
  ])("refuses %j: %s", (text, words) => {
    expect(reasonOf(decodeRmcp(hex(text)))).toContain(words);
  });

  it("an IPMI message has version 6, sequence 255 and class 7", () => {
    const body = hex("aabb");
    const text = encodeRmcp({ kind: "ipmi", sequence: RMCP_NO_ACK, body }).toString("hex");
    expect(text).toBe("0600ff07aabb");
  });

  it("encode and decode are inverse", () => {
    const rmcp = record({
      kind: constantFrom<Rmcp["kind"]>("asf", "ipmi", "ack"),
      sequence: byte,
      body: bytes(0, 40),
    });
    expectInverse(rmcp, encodeRmcp, decodeRmcp);
  });
});

describe("ASF presence (IPMI 2.0, 13.2.3 and 13.2.4)", () => {
  it("a ping is the bytes of the specification, and a pong is read", () => {
    expect(encodeAsf({ type: "ping", tag: 0 }).toString("hex")).toBe("000011be80000000");
    // What ipmi_sim of OpenIPMI answers.
    const pong = hex("000011be40000010 000011be 00000000 81 00 000000000000");
    expect(valueOf(decodeAsf(pong))).toEqual({
      type: "pong",
      tag: 0,
      oemIana: 4542,
      oemDefined: 0,
      speaksIpmi: true,
    });
  });

  it.each([
    ["000011be", "has 4 bytes of at least 8"],
    ["000011bf80000000", "no message of ASF"],
    ["000011be41000000", "type 65 is neither ping nor pong"],
    ["000011be40000010000011be", "cut off"],
    ["000011be40000008000011be000000008100000000000000", "cut off"],
  ])("refuses %j: %s", (text, words) => {
    expect(reasonOf(decodeAsf(hex(text)))).toContain(words);
  });

  it("encode and decode are inverse", () => {
    const pong = record({
      type: constant<"pong">("pong"),
      tag: byte,
      oemIana: word32,
      oemDefined: word32,
      speaksIpmi: boolean(),
    });
    expectInverse(pong, encodeAsf, decodeAsf);
    const ping = record({ type: constant<"ping">("ping"), tag: byte });
    expectInverse(ping, encodeAsf, decodeAsf);
  });
});
