import { oneLine } from "../../../drivers/net/plain-words.ts";
import { describe, expect, it } from "vitest";
import { findHardwareType, hardwareTypes } from "../../../drivers/registry.ts";
import { EtagForms } from "../../../drivers/redfish/etag-forms.ts";
import { BEHAVIOURS, behavioursOf, QUIRKS } from "../../../drivers/redfish/quirks.ts";
import { redfishType } from "../../../drivers/redfish/redfish-type.ts";
import { pathOf } from "../../../drivers/redfish/resource.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import { testNode } from "../support/driver-bench.ts";

describe("EtagForms", () => {
  it("sends an ETag as it came, then strong, then none, when the BMC refuses its own", () => {
    const forms = new EtagForms();
    const sent = [];
    for (let act = 0; act < 4; act += 1) {
      sent.push(forms.form("/s", 'W/"1"'));
      forms.refused("/s");
    }
    expect(sent).toEqual(['W/"1"', '"1"', undefined, undefined]);
  });

  it("begins anew where the resource has moved, and on another path", () => {
    const forms = new EtagForms();
    forms.form("/s", '"1"');
    forms.refused("/s");
    expect(forms.form("/s", '"2"')).toBe('"2"');
    expect(forms.form("/t", '"1"')).toBe('"1"');
    expect(forms.form("/u", undefined)).toBeUndefined();
  });
});

describe("the quirk table", () => {
  it("has for each quirk a fact, a source, patterns that compile and known behaviours", () => {
    for (const quirk of QUIRKS) {
      expect(quirk.fact.length, quirk.id).toBeGreaterThan(10);
      expect(quirk.source.length, quirk.id).toBeGreaterThan(5);
      for (const pattern of Object.values(quirk.match).filter((one) => one !== undefined))
        expect(() => new RegExp(pattern)).not.toThrow();
      for (const behaviour of quirk.behaviours)
        expect(Object.keys(BEHAVIOURS)).toContain(behaviour);
    }
    expect(new Set(QUIRKS.map((quirk) => quirk.id)).size).toBe(QUIRKS.length);
  });

  it("is used by every behaviour that it names", () => {
    const used = new Set(QUIRKS.flatMap((quirk) => quirk.behaviours));
    expect([...used].toSorted()).toEqual(Object.keys(BEHAVIOURS).toSorted());
  });

  it("leaves unknown makes to the standard", () => {
    expect([...behavioursOf({})]).toEqual([]);
    expect([...behavioursOf({ vendor: "Contoso" })]).toEqual([]);
  });

  it("excepts the one Supermicro that boots Cd as Cd", () => {
    expect(behavioursOf({ vendor: "Supermicro", model: "SYS-X11" }).has("usb-cd")).toBe(true);
    expect(behavioursOf({ vendor: "Supermicro", model: "ARS-111GL-NHR X12" }).has("usb-cd")).toBe(
      false,
    );
  });
});

describe("pathOf()", () => {
  it("keeps the path of a link and drops its host", () => {
    expect(pathOf("/redfish/v1/Systems/1")).toBe("/redfish/v1/Systems/1");
    expect(pathOf("https://evil.example/redfish/v1/x")).toBe("/redfish/v1/x");
  });

  it.each(["", "redfish", "//evil.example/x", "/a b", "/a\r\nX: y", "/ü", `/${"a".repeat(3000)}`])(
    "takes %j for no path",
    (text) => {
      expect(pathOf(text)).toBeUndefined();
    },
  );
});

it("oneLine() keeps a stranger's words to one bounded line", () => {
  expect(oneLine("a\n\u001b[31mb\u202ec")).toBe("a [31mb c");
  expect(oneLine("x".repeat(9999)).length).toBeLessThan(400);
});

describe("redfish validate()", () => {
  const paths = (bmc: NodeSpec["bmc"]) =>
    redfishType.validate(testNode("n1", { bmc })).map((finding) => finding.path);
  const login = { username: "root", password: { env: "P" } };

  it("finds nothing in a good node", () => {
    expect(
      paths({ address: "https://10.0.0.7", ...login, system: "/redfish/v1/Systems/1" }),
    ).toEqual([]);
  });

  it("names each thing that is wrong, with its path and the node", () => {
    expect(paths({})).toEqual(["/bmc"]);
    expect(paths({ address: "10.0.0.7" })).toEqual(["/bmc/address"]);
    expect(paths({ address: "https://b", system: "1" })).toEqual(["/bmc/system"]);
    expect(paths({ address: "https://b", username: "root" })).toEqual(["/bmc/username"]);
    expect(paths({ address: "https://b", password: { env: "P" } })).toEqual(["/bmc/password"]);
    expect(paths({ address: "https://b", auth: "basic" })).toEqual(["/bmc/auth"]);
    expect(paths({ address: "https://b", ...login, username: "a:b" })).toEqual(["/bmc/username"]);
    expect(paths({ address: "http://b", tls: { verify: false } })).toEqual(["/bmc/tls"]);
    const [finding] = redfishType.validate(testNode("n1", {}));
    expect(finding?.message).toMatch(/^[^:]+; .+/);
  });
});

it("the registry finds its types by name, each name once", () => {
  expect(findHardwareType("redfish")).toBe(redfishType);
  expect(findHardwareType("none")).toBeUndefined();
  expect(new Set(hardwareTypes.map((type) => type.name)).size).toBe(hardwareTypes.length);
});
