import http from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { Plan } from "../../../schemas/plan.ts";
import { aRack } from "../../support/rack.ts";
import { MAIN, runCli } from "../../support/run-cli.ts";
import { tempRepo } from "../../support/temp-repo.ts";

async function flat(
  run: Promise<{ out: string; err: string; code: number | null }>,
): Promise<{ code: number | null; text: string }> {
  const { out, err, code } = await run;
  return { code, text: `${out}${err}`.replaceAll(/\s+/g, " ") };
}

const NODE = "apiVersion: ironwright/v1\nkind: Node\nmetadata: { name: n1 }\nspec:\n";

test.each([
  ["an empty inventory", "# nothing\n", "IW-I12"],
  ["a binary file", "\u0000\u0001\u0002", "IW-I02"],
  ["10 MB of YAML", `# ${"x".repeat(10 * 1024 * 1024)}\n`, "IW-I02"],
  ["an unknown key at depth", `${NODE}  driver: fake\n  boot: { modus: uefi }\n`, "IW-I03"],
  ["a document that is no map", "- a\n- b\n", "IW-I15"],
  ["YAML that ends in the middle", `${NODE}  driver: [fake\n`, "IW-I01"],
])("%s: exit 3, one sentence with its place, no stack trace", async (_name, text, code) => {
  const repo = await tempRepo({ "inventory/bad.yaml": text });
  const { code: exit, text: said } = await flat(runCli(repo.dir, ["plan"]));
  expect(exit).toBe(3);
  expect(said).toContain(code);
  expect(said).toContain("inventory/bad.yaml:");
  expect(said).not.toMatch(/at .*\.js:\d+/);
});

test("wrong usage is 64 and names the way: command, flag, node, selector", async () => {
  const repo = await tempRepo({ "inventory/a.yaml": `${NODE}  driver: fake\n` });
  const wrong = [
    ["plann"],
    ["plan", "--nosuch"],
    ["explain", "n2"],
    ["plan", "-l", "rack"],
    ["plan", "--only", "wish"],
    ["apply", "nosuch.plan"],
    ["graph", "tree"],
    ["apply", "."],
    ["apply", "x.plan", "--node", "n1"],
    ["apply", "--allow-erase", "many"],
    ["apply", "--claim", "n2"],
    ["simulate", "--nodes", "1", "--port", "99999"],
  ];
  const ended = await Promise.all(wrong.map((args) => flat(runCli(repo.dir, args))));
  for (const [index, { code, text }] of ended.entries()) {
    expect([wrong[index], code]).toEqual([wrong[index], 64]);
    expect(text).not.toMatch(/at .*\.js:\d+/);
  }
  expect((await flat(runCli(repo.dir, ["explain", "n2"]))).text).toContain('did you mean "n1"');
}, 120_000);

test("common flags also stand before the command", async () => {
  const repo = await tempRepo({ "inventory/a.yaml": `${NODE}  driver: fake\n` });
  const there = await runCli("/", ["-C", repo.dir, "status", "-o", "name"]);
  expect([there.code, there.out]).toEqual([0, "n1\n"]);
  const after = await runCli("/", ["-C", "/nosuch", "status", "-C", repo.dir, "-o", "name"]);
  expect([after.code, after.out]).toEqual([0, "n1\n"]);
});

test("a disk that takes no answer is one sentence and 1; a reader that went away is no failure", async () => {
  const repo = await tempRepo({ "inventory/a.yaml": `${NODE}  driver: fake\n` });
  const { spawnSync } = await import("node:child_process");
  const sh = (text: string): { status: number | null; said: string } => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: repo.dir, MAIN };
    const { status, stderr } = spawnSync("bash", ["-c", text], { cwd: repo.dir, env });
    return { status, said: stderr.toString() };
  };
  const full = sh('node "$MAIN" graph machine > /dev/full');
  expect([full.status, full.said]).toEqual([
    1,
    expect.stringMatching(/^ironwright: the answer cannot be written to stdout: ENOSPC[^\n]*\n$/),
  ]);
  const head = sh('set -o pipefail; node "$MAIN" graph machine --json | head -1 > /dev/null');
  expect(head).toEqual({ status: 0, said: "" });
});

test("an unknown setting and an unknown IRONWRIGHT_ variable are errors with their place", async () => {
  const repo = await tempRepo({
    "inventory/a.yaml": `${NODE}  driver: fake\n`,
    "ironwright.yaml": "concurency: 4\n",
  });
  const wrong = await flat(runCli(repo.dir, ["plan"]));
  expect([wrong.code, wrong.text]).toEqual([
    3,
    expect.stringContaining(
      "ironwright.yaml:1:1 error unknown setting concurency; did you mean concurrency?",
    ),
  ]);
  repo.write("ironwright.yaml", "");
  const variable = await flat(runCli(repo.dir, ["plan"], { IRONWRIGHT_CONCURENCY: "4" }));
  expect([variable.code, variable.text]).toEqual([
    3,
    expect.stringContaining("did you mean IRONWRIGHT_CONCURRENCY?"),
  ]);
});

