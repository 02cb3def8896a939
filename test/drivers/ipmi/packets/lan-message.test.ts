import { assert, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checksum,
  decodeLanRequest,
  decodeLanResponse,
  encodeLanRequest,
  encodeLanResponse,
  lanRequest,
  lanResponse,
  NET_FN,
} from "../../../../drivers/ipmi/packets/lan-message.ts";
import { expectInverse, byte, bytes, hex, reasonOf, valueOf } from "./arbitraries.ts";

const addressed = {
  responder: byte,
  responderLun: integer({ min: 0, max: 3 }),
  requester: byte,
  requesterLun: integer({ min: 0, max: 3 }),
  rqSeq: integer({ min: 0, max: 63 }),
  netFn: integer({ min: 0, max: 31 }).map((half) => half * 2),
  command: byte,
  data: bytes(0, 60),
};

describe("IPMI messages over LAN (IPMI 2.0, 13.8)", () => {
  it("the bytes and their checksum add up to zero", () => {
    assert(
      property(bytes(0, 40), (some) => {
        expect(checksum(Buffer.concat([some, Buffer.from([checksum(some)])]))).toBe(0);
      }),
    );
  });

  it("writes Get Channel Authentication Capabilities as ipmitool does", () => {
    const request = lanRequest(NET_FN.app, 0x38, hex("8e04"), 0);
    expect(encodeLanRequest(request).toString("hex")).toBe("2018c88100388e04b5");
  });

  it("reads a response, and says which request it answers", () => {
    const response = valueOf(decodeLanResponse(hex("811c6320003800019706030000000007")));
    expect(response).toMatchObject({ netFn: NET_FN.app, command: 0x38, rqSeq: 0, completion: 0 });
    expect(response.data.toString("hex")).toBe("0197060300000000");
  });

  it("answers go to who asked, with the number of the question", () => {
    const request = { ...lanRequest(NET_FN.chassis, 1, hex(""), 9), requesterLun: 2 };
    const bytesOf = encodeLanResponse(lanResponse(request, 0xc1, hex("")));
    expect(valueOf(decodeLanResponse(bytesOf))).toEqual({
      ...request,
      completion: 0xc1,
      data: hex(""),
    });
  });

  it.each([
    ["", "has 0 bytes of at least 8"],
    ["811c63200038", "has 6 bytes"],
    ["811c6420003800019706030000000007", "first checksum is wrong"],
    ["811c6320003800019706030000000008", "second checksum is wrong"],
    ["2018c88100388e04b5", "a request where a response belongs"],
  ])("refuses the response %j: %s", (text, words) => {
    expect(reasonOf(decodeLanResponse(hex(text)))).toContain(words);
  });

  it("refuses a response where a request belongs", () => {
    const answer = decodeLanRequest(hex("811c6320003800019706030000000007"));
    expect(reasonOf(answer)).toContain("a response where a request belongs");
  });

  it("encode and decode of requests and responses are inverse", () => {
    expectInverse(record(addressed), encodeLanRequest, decodeLanRequest);
    expectInverse(record({ ...addressed, completion: byte }), encodeLanResponse, decodeLanResponse);
  });

  it("one changed bit is seen", () => {
    const bytesOf = encodeLanResponse(
      lanResponse(lanRequest(NET_FN.app, 1, hex(""), 3), 0, hex("20810203")),
    );
    for (let bit = 0; bit < bytesOf.length * 8; bit += 1) {
      const other = Buffer.from(bytesOf);
      other.writeUInt8(other.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(decodeLanResponse(other).ok, `bit ${bit}`).toBe(false);
    }
  });
});
