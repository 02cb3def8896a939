import { describe, expect, test } from "vitest";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import { API_VERSION } from "../../../schemas/documents.ts";
import {
  aFleet,
  aNode,
  anInput,
  aRecord,
  aWorkload,
  blockedBy,
  byUuid,
  options,
} from "../../support/a-fleet.ts";

describe("an Image", () => {
  const sum = (digit: string): string => `sha256:${digit.repeat(64)}`;
  const image = (checksum: string, url = "https://images/d.raw") => ({ name: "d", url, checksum });
  const fleetOf = (checksum: string, ...names: readonly string[]) =>
    aFleet(
      names.map((name) =>
        aNode(name, { driver: "fake", provision: { state: "active", image: image(checksum) } }),
      ),
      {
        images: [
          {
            apiVersion: API_VERSION,
            kind: "Image",
            metadata: { name: "d" },
            spec: { url: "https://images/d.raw", checksum },
          },
        ],
      },
    );
  const deployed = aRecord("n1", {
    provisionState: "active",
    instance: aWorkload("deployed", image(sum("1"), "https://old/d.raw")),
  });

  test("is the same from another place", () => {
    const fleet = fleetOf(sum("1"), "n1");
    const [plan] = makePlan(anInput(fleet, { records: byUuid([deployed]) }), options()).nodes;
    expect(plan?.changes.filter(({ facet }) => facet === "image")).toEqual([]);
  });

  test("never changes once it was applied: nothing of that name is written to any node", () => {
    const fleet = fleetOf(sum("2"), "n1", "n2");
    const ready = aRecord("n2", {
      provisionState: "available",
      cleaned: "metadata",
      origin: "new",
    });
    const input = anInput(fleet, { records: byUuid([deployed, ready]) });
    const plan = makePlan(input, options({ claims: "all" }));
    expect(plan.nodes.flatMap(({ steps }) => steps.map(({ action }) => action))).not.toContain(
      "provision.deploy",
    );
    for (const node of plan.nodes)
      expect(blockedBy(node).join("\n")).toContain(
        `IW-P25 an image of the name d was applied to n1 on 2026-11-23 with sha256:111111111111..., and the Image d has sha256:222222222222... now`,
      );
  });

  test("keeps its checksum where no record has it any more", () => {
    const fleet = fleetOf(sum("2"), "n1");
    const ready = aRecord("n1", {
      provisionState: "available",
      cleaned: "metadata",
      origin: "new",
    });
    const kept = { node: "n7", checksum: sum("1"), at: Date.UTC(2026, 10, 2, 23, 59) };
    const planned = (name: string, checksum: string) => {
      const appliedImages = new Map([[name, { ...kept, checksum }]]);
      const input = anInput(fleet, { records: byUuid([ready]), appliedImages });
      return makePlan(input, options({ claims: "all" }))
        .nodes.flatMap(blockedBy)
        .join("\n");
    };
    expect(planned("d", sum("1"))).toContain(
      "IW-P25 an image of the name d was applied to n7 on 2026-11-02 with sha256:111111111111..., and the Image d has sha256:222222222222... now",
    );
    expect(planned("d", sum("2"))).not.toContain("IW-P25");
    expect(planned("e", sum("1"))).not.toContain("IW-P25");
  });
});
