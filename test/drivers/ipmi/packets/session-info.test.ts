import { describe, expect, it } from "vitest";
import * as info from "../../../../drivers/ipmi/packets/session-info.ts";
import {
  decodeSolInstanceInfo,
  encodeSolInstanceInfo,
} from "../../../../drivers/ipmi/packets/sol.ts";
import { hex, reasonOf, valueOf } from "./arbitraries.ts";

describe("Get Payload Instance Info (IPMI 2.0, 24.5)", () => {
  it("asks for SOL 1, and reads the session, whatever follows", () => {
    expect(encodeSolInstanceInfo(1).toString("hex")).toBe("0101");
    expect(valueOf(decodeSolInstanceInfo(hex("04030201")))).toBe(0x01020304);
    expect(valueOf(decodeSolInstanceInfo(hex("000000000100000000000000")))).toBe(0);
    expect(reasonOf(decodeSolInstanceInfo(hex("0403")))).toContain("2 bytes of at least 4");
  });
});

describe("Get Session Info (22.20)", () => {
  it("asks for a session by its id", () => {
    const asked = info.encodeSessionInfoById(0x01020304);
    expect(asked.toString("hex")).toBe("ff04030201");
    expect(info.decodeSessionInfoById(asked)).toBe(0x01020304);
    expect(info.decodeSessionInfoById(hex("00"))).toBeNull();
  });

  it("reads user, level and address; none where there is no such session, or no address", () => {
    const lan = "0105020304110a00000702020202020204d2";
    const who = { userId: 3, privilege: 4, address: "10.0.0.7" };
    expect(valueOf(info.decodeSessionInfo(hex(lan)))).toEqual(who);
    expect(valueOf(info.decodeSessionInfo(hex("010502030411")))).toEqual({ ...who, address: null });
    expect(valueOf(info.decodeSessionInfo(hex("000502")))).toBeNull();
    expect(reasonOf(info.decodeSessionInfo(hex("0005")))).toContain("2 bytes of at least 3");
  });
});

describe("Get User Name (22.29)", () => {
  it("reads it up to its first zero, and 16 bytes at most", () => {
    expect(info.encodeGetUserName(3).toString("hex")).toBe("03");
    expect(info.encodeUserName("root")).toHaveLength(16);
    expect(info.decodeUserName(info.encodeUserName("root"))).toBe("root");
    expect(info.decodeUserName(Buffer.alloc(40, "x"))).toBe("x".repeat(16));
    expect(info.decodeUserName(Buffer.alloc(0))).toBe("");
  });
});