test("a BMC that is not there: named, counted, exit 1 when nothing could be read", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  await rack.simulator.close();
  const { code, text } = await flat(rack.run("plan"));
  expect([code, text]).toEqual([1, expect.stringContaining("IW-B01")]);
});

test("a wrong password is tried once, and not again until it changes", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  const wrong = { BMC_PASSWORD: "wrong" };
  const first = await flat(rack.runWith(wrong, "plan"));
  expect([first.code, first.text]).toEqual([1, expect.stringContaining("IW-B04")]);
  await rack.runWith(wrong, "plan");
  await rack.runWith(wrong, "apply", "--yes");
  expect(rack.logins()).toHaveLength(1);
  const right = await rack.run("apply", "--yes");
  expect(right.code).toBe(0);
});

test("a wrong password that all share is tried at three BMCs, by however many commands at once", async () => {
  const rack = await aRack(["n1", "n2", "n3", "n4", "n5"], {
    spec: "  power: on\n",
    simulator: { layout: "port-per-bmc" },
  });
  const wrong = { BMC_PASSWORD: "wrong" };
  await Promise.all([1, 2, 3].map(() => rack.runWith(wrong, "plan")));
  expect(rack.logins()).toHaveLength(3);
  const { out } = await rack.runWith(wrong, "plan", "--json");
  const { nodes } = JSON.parse(out) as Plan;
  const untried = nodes.filter(({ blockedBy }) => blockedBy.some(({ code }) => code === "IW-B19"));
  expect(untried).toHaveLength(2);
  const { text } = await flat(rack.runWith(wrong, "explain", untried[0]?.node ?? ""));
  expect(text).toMatch(/tried nowhere else until it changes.*ironwright retry n\d/);
  expect(rack.logins()).toHaveLength(3);
  // The right one is another secret, and is tried everywhere.
  const right = await flat(rack.run("plan"));
  expect(right.text).not.toMatch(/IW-B04|IW-B19/);
});

test("a password that cannot be had says which variable", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  const { text } = await flat(runCli(rack.repo.dir, ["plan"]));
  expect(text).toContain("the environment variable BMC_PASSWORD is not set");
});

test("a certificate that nobody vouches for is refused before the password is sent", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n", simulator: { https: true } });
  const { code, text } = await flat(rack.run("plan"));
  expect([code, text]).toEqual([1, expect.stringContaining("IW-B03")]);
  expect(rack.logins()).toEqual([]);
});

test("a web server that speaks no Redfish is named as that", async () => {
  const server = http.createServer((_request, response) => response.end("<h1>printer</h1>"));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const repo = await tempRepo({
    "inventory/a.yaml": `${NODE}  driver: redfish\n  bmc: { address: "http://127.0.0.1:${port}", username: a, password: { env: P } }\n  power: on\n`,
  });
  const { code, text } = await flat(runCli(repo.dir, ["plan"], { P: "secret-word" }));
  expect([code, text]).toEqual([1, expect.stringMatching(/IW-B0[56]/)]);
  expect(text).not.toContain("secret-word");
});

test.each(["truncated", "huge", "garbage", "hang", "drop", "busy"])(
  "a BMC with the fault %s is a named row, and the other node goes on",
  async (fault) => {
    const rack = await aRack(["n1", "n2"], {
      spec: "  power: on\n",
      simulator: { layout: "port-per-bmc" },
    });
    rack.simulator.fault(`n1=${fault}`);
    const { code, text } = await flat(rack.run("apply", "--yes"));
    expect(code).toBe(0);
    expect(text).toMatch(/n1 unreachable[^|]*IW-B0\d/);
    expect(text).toContain("1 node applied");
  },
);

test("no secret is in any output, plan, record, cache or journal", async () => {
  const rack = await aRack(["n1"], {
    spec: "  power: on\n",
    simulator: { password: "geheim-4711" },
  });
  const { execFileSync } = await import("node:child_process");
  const runs = [
    await rack.run("apply", "--yes", "--json", "--log-level", "debug"),
    await rack.run("show", "n1", "--json"),
    await rack.run("plan", "--json"),
  ];
  expect(runs.map(({ out, err }) => out + err).join("")).not.toContain("geheim");
  const found = execFileSync("sh", ["-c", `grep -rl geheim '${rack.repo.dir}' || true`]).toString();
  expect(found).toBe("");
});

test("a driver that there is not is named, with those that there are", async () => {
  const repo = await tempRepo({
    "inventory/a.yaml": `${NODE}  driver: redfsh\n  bmc: { address: "https://a" }\n`,
  });
  const { code, text } = await flat(runCli(repo.dir, ["validate"]));
  expect(code).toBe(3);
  expect(text).toContain("inventory/a.yaml:5:3 error n1: there is no hardware type redfsh");
});
