import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { QUICK_SETTINGS } from "../../support/rack.ts";
import { type Ran, runCli, startCli } from "../../support/run-cli.ts";
import { type TempRepo, tempRepo } from "../../support/temp-repo.ts";

const QUICK = ["--power-on-ms", "60", "--power-off-ms", "40", "--graceful-ms", "80"];

/** Starts `simulate` and answers what it printed once it runs. */
async function simulating(
  dir: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{
  readonly inventory: string;
  readonly said: string;
  readonly stop: () => Promise<unknown>;
}> {
  const { child, ended } = startCli(dir, ["simulate", ...QUICK, ...args], env);
  let inventory = "";
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => (inventory += chunk.toString()));
  const runs = new Promise<void>((done) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("Ctrl-C ends it")) done();
    });
  });
  await Promise.race([runs, ended]);
  const stop = (): Promise<unknown> => {
    child.kill("SIGTERM");
    return ended;
  };
  return { inventory, said, stop };
}

/** A UDP port of the loopback that somebody has. */
async function takenPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((done) => socket.bind(0, "127.0.0.1", done));
  onTestFinished(() => void socket.close());
  return socket.address().port;
}

/** UDP ports of the loopback that nobody has just now. */
async function freePorts(count: number): Promise<readonly number[]> {
  const sockets = Array.from({ length: count }, () => createSocket("udp4"));
  for (const socket of sockets)
    await new Promise<void>((done) => socket.bind(0, "127.0.0.1", done));
  const ports = sockets.map((socket) => socket.address().port);
  for (const socket of sockets) await new Promise<void>((done) => socket.close(done));
  return ports;
}

function node(name: string, driver: string, address: string, more = ""): string {
  return `apiVersion: ironwright/v1
kind: Node
metadata: { name: ${name} }
spec:
  driver: ${driver}
  bmc: { address: "${address}", username: admin, password: { env: BMC_PASSWORD }${more} }
  provision: { state: available }
  power: on
`;
}

const ENV = { BMC_PASSWORD: "password" };

async function applied(repo: TempRepo, env = ENV): Promise<Ran> {
  const run = (...args: readonly string[]): Promise<Ran> => runCli(repo.dir, args, env);
  expect(await run("init", "--nodes", "new")).toMatchObject({ code: 0 });
  await repo.commit("the rack");
  const done = await run("apply", "--yes");
  expect([done.code, done.out]).toEqual([0, expect.stringContaining("0 failed, 0 skipped")]);
  return run("plan", "--detailed-exitcode");
}

test("what is asked for wrongly is one sentence with the way out, and nothing is started", async () => {
  const repo = await tempRepo({ "inventory/a.yaml": node("n1", "fake", "") });
  const made = ["--nodes", "2", "--ipmi"];
  const wrong = [
    [["--nodes", "2", "--ipmi-port", "6230"], "means nothing with --nodes and without --ipmi"],
    [["--nodes", "2", "--ipmi-slots", "2"], "means nothing with --nodes and without --ipmi"],
    [["--ipmi"], "declared ones speak as their documents say (driver: ipmi)"],
    [[...made, "--ipmi-port", "70000"], "--ipmi-port 70000 is no port"],
    [[...made, "--ipmi-port", "65535"], "leaves 1 ports, and there are 2 machines"],
    [[...made, "--ipmi-suites", "5"], '"5" is no suite that is spoken here; write 17, 3, 17,3'],
    [["--nodes", "2", "--ipmi-chassis"], "means nothing with --nodes and without --ipmi"],
    [["--nodes", "104", "--ipmi", "--ipmi-chassis"], "room for 103 machines, and there are 104"],
    [[...made, "--ipmi-slots", "0"], "--ipmi-slots 0 lets nobody in"],
    [[...made, "--password-env", "NO_PW"], "--password-env NO_PW: that variable is not set"],
    [[...made, "--username", "a-name-of-17-bytes"], "longer than the 16 bytes that IPMI takes"],
    [[...made, "--log-file", "no/such/calls.log"], "the log no/such/calls.log cannot be written"],
    [[...made, "--ipmi-kg-env", "NO_KG"], "--ipmi-kg-env NO_KG: that variable is not set"],
    [[...made, "--ipmi-kg-env", "LONG"], "the Kg in LONG is longer than 20 bytes"],
    [[...made, "--fault", "r1-n01=ipmi-nosuch"], "one of no-effect, "],
    [[...made, "--fault", "r1-n01=ipmi-busy:x"], "takes a number, and a completion code"],
    [[...made, "--fault", "r1-n09=ipmi-busy"], "is called so; there are r1-n01, r1-n02"],
    [["--nodes", "1", "--fault", "r1-n01=ipmi-busy"], "speaks no IPMI here; start with --ipmi"],
    [[], "no declared node has driver redfish or ipmi"],
  ] as const;
  const env = { LONG: "a".repeat(21) };
  const ended = await Promise.all(
    wrong.map(([args]) => runCli(repo.dir, ["simulate", ...args], env)),
  );
  for (const [at, ran] of ended.entries()) {
    const [args, text = ""] = wrong[at] ?? [];
    expect([args, ran.code, ran.out]).toEqual([args, 64, ""]);
    expect(ran.err).toContain(text);
    expect(ran.err).not.toMatch(/\bat .+:\d+:\d+/);
  }
}, 120_000);

