import * as fc from "fast-check";
import { expect, test } from "vitest";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import { Whole } from "../../../engine/plan/whole.ts";
import type { Fleet } from "../../../schemas/fleet.ts";
import type { Observation } from "../../../schemas/observation.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import {
  aFleet,
  anInput,
  aNode,
  aRecord,
  aWorkload,
  options,
  seen,
  uuidOf,
} from "../../support/a-fleet.ts";

const NAMES = ["a", "b", "c", "d"];
const SERIALS = ["S-a", "S-b", "S-x"];

const aDeclared = fc
  .record({
    name: fc.constantFrom(...NAMES),
    serial: fc.constantFrom(...SERIALS, undefined),
    address: fc.constantFrom("https://a.bmc", "https://b.bmc", "https://c.bmc"),
    uuid: fc.constantFrom(...NAMES),
    uuidDeclared: fc.boolean(),
    power: fc.constantFrom("on" as const, "off" as const),
    parent: fc.constantFrom(undefined, undefined, "a"),
  })
  .map(({ name, serial, address, uuid, uuidDeclared, power, parent }) => ({
    ...aNode(name, {
      power,
      bmc: { address },
      ...(serial === undefined ? {} : { identity: { serial } }),
      ...(parent === undefined || name === parent ? {} : { parent }),
    }),
    ...(uuidDeclared ? { uuid: uuidOf(uuid), uuidDeclared } : {}),
  }));

/** As a commit has them: each name and each uuid once. */
const aDeclaredFleet = fc.array(aDeclared, { minLength: 1, maxLength: 5 }).map((nodes) => {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const byUuid = new Map([...byName.values()].map((node) => [node.uuid, node]));
  return aFleet([...byUuid.values()]);
});

const aKnownRecord = fc
  .record({
    name: fc.constantFrom(...NAMES),
    serial: fc.constantFrom(...SERIALS, undefined),
    mac: fc.constantFrom("52:54:00:00:00:01", "52:54:00:00:00:02", undefined),
    image: fc.constantFrom("debian", "alma", undefined),
    checksum: fc.constantFrom("sha256:1", "sha256:2"),
  })
  .map(({ name, serial, mac, image, checksum }) =>
    aRecord(name, {
      identity: serial === undefined ? null : { serial },
      bmc: { address: `https://${name}.bmc`, system: null },
      ...(mac === undefined ? {} : { ports: { eth0: { mac } } as unknown as NodeRecord["ports"] }),
      ...(image === undefined
        ? {}
        : { instance: aWorkload("deployed", { name: image, checksum }) }),
    }),
  );

const aReading = fc
  .record({ name: fc.constantFrom(...NAMES), serial: fc.constantFrom(...SERIALS) })
  .map(({ name, serial }) => seen(name, { identity: { serial } }));

type Change =
  | { readonly kind: "fleet"; readonly fleet: Fleet }
  | { readonly kind: "record"; readonly record: NodeRecord }
  | { readonly kind: "gone"; readonly name: string }
  | { readonly kind: "reading"; readonly reading: Observation };

const aChange: fc.Arbitrary<Change> = fc.oneof(
  aDeclaredFleet.map((fleet) => ({ kind: "fleet" as const, fleet })),
  aKnownRecord.map((record) => ({ kind: "record" as const, record })),
  fc.constantFrom(...NAMES).map((name) => ({ kind: "gone" as const, name })),
  aReading.map((reading) => ({ kind: "reading" as const, reading })),
);

function follow(whole: Whole, change: Change): void {
  switch (change.kind) {
    case "fleet":
      return whole.follow(change.fleet);
    case "record":
      return whole.setRecord(change.record.uuid, change.record);
    case "gone":
      return whole.setRecord(uuidOf(change.name), null);
    case "reading":
      return whole.setObservation(change.reading);
  }
}

test("law: whatever came and went before, the plan is the one that is made from what is there now", () => {
  let adopted = 0;
  fc.assert(
    fc.property(aDeclaredFleet, fc.array(aChange, { maxLength: 12 }), (fleet, changes) => {
      const whole = new Whole({ fleet, records: new Map(), observations: new Map() });
      for (const change of changes) {
        follow(whole, change);
        const { records, observations } = whole;
        const input = anInput(whole.fleet, { records, observations });
        adopted += whole.resolved.renamed.size;
        expect(makePlan(input, options(), whole)).toEqual(makePlan(input, options()));
        const [name = ""] = whole.fleet.nodes.map((node) => node.name);
        const one = options({ select: new Set([name]) });
        expect(makePlan(input, one, whole).nodes).toEqual(makePlan(input, one).nodes);
      }
    }),
    { seed: 11, numRuns: Number(process.env["SEEDS"] ?? 100) },
  );
  expect(adopted).toBeGreaterThan(5);
});
