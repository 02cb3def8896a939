import { expect, test } from "vitest";
import { aRack } from "../../support/rack.ts";
import { runCli } from "../../support/run-cli.ts";
import { tempRepo } from "../../support/temp-repo.ts";

interface Answer {
  readonly result: boolean | null;
  readonly reason: string | null;
  readonly code: string | null;
  readonly implementation: string | null;
}
interface Answered {
  readonly valid: boolean;
  readonly diagnostics: readonly { readonly code: string; readonly severity: string }[];
  readonly nodes: readonly {
    readonly node: string;
    readonly interfaces: Readonly<Record<string, Answer>>;
  }[];
}

function answered(out: string): Answered {
  return JSON.parse(out) as Answered;
}

test("a login that is refused is tried once, and every interface that needs it says so", async () => {
  const rack = await aRack(["n1"]);
  const wrong = { BMC_PASSWORD: "not-it" };
  const before = rack.logins().length;
  const first = await rack.runWith(wrong, "validate", "--live", "--json");
  expect(first.code).toBe(3);
  const [node] = answered(first.out).nodes;
  for (const name of ["power", "management", "boot", "bios", "inspect"])
    expect(node?.interfaces[name]).toMatchObject({ result: false, code: "IW-B04" });
  expect(node?.interfaces["console"]).toMatchObject({ result: null, implementation: "no-console" });
  expect(first.out + first.err).not.toContain("not-it");
  await rack.runWith(wrong, "validate", "--live");
  expect(rack.logins().length).toBe(before + 1);
  expect(rack.acts().filter(({ method }) => method !== "GET")).toEqual([]);
});

test("a system that is not at its BMC, and an image without a checksum, are told by the interfaces", async () => {
  const rack = await aRack(["n1", "n2"]);
  const text = (name: string, more: string): string =>
    `apiVersion: ironwright/v1\nkind: Node\nmetadata: { name: ${name} }\nspec:\n  driver: redfish\n` +
    `  interfaces: { deploy: noop }\n  bmc: { address: "${rack.simulator.addresses.get(name) ?? ""}", system: /redfish/v1/Systems/${name === "n1" ? "no-such" : name}, ` +
    `username: admin, password: { env: BMC_PASSWORD } }\n${more}`;
  rack.repo.write("inventory/n1.yaml", text("n1", ""));
  rack.repo.write("inventory/n2.yaml", text("n2", ""));
  rack.repo.write(
    "inventory/f1.yaml",
    "apiVersion: ironwright/v1\nkind: Node\nmetadata: { name: f1 }\nspec:\n  driver: fake\n" +
      "  provision: { image: { url: https://images/a.raw } }\n",
  );
  const { code, out } = await rack.run("validate", "--live", "--json");
  expect(code).toBe(3);
  const { nodes, valid } = answered(out);
  expect(valid).toBe(false);
  const [f1, n1] = nodes;
  expect(f1?.interfaces["deploy"]).toMatchObject({ result: false, code: "IW-I20" });
  expect(f1?.interfaces["deploy"]?.reason).toContain("checksum");
  expect(f1?.interfaces["power"]).toMatchObject({ result: true, reason: null });
  expect(n1?.interfaces["management"]).toMatchObject({ result: false, code: "IW-B13" });
  expect(n1?.interfaces["deploy"]).toMatchObject({ result: true, implementation: "noop" });
});

test("one silent BMC stops nobody and changes no exit code but with --strict; all silent is 1", async () => {
  const rack = await aRack(["n1"]);
  rack.repo.write(
    "inventory/s.yaml",
    "apiVersion: ironwright/v1\nkind: Node\nmetadata: { name: s1 }\nspec:\n  driver: redfish\n  bmc: { address: http://127.0.0.1:1 }\n",
  );
  const some = await rack.run("validate", "--live");
  expect(some.code).toBe(0);
  expect(some.out).toContain("1 of 2 BMCs answer; 0 nodes have");
  expect(some.out).toMatch(/^s1 +power +redfish +false/m);
  expect(some.out).not.toMatch(/^n1 /m);
  expect((await rack.run("validate", "--live", "--strict")).code).toBe(4);
  const one = await rack.run("validate", "--live", "--node", "n1");
  expect(one.code).toBe(0);
  expect(one.out).toMatch(/^n1 +power +redfish +true$/m);
  expect(one.out).toMatch(/^n1 +raid +no-raid +none +no-raid: switched off$/m);
  const dark = await rack.run("validate", "--live", "--node", "s1", "--format", "json");
  expect(dark.code).toBe(1);
  expect(answered(dark.out)).toMatchObject({
    valid: false,
    diagnostics: [{ code: "IW-B01", severity: "error" }],
  });
});

test("settings that a hardware type refuses are not sent to a BMC", async () => {
  const repo = await tempRepo({
    "inventory/a.yaml":
      "apiVersion: ironwright/v1\nkind: Node\nmetadata: { name: a }\nspec:\n  driver: redfish\n  bmc: { address: 10.0.0.7 }\n",
  });
  const { code, out } = await runCli(repo.dir, ["validate", "--live", "--json"]);
  expect(code).toBe(3);
  const [node] = answered(out).nodes;
  expect(node?.interfaces["power"]).toMatchObject({ result: false, code: "IW-I04" });
  expect(node?.interfaces["power"]?.reason).toContain("https://10.0.0.7");
  expect(node?.interfaces["network"]).toMatchObject({ result: true });
});
