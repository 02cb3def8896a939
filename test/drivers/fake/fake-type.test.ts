import { describe, expect, it } from "vitest";
import { fakeType } from "../../../drivers/fake/fake-type.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import { known } from "../../../schemas/observation.ts";
import { driverConformance } from "../conformance.ts";
import { performContext, testNode, testPorts } from "../support/driver-bench.ts";
import { benchOfFake, memory } from "./fake-bench.ts";

driverConformance(fakeType, benchOfFake);

describe("the fake hardware type", () => {
  it("names a failure that it does not know", () => {
    const node = testNode("n1", { fake: { failures: ["power.on:sometimes", "observe:colour"] } });
    expect(fakeType.validate(node).map((finding) => finding.path)).toEqual([
      "/fake/failures/0",
      "/fake/failures/1",
    ]);
  });

  it("says of its hardware what its settings say, the rest made up from its serial", async () => {
    const driver = fakeType.open(testPorts());
    const read = async (fake: NonNullable<NodeSpec["fake"]>) =>
      known(await driver.observe(testNode("n1", { fake }), ["inventory"]), "inventory");
    const plain = await read({ serial: "S7" });
    expect(plain?.disks?.map(({ serial }) => serial)).toEqual(["S7-D0", "S7-D1"]);
    const other = await read({ serial: "S8" });
    expect(other?.disks?.[0]?.wwn).not.toBe(plain?.disks?.[0]?.wwn);
    expect(other?.nics?.[0]?.mac).not.toBe(plain?.nics?.[0]?.mac);
    const told = await read({
      disks: [{ serial: null, sizeBytes: 1000, media: "HDD", rotational: true }],
      nics: [{ mac: "52:54:00:00:00:01", link: "down" }],
      cpu: { coreCount: 4 },
      memoryBytes: 2 ** 33,
    });
    expect(told).toMatchObject({
      disks: [{ name: "disk0", serial: null, sizeBytes: 1000, media: "HDD", rotational: true }],
      nics: [{ mac: "52:54:00:00:00:01", link: "down", speedMbps: 25_000 }],
      cpu: { coreCount: 4, socketCount: 2 },
      memoryBytes: 2 ** 33,
    });
  });

  it("hides one facet and shows the others", async () => {
    const driver = fakeType.open(testPorts());
    const node = testNode("n1", { fake: { failures: ["observe:power"], power: "on" } });
    const seen = await driver.observe(node, ["power", "bootMode"]);
    expect(seen.facets.power).toMatchObject({ known: false, why: { code: "IW-B18" } });
    expect(known(seen, "bootMode")).toBe("uefi");
  });

  it("keeps a machine between processes where it is given a place", async () => {
    const fakeState = memory();
    const node = testNode("n1", { driver: "fake" });
    const one = fakeType.open(testPorts({ fakeState }));
    await one.perform(node, { verb: "session.open" }, performContext());
    await one.perform(node, { verb: "power.on" }, performContext());
    await one.close();
    const two = fakeType.open(testPorts({ fakeState }));
    expect(known(await two.observe(node, ["power"]), "power")).toBe("on");
  });

  it("begins anew where its stored state cannot be read", async () => {
    const fakeState = memory();
    fakeState.kept.set("n1", "{ not json");
    const driver = fakeType.open(testPorts({ fakeState }));
    const node = testNode("n1", { fake: { power: "on", serial: "S1" } });
    const seen = await driver.observe(node, ["power", "identity"]);
    expect(known(seen, "power")).toBe("on");
    expect(known(seen, "identity")?.serial).toBe("S1");
  });

  it("a session ended by another engine carries no further act", async () => {
    const fakeState = memory();
    const node = testNode("n1", { driver: "fake" });
    const [old, taker] = [
      fakeType.open(testPorts({ fakeState })),
      fakeType.open(testPorts({ fakeState })),
    ];
    const opened = await old.perform(node, { verb: "session.open" }, performContext());
    const session = "session" in opened ? (opened.session ?? "") : "";
    await taker.perform(node, { verb: "session.end", session }, performContext());
    const act = await old.perform(node, { verb: "power.on" }, performContext());
    expect(act).toMatchObject({ sent: false, failure: { code: "IW-B14" } });
  });
});
