import { expect, test } from "vitest";
import { runCli } from "../../support/run-cli.ts";
import { tempRepo } from "../../support/temp-repo.ts";

const NODE =
  "apiVersion: ironwright/v1\nkind: Node\nmetadata: { name: n1 }\nspec: { driver: relay, bmc: { address: http://127.0.0.1:1 } }\n";
const MISSING = {
  "ironwright.yaml": "drivers: [relay-driver]\n",
  "inventory/n1.yaml": NODE,
};
const THROWS = {
  "ironwright.yaml": "drivers: [./relay.mjs]\n",
  "inventory/n1.yaml": NODE,
  "relay.mjs": "throw new Error('its code has run');\n",
};

test("a driver that can't be loaded ends plan and validate with 3, and names what to do", async () => {
  const repo = await tempRepo(MISSING);
  const plan = await runCli(repo.dir, ["plan"]);
  expect(plan.code).toBe(3);
  expect(plan.err).toMatch(/relay-driver" is not installed .*npm install relay-driver +IW-D01/);
  const valid = await runCli(repo.dir, ["validate", "--format", "json"]);
  expect(valid.code).toBe(3);
  expect(JSON.parse(valid.out)).toMatchObject({
    valid: false,
    diagnostics: [
      { code: "IW-D01", file: "ironwright.yaml" },
      { code: "IW-I06", severity: "warning" },
    ],
  });
});

test("who only restrains or looks is not kept from it by a driver that can't be loaded", async () => {
  const repo = await tempRepo(MISSING);
  const status = await runCli(repo.dir, ["status"]);
  expect([status.code, status.err]).toEqual([0, expect.stringContaining("is not installed")]);
  await runCli(repo.dir, ["init"]);
  const stop = await runCli(repo.dir, ["stop", "--reason", "fire"]);
  expect([stop.code, stop.err]).toEqual([0, expect.not.stringContaining("relay-driver")]);
  const hold = await runCli(repo.dir, ["hold", "n1", "--reason", "fire"]);
  expect([hold.code, hold.err]).toEqual([0, expect.not.stringContaining("relay-driver")]);
});

test("--no-drivers and an empty IRONWRIGHT_DRIVERS run no code of the repository", async () => {
  const repo = await tempRepo(THROWS);
  expect((await runCli(repo.dir, ["plan"])).err).toContain("its code has run");
  for (const [args, env] of [
    [["--no-drivers"], {}],
    [[], { IRONWRIGHT_DRIVERS: "" }],
  ] as const) {
    const plan = await runCli(repo.dir, ["plan", ...args], env);
    expect(`${plan.out}${plan.err}`).not.toContain("its code has run");
    expect(`${plan.out}${plan.err}`.replaceAll(/\s+/g, " ")).toContain("relay is not known here");
  }
  const valid = await runCli(repo.dir, ["validate", "--no-drivers"]);
  expect([valid.code, valid.out]).toEqual([0, expect.stringContaining("was not checked")]);
});

test("a commit that is only looked at runs nothing that the checkout's settings don't name", async () => {
  const { "ironwright.yaml": settings, ...rest } = THROWS;
  const repo = await tempRepo(rest);
  await repo.commit("before");
  repo.write("ironwright.yaml", settings);
  const foreign = await repo.commit("a stranger's");
  repo.remove("ironwright.yaml");
  const plan = await runCli(repo.dir, ["plan", "--ref", foreign]);
  expect(plan.code).toBe(4);
  expect(plan.err).toContain("names the drivers ./relay.mjs");
  expect(plan.err).not.toContain("its code has run");
});
