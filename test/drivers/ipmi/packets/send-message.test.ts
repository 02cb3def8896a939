import { constantFrom, record } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeSendMessage,
  encodeSendMessage,
} from "../../../../drivers/ipmi/packets/send-message.ts";
import { bytes, expectInverse, hex, nibble, reasonOf, valueOf } from "./arbitraries.ts";

describe("Send Message (IPMI 2.0, 22.7)", () => {
  it.each([
    ["", "has 0 bytes of at least 1"],
    ["c724", "is reserved"],
  ])("refuses %j: %s", (text, words) => {
    expect(reasonOf(decodeSendMessage(hex(text)))).toContain(words);
  });

  it.each([
    ["untracked", "07"],
    ["tracked", "47"],
    ["raw", "87"],
  ] as const)("the first byte says the channel, and that the answer is %s", (handling, first) => {
    const data = encodeSendMessage({ channel: 7, handling, message: hex("2400dc") });
    expect(data.toString("hex")).toBe(`${first}2400dc`);
  });

  it("authentication and encryption at the other channel are let be", () => {
    expect(valueOf(decodeSendMessage(hex("7724")))).toEqual({
      channel: 7,
      handling: "tracked",
      message: hex("24"),
    });
  });

  it("encode and decode are inverse", () => {
    const handling = constantFrom("untracked", "tracked", "raw");
    const sent = record({ channel: nibble, handling, message: bytes(0, 40) });
    expectInverse(sent, encodeSendMessage, decodeSendMessage);
  });
});
