import { assert, dictionary, jsonValue, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { answerFault } from "../../../drivers/net/answer-faults.ts";
import { parseBmcAddress } from "../../../drivers/net/bmc-address.ts";
import { SOCKET_FAULTS, socketFault } from "../../../drivers/net/fault-table.ts";
import { networkGuard } from "../../../drivers/net/network-guard.ts";
import { JSON_DEPTH_MAX, readJsonObject } from "../../../drivers/net/read-json.ts";
import { Slots } from "../../../drivers/net/slots.ts";
import { CODES } from "../../../schemas/codes.ts";

describe("parseBmcAddress()", () => {
  it.each([
    ["10.0.0.7", "write https://10.0.0.7"],
    ["", "write https://10.0.0.7"],
    ["ftp://10.0.0.7", "is not a URL"],
    ["https://", "is not a URL"],
    ["https://root:calvin@10.0.0.7", "holds a user or password"],
    ["https://10.0.0.7/redfish/v1/Systems/1", "put the system into bmc.system"],
    ["https://10.0.0.7/?a=1", "has a path"],
  ])("refuses %j: %s", (text, words) => {
    const refused = parseBmcAddress(text);
    expect(refused).toContain(words);
    expect(refused).not.toContain("calvin");
  });

  it("reads names, IPv6 and ports", () => {
    expect(parseBmcAddress("https://bmc-7.example/redfish/v1/")).toMatchObject({
      host: "bmc-7.example",
      port: 443,
      secure: true,
    });
    expect(parseBmcAddress("http://[fe80::1]:8000")).toMatchObject({
      host: "fe80::1",
      port: 8000,
      secure: false,
    });
  });
});

describe("networkGuard()", () => {
  it("lets everything through without networks, and nothing with none", () => {
    expect(networkGuard(undefined)("203.0.113.9")).toBe(true);
    expect(networkGuard([])("10.0.0.7")).toBe(false);
  });

  it("judges IPv4, IPv6, single addresses, and IPv4 that came as IPv6", () => {
    const guard = networkGuard(["10.0.0.0/8", "fd00::/8", "192.0.2.1"]);
    for (const inside of ["10.9.8.7", "fd12::1", "192.0.2.1", "::ffff:10.0.0.1"])
      expect(guard(inside), inside).toBe(true);
    for (const outside of ["11.0.0.1", "fe80::1", "192.0.2.2", "::ffff:11.0.0.1"])
      expect(guard(outside), outside).toBe(false);
  });

  it("an entry that is no network opens nothing", () => {
    for (const wrong of ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "ten", "", "/8"]) {
      expect(networkGuard([wrong])("10.0.0.1"), wrong).toBe(false);
    }
  });
});

describe("readJsonObject()", () => {
  const read = (text: string) => readJsonObject(Buffer.from(text));

  it("answers a code for what is no object", () => {
    expect(read("")).toBe("IW_NOT_JSON");
    expect(read("<html>")).toBe("IW_NOT_JSON");
    expect(read("[1]")).toBe("IW_NOT_AN_OBJECT");
    expect(read("null")).toBe("IW_NOT_AN_OBJECT");
    expect(read('{"a')).toBe("IW_NOT_JSON");
  });

  it("bounds depth, and counts no bracket within a string", () => {
    const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
    expect(read(nested(JSON_DEPTH_MAX))).toBeTypeOf("object");
    expect(read(nested(JSON_DEPTH_MAX + 1))).toBe("IW_TOO_DEEP");
    expect(read(`{"a":"${"[".repeat(999)}\\"${"{".repeat(999)}"}`)).toBeTypeOf("object");
  });

  it("reads what JSON.stringify writes", () => {
    assert(
      property(dictionary(string(), jsonValue({ maxDepth: 5 })), (value) => {
        const text = JSON.stringify(value);
        expect(read(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 200 },
    );
  });

  it("takes a byte order mark", () => {
    expect(read('\uFEFF{"a":1}')).toEqual({ a: 1 });
  });
});

describe("the fault table", () => {
  it("has for each row a code of the house, a fact and a way out in one line", () => {
    for (const code of Object.keys(SOCKET_FAULTS)) {
      const why = socketFault("BMC x", code);
      expect(Object.keys(CODES)).toContain(why.code);
      expect(why.message, code).toMatch(/^BMC x [a-z].+; .+$/);
    }
  });

  it("keeps an unknown error's code as the cause", () => {
    expect(socketFault("BMC x", "EWEIRD")).toMatchObject({ code: "IW-B01", cause: "EWEIRD" });
  });

  it("believes a message before a status, but no message makes a 500 of an act a refusal", () => {
    expect(answerFault("act", 400, ["Base.1.8.ResourceInUse"]).kind).toBe("transient");
    expect(answerFault("act", 400, ["iLO.2.14.UnableToModifyDuringSystemPOST"]).kind).toBe(
      "transient",
    );
    expect(answerFault("act", 500, ["Base.1.8.ResourceInUse"]).code).toBe("IW-B12");
    expect(answerFault("login", 401, ["Base.1.8.NoValidSession"]).code).toBe("IW-B04");
    expect(answerFault("read", 418, []).code).toBe("IW-B06");
    expect(answerFault("act", 599, []).kind).toBe("ambiguous");
  });
});

describe("Slots", () => {
  it("lets no more work than places, in order, and refuses a queue that is too long", async () => {
    const slots = new Slots(1, 1);
    expect(slots.take()).toBe(true);
    const second = slots.take();
    expect(await slots.take()).toBe(false);
    slots.give();
    expect(await second).toBe(true);
    slots.give();
    expect(slots.take()).toBe(true);
  });
});
