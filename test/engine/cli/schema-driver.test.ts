import { expect, test } from "vitest";
import { driverData, driverSheet } from "../../../engine/cli/driver-sheet.ts";
import { fakeType } from "../../../drivers/fake/fake-type.ts";
import { hardwareTypes } from "../../../drivers/registry.ts";
import { runCli } from "../../support/run-cli.ts";
import { tempDir } from "../../support/temp-dir.ts";

test("schema driver: a name that nobody brings is 64 with the one that was meant", async () => {
  const dir = tempDir();
  const wrong = [
    [["schema", "driver", "redfsh"], "did you mean redfish?"],
    [["schema", "driver", ""], "is none of fake, ipmi, redfish"],
    [["schema", "Nod"], "did you mean Node?"],
    [["schema", "Node", "n1"], "takes no name"],
  ] as const;
  for (const [args, said] of wrong) {
    const { code, err } = await runCli(dir, args);
    expect([args, code]).toEqual([args, 64]);
    expect(err).toContain(said);
  }
});

test("schema driver: lists the hardware types, for people, machines and the shell", async () => {
  const dir = tempDir();
  const text = await runCli(dir, ["schema", "driver"]);
  expect(text.out).toMatch(/^redfish +servers whose BMC speaks Redfish/m);
  const names = await runCli(dir, ["schema", "driver", "-o", "name"]);
  expect(names.out).toBe("fake\nipmi\nredfish\n");
  const one = await runCli(dir, ["schema", "driver", "redfish", "--json"]);
  expect(JSON.parse(one.out)).toMatchObject({
    hardwareType: "redfish",
    properties: {
      required: ["bmc"],
      properties: {
        bmc: {
          required: ["address"],
          properties: { auth: { enum: ["auto", "session", "basic"], default: "auto" } },
        },
      },
    },
  });
});

test("every property of every hardware type has a type and a meaning", () => {
  for (const type of hardwareTypes) {
    const sheet = driverSheet(type, 400);
    const rows = sheet.split("\n").filter((line) => /^(bmc|fake)\./.test(line));
    expect(rows.length).toBeGreaterThan(5);
    for (const row of rows) expect(row).toMatch(/\S: \S/);
  }
});

test("a step is shown with priorities, impact, what it needs and its arguments", () => {
  const sheet = driverSheet(fakeType, 400);
  expect(sheet).toMatch(/deploy.erase_devices +clean 10; destructive \(full\); needs the ramdisk/);
  expect(sheet).toMatch(
    /firmware.update +clean 0, service 0; reboot; not abortable; settings \(list, required\)/,
  );
  for (const line of driverSheet(fakeType, 80).split("\n")) expect(line.length).toBeLessThan(81);
});

test("vendor methods are shown with impact and arguments, and as JSON Schema", () => {
  expect(driverSheet(fakeType, 400)).toMatch(
    /set_asset_tag +in-place +writes another asset tag on the board; tag \(string, 1 to 63/,
  );
  expect(driverSheet({ ...fakeType, vendor: [] }, 400)).toContain("It has no vendor methods.");
  const { vendor } = driverData(fakeType);
  expect(vendor).toContainEqual({
    name: "set_asset_tag",
    description: "writes another asset tag on the board",
    reads: false,
    impact: "in-place",
    args: expect.objectContaining({ required: ["tag"], additionalProperties: false }),
  });
});

test("of the implementations of an interface one is the default", () => {
  const { interfaces } = driverData(fakeType) as {
    interfaces: { interface: string; implementation: string; default: boolean }[];
  };
  const deploy = interfaces.filter((one) => one.interface === "deploy");
  expect(deploy.map(({ implementation, default: first }) => [implementation, first])).toEqual([
    ["fake", true],
    ["noop", false],
  ]);
});