test("a port that somebody has is named with the line or the flag that asks for it, and ends the rest", async () => {
  const port = await takenPort();
  const [free = 0] = await freePorts(1);
  const repo = await tempRepo({
    "inventory/a.yaml": node("n2", "ipmi", `ipmi://127.0.0.1:${free}`),
    "inventory/b.yaml": node("n3", "ipmi", `ipmi://127.0.0.1:${port}`),
  });
  const udp = `UDP 127.0.0.1:${port} is in use`;
  const made = await runCli(repo.dir, ["simulate", "--nodes=1", "--ipmi", `--ipmi-port=${port}`]);
  expect([made.code, made.out]).toEqual([64, ""]);
  expect(made.err).toContain(`r1-n01: ${udp}; choose another --ipmi-port`);
  const declared = await runCli(repo.dir, ["simulate"]);
  expect(declared.code).toBe(64);
  expect(declared.err).toContain(`inventory/b.yaml:6: node "n3": ${udp}; end what listens there`);
});

test("blades of one chassis are in sync, made up and then as they are declared", async () => {
  const [port = 0] = await freePorts(1);
  const repo = await tempRepo({ "ironwright.yaml": QUICK_SETTINGS });
  const args = ["--nodes", "2", "--ipmi", "--ipmi-chassis", "--ipmi-port", `${port}`];
  const made = await simulating(repo.dir, args);
  expect(made.inventory.match(/ipmi:.*/g)).toEqual([
    `ipmi://127.0.0.1:${port}", bridging: { target: { channel: 7, address: 0x22 } } }`,
    `ipmi://127.0.0.1:${port}", bridging: { target: { channel: 7, address: 0x24 } } }`,
  ]);
  repo.write("inventory/blades.yaml", made.inventory);
  const after = await applied(repo);
  expect(after.out).toContain("All 2 nodes are in sync");
  await made.stop();
  // Machines of a new simulation are off.
  await simulating(repo.dir, []);
  const seen = await runCli(repo.dir, ["observe", "r1-n02"], ENV);
  expect(seen.out).toMatch(/power +off/);
});

test("a chassis that cannot be simulated is named with its line", async () => {
  const bridging = ", bridging: { target: { channel: 3, address: 0x22 } }";
  const repo = await tempRepo({
    "inventory/a.yaml": node("n1", "ipmi", "ipmi://127.0.0.1:6230", bridging),
  });
  const ran = await runCli(repo.dir, ["simulate"], ENV);
  expect(ran.code).toBe(64);
  expect(ran.err).toContain('node "n1": it is bridged to channel 3 address 22h, where no');
});

test("a password that IPMI could not take is none of a Redfish rack's business", async () => {
  const port = await takenPort();
  const long = { PW: "a".repeat(21) };
  const args = ["simulate", "--password-env", "PW"];
  const redfish = node("n1", "redfish", `http://127.0.0.1:${port}`);
  const repo = await tempRepo({ "inventory/a.yaml": redfish });
  const { child, ended } = startCli(repo.dir, args, long);
  child.stderr?.on("data", (chunk: Buffer) => {
    if (chunk.toString().includes("Ctrl-C ends it")) child.kill("SIGTERM");
  });
  expect((await ended).err).toContain("simulating 1 machines");
  repo.write("inventory/a.yaml", node("n1", "ipmi", `ipmi://127.0.0.1:${port}`));
  const refused = await runCli(repo.dir, args, long);
  expect(refused).toMatchObject({
    code: 64,
    err: expect.stringContaining("longer than the 20 bytes"),
  });
});

test("only loopback is simulated, and the line that says otherwise is named", async () => {
  const repo = await tempRepo({ "inventory/a.yaml": node("n1", "ipmi", "ipmi://10.0.0.7") });
  const ran = await runCli(repo.dir, ["simulate"], ENV);
  expect(ran.code).toBe(64);
  expect(ran.err).toContain('inventory/a.yaml:6: node "n1": ipmi://10.0.0.7 is not on loopback');
  expect(ran.err).toContain("use addresses such as ipmi://127.0.0.1:6230");
});

