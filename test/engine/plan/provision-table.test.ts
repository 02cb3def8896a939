import { describe, expect, test } from "vitest";
import { aWorkload } from "../../support/a-fleet.ts";
import { ACTIVE, codes, plan, verbs, WANT_ACTIVE, IMAGE, DISKS } from "../../support/plan-one.ts";

describe("the table of provision.state, for a node that is new", () => {
  test("enroll: nothing but reads", () => {
    expect(verbs(plan({ spec: { provision: { state: "enroll" } } }))).toEqual([]);
  });

  test("manageable: the login is proved and the identity recorded", () => {
    const node = plan({ spec: { provision: { state: "manageable" } } });
    expect(verbs(node)).toEqual(["provision.manage"]);
    expect(node.steps[0]?.flow?.entries.map(({ step }) => step)).toEqual(["verify_bmc_clock"]);
  });

  test("available: through an inspection and the automated clean, whose disks are named", () => {
    const node = plan({
      spec: { provision: { state: "available" } },
      record: { inventory: null },
      values: { inventory: DISKS },
    });
    expect(verbs(node)).toEqual(["provision.manage", "provision.inspect", "provision.provide"]);
    expect(node.steps.map(({ impact }) => impact)).toEqual(["none", "reboot", "destructive"]);
    expect(node.erases.map(({ serial, part }) => [serial, part])).toEqual([
      ["D1", "metadata"],
      ["D2", "metadata"],
    ]);
    const clean = node.steps.at(-1)?.flow;
    expect(clean?.entries.map(({ step }) => step)).toEqual([
      "prepare_cleaning",
      "erase_devices_metadata",
      "tear_down_cleaning",
    ]);
    expect(clean).toMatchObject({ via: "cleaning", to: "available" });
  });

  test("active: cleaned first, then the image onto the disk that the hints name", () => {
    const node = plan({ spec: { ...WANT_ACTIVE, power: "on" }, values: { power: "off" } });
    expect(verbs(node)).toEqual(["provision.manage", "provision.provide", "provision.deploy"]);
    expect(node.erases.filter(({ part }) => part === "root").map(({ serial }) => serial)).toEqual([
      "D1",
    ]);
    const run = node.steps
      .at(-1)
      ?.flow?.entries.flatMap(({ acts }) => acts.map(({ act }) => act.verb));
    expect(run).toEqual([
      "boot.ramdisk",
      "power.off",
      "power.on",
      "engine.awaitAgent",
      "step.run",
      "boot.instance",
      "management.setBootDevice",
      "power.off",
      "power.on",
    ]);
    expect(node.steps.at(-1)?.flow?.ends).toEqual({
      power: "on",
      bootDevice: { device: "disk", persistent: true },
    });
  });

  test("active and declared off: what the deploy leaves on is switched off after it", () => {
    expect(
      verbs(plan({ spec: { ...WANT_ACTIVE, power: "off" }, values: { power: "off" } })),
    ).toEqual(["provision.manage", "provision.provide", "provision.deploy", "power.softOff"]);
  });

  test("rescue of a node with no workload: no way leads there", () => {
    const node = plan({ spec: { provision: { state: "rescue" } } });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P07"]]);
  });
});

describe("the table of provision.state, for a node that is active", () => {
  const cases = [
    ["enroll", [], ["IW-P07"]],
    ["manageable", [], ["IW-P07"]],
    ["available", [], ["IW-P07"]],
    ["adopted", [], []],
    ["rescue", ["provision.rescue"], []],
  ] as const;
  test.each(cases)("%s", (state, steps, why) => {
    const node = plan({ spec: { provision: { state } }, record: ACTIVE });
    expect([verbs(node), codes(node)]).toEqual([steps, why]);
  });

  test("active: in sync, and another image is staged", () => {
    expect(plan({ spec: WANT_ACTIVE, record: ACTIVE }).inSync).toBe(true);
    const image = { ...IMAGE, name: "debian-14", checksum: "sha256:14" };
    const other = { state: "active", image } as const;
    const node = plan({ spec: { provision: other }, record: ACTIVE });
    expect([verbs(node), node.staged]).toEqual([
      [],
      [{ path: "/provision/image", until: "a rebuild request" }],
    ]);
  });

  test("adopted to active and back plans nothing", () => {
    const record = { provisionState: "active", instance: aWorkload("adopted") } as const;
    for (const state of ["active", "adopted"] as const)
      expect(plan({ spec: { provision: { state, image: IMAGE } }, record }).steps).toEqual([]);
  });

  test("rescue is left by declaring active again; both interrupt, neither erases", () => {
    const record = { ...ACTIVE, provisionState: "rescue" } as const;
    const node = plan({ spec: WANT_ACTIVE, record });
    expect([verbs(node), node.steps[0]?.impact, node.erases]).toEqual([
      ["provision.unrescue"],
      "reboot",
      [],
    ]);
  });
});
