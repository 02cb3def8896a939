import { describe, expect, it } from "vitest";
import { decodeDatagram, ipmiDatagram } from "../../../../drivers/ipmi/packets/datagram.ts";
import {
  encodeLanRequest,
  lanRequest,
  NET_FN,
  RQ_SEQ_COUNT,
} from "../../../../drivers/ipmi/packets/lan-message.ts";
import { PRIVILEGES, type Privilege } from "../../../../drivers/ipmi/packets/rakp.ts";
import { encodeAsf, encodeRmcp } from "../../../../drivers/ipmi/packets/rmcp.ts";
import {
  encodeAuthCapabilitiesRequest,
  encodeSuitesRequest,
  SESSION_COMMANDS,
  SUITE_LIST_BYTES,
  THIS_CHANNEL,
} from "../../../../drivers/ipmi/packets/session-commands.ts";
import { encodeSession15 } from "../../../../drivers/ipmi/packets/session15.ts";
import { encodeSession20 } from "../../../../drivers/ipmi/packets/session20.ts";
import { hex, reasonOf, valueOf } from "./arbitraries.ts";

const OUTSIDE = { sequence: 0, sessionId: 0 };

describe("datagrams", () => {
  it("the first question to a BMC has the bytes of the field's tools (IPMI 2.0, 22.13)", () => {
    const highest: Privilege = "administrator";
    const data = encodeAuthCapabilitiesRequest({
      channel: THIS_CHANNEL,
      isExtended: true,
      privilege: PRIVILEGES[highest],
    });
    const command = SESSION_COMMANDS.getChannelAuthCapabilities;
    const payload = encodeLanRequest(lanRequest(NET_FN.app, command, data, 0));
    const body = encodeSession15({ authType: "none", ...OUTSIDE, payload }, hex(""));
    expect(ipmiDatagram(body).toString("hex")).toBe(
      "0600ff07000000000000000000092018c88100388e04b5",
    );
  });

  it("are told apart: ASF, IPMI 1.5 and RMCP+", () => {
    const ping = encodeRmcp({
      kind: "asf",
      sequence: 0,
      body: encodeAsf({ type: "ping", tag: 3 }),
    });
    expect(valueOf(decodeDatagram(ping))).toEqual({
      kind: "asf",
      message: { type: "ping", tag: 3 },
    });
    const payload = hex("01");
    const old = ipmiDatagram(encodeSession15({ authType: "none", ...OUTSIDE, payload }, hex("")));
    expect(valueOf(decodeDatagram(old)).kind).toBe("ipmi15");
    const plus = ipmiDatagram(encodeSession20({ type: "rakp1", ...OUTSIDE, payload }));
    expect(valueOf(decodeDatagram(plus)).kind).toBe("ipmi20");
  });

  it("an acknowledgement and an empty packet are nothing", () => {
    const ack = encodeRmcp({ kind: "ack", sequence: 9, body: hex("") });
    expect(reasonOf(decodeDatagram(ack))).toContain("acknowledgement");
    expect(reasonOf(decodeDatagram(hex("0600ff07")))).toContain("has 0 bytes");
  });

  it("six bits number the requests, and sixteen bytes of a list come at once (13.8, 22.15)", () => {
    expect(RQ_SEQ_COUNT).toBe(64);
    expect(SUITE_LIST_BYTES).toBe(16);
    expect(encodeSuitesRequest({ channel: 1, payloadType: 0, index: 64 })).toEqual(hex("010080"));
  });
});