test("an IPMI rack that was made up is planned, applied and in sync, and Redfish is told beside it", async () => {
  const repo = await tempRepo({ "ironwright.yaml": QUICK_SETTINGS });
  const { inventory, said } = await simulating(repo.dir, ["--nodes", "2", "--ipmi"]);
  expect(said).toContain("speak Redfish too, at http://127.0.0.1:");
  expect(inventory).not.toContain("redfish");
  repo.write("inventory/simulated.yaml", inventory);
  const after = await applied(repo);
  expect([after.code, after.out]).toEqual([0, expect.stringContaining("All 2 nodes are in sync")]);
  const { url } = /(?<url>http:\/\/127.0.0.1:\d+)\/simulator/.exec(said)?.groups ?? {};
  const log = await (await fetch(`${url}/simulator/v1/log`)).json();
  const acts = (log as { calls: { path: string; machine: string | null }[] }).calls;
  expect(acts.filter(({ machine }) => machine !== null).map(({ path }) => path)).toEqual([
    "Chassis Control",
    "Chassis Control",
  ]);
});

test("what the README says of a rack on one's desk is true, word by word", async () => {
  const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
  const [, section = ""] = readme.split("## Half of the world's BMCs speak IPMI\n");
  const [, block = ""] = section.split("```\n");
  const lines = block.split("\n").map((line) => line.replace(/ +#.*$/, ""));
  const [simulate = "", env, ...commands] = lines.filter((line) => line !== "");
  const [, args = "", path = ""] = /^ironwright simulate (.*) > (.*)$/.exec(simulate) ?? [];
  const repo = await tempRepo();
  const { inventory } = await simulating(repo.dir, args.split(" "));
  repo.write(path, inventory);
  expect([env, ...commands]).toEqual([
    "export BMC_PASSWORD=password",
    "ironwright init",
    "ironwright apply",
  ]);
  expect(await runCli(repo.dir, ["init"], ENV)).toMatchObject({ code: 0 });
  // Without a terminal nobody can be asked.
  const done = await runCli(repo.dir, ["apply", "--yes"], ENV);
  expect([done.code, done.out]).toEqual([0, expect.stringContaining("4 nodes applied")]);
});

test.each([
  [["--ipmi-suites", "3"], {}],
  [["--ipmi-suites", "none"], {}],
  [["--ipmi-kg-env", "BMC_KG", "--ipmi-slots", "1"], { BMC_KG: "0123456789" }],
])("documents of a rack with %s fit what its BMCs speak", async (how, env) => {
  const repo = await tempRepo({ "ironwright.yaml": QUICK_SETTINGS });
  const args = ["--nodes", "1", "--ipmi", ...how];
  const { inventory } = await simulating(repo.dir, args, env);
  repo.write("inventory/simulated.yaml", inventory);
  expect(await applied(repo, { ...ENV, ...env })).toMatchObject({ code: 0 });
});

test("a declared rack of Redfish and IPMI is served as each document says", async () => {
  const [a = 0, b = 0, c = 0, d = 0, web = 0] = await freePorts(5);
  const documents = [
    node("n1", "redfish", `http://127.0.0.1:${web}`, ", system: /redfish/v1/Systems/n1"),
    node("n2", "ipmi", `ipmi://127.0.0.1:${a}`, ", cipherSuite: 3, privilege: operator"),
    node("n3", "ipmi", `127.0.0.1:${b}`, ", kg: { env: BMC_KG }, cipherSuite: 17"),
    node("n4", "ipmi", `localhost:${c}`, ", ipmiVersion: 1.5"),
    node("n5", "ipmi", `ipmi://127.0.0.1:${d}`).replace("username: admin", "username: root"),
  ];
  const repo = await tempRepo({
    "ironwright.yaml": QUICK_SETTINGS,
    "inventory/rack.yaml": documents.join("---\n"),
  });
  const env = { ...ENV, BMC_KG: "0123456789abcdef0123456789abcdef01234567" };
  const fault = ["--fault", "n3=ipmi-lose-answer:1", "--fault", "swap=n2,n5"];
  const { inventory, said } = await simulating(repo.dir, fault, env);
  expect(inventory).toBe("");
  expect(said).toContain("simulating 5 machines at ");
  expect(await applied(repo, env)).toMatchObject({ code: 0 });
  const wrongKg = await runCli(repo.dir, ["observe", "n3"], { ...env, BMC_KG: "another" });
  expect([wrongKg.code, wrongKg.out]).toEqual([1, expect.stringContaining("(Kg)")]);
});
