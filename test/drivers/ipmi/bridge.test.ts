import { assert, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { bridgedAnswer, bridgedRequest, type Route } from "../../../drivers/ipmi/bridge.ts";
import {
  decodeLanResponse,
  encodeLanResponse,
  type LanResponse,
  lanRequest,
  lanResponse,
  NET_FN,
} from "../../../drivers/ipmi/packets/lan-message.ts";
import { bytes, hex, valueOf } from "./packets/arbitraries.ts";

const SINGLE: Route = { hops: [{ channel: 0, address: 0x24 }], localAddress: 0x20 };
const DOUBLE: Route = {
  hops: [
    { channel: 0, address: 0x24 },
    { channel: 7, address: 0x30 },
  ],
  localAddress: 0x20,
};
const GET_DEVICE_ID = { netFn: NET_FN.app, command: 1, data: hex("") };
const POWER_ON = { netFn: NET_FN.chassis, command: 2, data: hex("01") };

/** The message of somebody on the way, as it is read. */
function from(
  responder: number,
  command: { readonly netFn: number; readonly command: number },
  completion: number,
  data = hex(""),
): LanResponse {
  const { netFn, command: code } = command;
  const request = { ...lanRequest(netFn, code, hex(""), 8), responder };
  return lanResponse(request, completion, data);
}

const SEND_MESSAGE = { netFn: NET_FN.app, command: 0x34 };
const carried = (message: LanResponse): Buffer => encodeLanResponse(message);

describe("requests that are passed on", () => {
  // As ipmitool 1.8.19 sends them by -t 0x24 -b 0, and by -T 0x24 -B 0 -t 0x30 -b 7.
  it.each([
    ["single", SINGLE, POWER_ON, "2018c8812034402400dc20200201bdeb"],
    ["double", DOUBLE, GET_DEVICE_ID, "2018c8812034402418c4202034473018b8202001bf45eb"],
  ])("%s bridging is what ipmitool sends", (_name, route, command, text) => {
    expect(bridgedRequest(route, command, 8).toString("hex")).toBe(text);
  });

  it("asks there as bmc.bridging.localAddress says", () => {
    const request = bridgedRequest({ ...SINGLE, localAddress: 0x42 }, GET_DEVICE_ID, 8);
    expect(request.subarray(7, 14).toString("hex")).toBe("2418c44220019d");
  });
});

describe("an answer to a request that was passed on", () => {
  const asked = { route: SINGLE, command: GET_DEVICE_ID, rqSeq: 8 };
  const twice = { ...asked, route: DOUBLE };
  const answer = from(0x30, GET_DEVICE_ID, 0, hex("aa"));

  it("comes in a message of its own, as OpenIPMI's simulator sends it", () => {
    const ack = valueOf(decodeLanResponse(hex("811c63202034008c")));
    expect(bridgedAnswer(asked, ack)).toEqual({ kind: "passedOn" });
    const text = "201cc42420010000030908029f911200030f0000000051";
    const heard = bridgedAnswer(asked, valueOf(decodeLanResponse(hex(text))));
    expect(heard).toMatchObject({ kind: "answer", response: { completion: 0, responder: 0x24 } });
  });

  it.each([
    ["alone", answer],
    ["within that of the transit", from(0x24, SEND_MESSAGE, 0, carried(answer))],
    [
      "within that of the BMC",
      from(0x20, SEND_MESSAGE, 0, carried(from(0x24, SEND_MESSAGE, 0, carried(answer)))),
    ],
    [
      "within that of the BMC, which left the transit's out",
      from(0x20, SEND_MESSAGE, 0, carried(answer)),
    ],
  ])("comes %s", (_name, message) => {
    expect(bridgedAnswer(twice, message)).toEqual({ kind: "answer", response: answer });
  });

  it.each([
    ["the BMC", from(0x20, SEND_MESSAGE, 0)],
    ["the transit", from(0x24, SEND_MESSAGE, 0)],
    [
      "the transit, within that of the BMC",
      from(0x20, SEND_MESSAGE, 0, carried(from(0x24, SEND_MESSAGE, 0))),
    ],
  ])("is still to come where %s has passed it on", (_name, message) => {
    expect(bridgedAnswer(twice, message)).toEqual({ kind: "passedOn" });
  });

  it.each([
    ["the BMC", from(0x20, SEND_MESSAGE, 0x83), 0],
    ["the transit", from(0x24, SEND_MESSAGE, 0x83), 1],
    [
      "the transit, within that of the BMC",
      from(0x20, SEND_MESSAGE, 0, carried(from(0x24, SEND_MESSAGE, 0x83))),
      1,
    ],
  ])("never comes where %s could not deliver it", (_name, message, hop) => {
    const undelivered = { kind: "undelivered", hop, completion: 0x83 };
    expect(bridgedAnswer(twice, message)).toEqual(undelivered);
  });

  it.each([
    ["another machine", from(0x26, GET_DEVICE_ID, 0)],
    ["the BMC itself", from(0x20, GET_DEVICE_ID, 0)],
    ["another command", from(0x24, POWER_ON, 0)],
    ["another request", { ...from(0x24, GET_DEVICE_ID, 0), rqSeq: 9 }],
    ["another request to the BMC", { ...from(0x20, SEND_MESSAGE, 0x83), rqSeq: 9 }],
    ["bytes without sense within", from(0x20, SEND_MESSAGE, 0, hex("24"))],
    ["another machine within", from(0x20, SEND_MESSAGE, 0, carried(from(0x26, GET_DEVICE_ID, 0)))],
  ])("is none where it is of %s", (_name, message) => {
    expect(bridgedAnswer(asked, message)).toMatchObject({ kind: "other" });
  });

  it("is looked for in any bytes without a crash and without an end that is far off", () => {
    assert(
      property(bytes(0, 60), (data) => {
        for (const one of [asked, twice])
          expect(bridgedAnswer(one, from(0x20, SEND_MESSAGE, 0, data)).kind).not.toBe("answer");
      }),
    );
    let deep = from(0x20, SEND_MESSAGE, 0);
    for (let level = 0; level < 5; level += 1) deep = from(0x20, SEND_MESSAGE, 0, carried(deep));
    expect(bridgedAnswer(twice, deep)).toMatchObject({ kind: "other" });
  });
});
