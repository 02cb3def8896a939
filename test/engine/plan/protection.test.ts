import { expect, test } from "vitest";
import { ACTIVE, codes, plan } from "../../support/plan-one.ts";

test("a protection is recorded also where nothing else may be; what observes only says so", () => {
  const maintenance = { enabled: true, reason: "fans" };
  const spec = { protected: true, traits: ["CUSTOM_A"] };
  const protect = { protected: true, unprotectedSeq: null };
  const serviced = plan({ spec: { ...spec, maintenance }, record: ACTIVE });
  expect([serviced.records, codes(serviced)]).toEqual([protect, ["IW-P06"]]);
  const alone = plan({ spec: { protected: true, maintenance }, record: ACTIVE });
  expect([alone.records, codes(alone)]).toEqual([protect, []]);
  const stranger = plan({ spec, record: ACTIVE, values: { identity: { serial: "OTHER" } } });
  expect([stranger.records, codes(stranger)]).toEqual([protect, ["IW-P04"]]);
  const observed = plan({ spec: { ...spec, mode: "observe" }, record: ACTIVE });
  expect([observed.records, codes(observed)]).toEqual([undefined, ["IW-P09"]]);
  const lifted = { ...ACTIVE, protected: true };
  expect(plan({ spec: { maintenance }, record: lifted }).records).toBeUndefined();
});
