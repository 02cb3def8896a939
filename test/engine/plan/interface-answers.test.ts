import { describe, expect, it } from "vitest";
import { interfaceAnswers } from "../../../engine/plan/interface-answers.ts";
import { offersOf } from "../../../engine/plan/steps/offers-of.ts";
import { fakeOffer } from "../../../drivers/fake/fake-offer.ts";
import { redfishOffer } from "../../../drivers/redfish/redfish-offer.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import { failure } from "../../../schemas/failure.ts";
import type { InterfaceAnswer, SettingsFinding } from "../../../schemas/interface-answer.ts";
import type { Observation } from "../../../schemas/observation.ts";
import { INTERFACES } from "../../../schemas/steps.ts";
import { aNode } from "../../support/a-fleet.ts";

const CATALOG = { fake: fakeOffer, redfish: redfishOffer };
const SEEN: Observation = {
  node: "n1",
  at: 0,
  facets: { power: { known: true, value: "on", at: 0 } },
  capabilities: {},
  transport: null,
  unreachable: null,
};

function answersOf(
  spec: NodeSpec,
  from: {
    readonly findings?: readonly SettingsFinding[];
    readonly observation?: Observation | undefined;
  } = {},
): Readonly<Record<string, InterfaceAnswer>> {
  const node = aNode("n1", spec);
  const offers = offersOf(node, CATALOG);
  const observation = "observation" in from ? from.observation : SEEN;
  const answers = interfaceAnswers({ node, offers, findings: from.findings ?? [], observation });
  expect(answers.map((one) => one.interface)).toEqual(INTERFACES);
  return Object.fromEntries(answers.map((one) => [one.interface, one]));
}

describe("interfaceAnswers()", () => {
  it("says false where the node names an implementation that there is not", () => {
    const { boot } = answersOf({ interfaces: { boot: "ipxe" } });
    expect(boot).toMatchObject({ result: false, implementation: null, code: "IW-I18" });
    expect(boot?.reason).toContain('has no boot interface "ipxe"');
  });

  it("says false of every interface of a hardware type that nobody knows", () => {
    const answers = Object.values(answersOf({ driver: "relay" }));
    expect(answers.every(({ result, code }) => result === false && code === "IW-I06")).toBe(true);
  });

  it("says false by a finding of the settings, of those that it names or of all that speak", () => {
    const message = "bmc.address is missing; write it";
    const all = answersOf({}, { findings: [{ path: "/bmc", message }], observation: undefined });
    expect(all["power"]).toMatchObject({ result: false, reason: message, code: "IW-I04" });
    expect(all["network"]?.result).toBe(true);
    const finding = { path: "/bmc", message, interfaces: ["bios"] } as const;
    const one = answersOf({}, { findings: [finding] });
    expect([one["bios"]?.result, one["power"]?.result]).toEqual([false, true]);
  });

  it("says false of all that speak to a BMC that refuses the login", () => {
    const unreachable = failure("stalled", "IW-B04", "BMC refused the login; correct it");
    const answers = answersOf({}, { observation: { ...SEEN, facets: {}, unreachable } });
    for (const name of ["power", "management", "boot", "bios", "inspect"])
      expect(answers[name]).toMatchObject({ result: false, code: "IW-B04" });
    for (const name of ["network", "storage"]) expect(answers[name]?.result).toBe(true);
  });

  it.each([
    [{ state: "active" }, "provision.image is missing"],
    [{ state: "active", image: { url: "https://i/a" } }, "checksum is missing"],
    [{ state: "active", image: { format: "raw" } }, "image.url is missing"],
    [{ state: "active", image: { name: "debian" } }, null],
    [{ state: "available" }, null],
  ] as const)("asks deploy for the image: %o", (provision, said) => {
    const { deploy } = answersOf({ driver: "fake", provision });
    expect(deploy?.result).toBe(said === null);
    if (said !== null) expect(deploy?.reason).toContain(said);
  });

  it("asks rescue for a way to log in", () => {
    const { rescue } = answersOf({ driver: "fake", provision: { state: "rescue" } });
    expect(rescue).toMatchObject({ result: false, code: "IW-I20" });
  });

  it("says none of what is switched off, not built, not offered by the BMC, or was not asked", () => {
    const why = failure("stalled", "IW-B18", "BMC does not say its boot mode; leave it out");
    const bootMode = { known: false, at: 0, why } as const;
    const answers = answersOf({}, { observation: { ...SEEN, facets: { bootMode } } });
    expect(answers["console"]).toMatchObject({ result: null, reason: "no-console: switched off" });
    expect(answers["deploy"]).toMatchObject({ result: null, reason: "direct is not built yet" });
    expect(answers["boot"]).toMatchObject({ result: null, reason: why.message });
    const { power } = answersOf({}, { observation: undefined });
    expect(power).toMatchObject({ result: null, code: "IW-P03" });
  });

  it("says false where a facet could not be read for another reason than that there is none", () => {
    const why = failure("stalled", "IW-B06", "BMC's answer cannot be read; update it");
    const power = { known: false, at: 0, why } as const;
    const answers = answersOf({}, { observation: { ...SEEN, facets: { power } } });
    expect(answers["power"]).toMatchObject({ result: false, code: "IW-B06" });
    expect(answers["management"]?.result).toBe(true);
  });
});
