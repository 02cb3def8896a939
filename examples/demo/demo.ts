import { spawn } from "node:child_process";
import fs, { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as git from "isomorphic-git";
import picocolors from "picocolors";
import { madeUpMachines } from "../../drivers/simulator/machines-for.ts";
import { type Simulator, startSimulator } from "../../drivers/simulator/start-simulator.ts";

const MAIN = fileURLToPath(new URL("../../engine/cli/main.js", import.meta.url));
const PASSWORD = "calvin";
const QUIET = process.stderr.isTTY ? [] : ["--log-level", "error"];

/** Machines of milliseconds, so that the whole story takes less than a minute. */
const SETTINGS = `# The demo's machines are quick; a real rack keeps the defaults.
limits: { resetSpacingSeconds: 0, powerOnSpacingSeconds: 0, settleSeconds: 0 }
timeouts: { powerSeconds: 3, softOffSeconds: 2, lookSeconds: 0.2 }
`;

/** A repository and a simulated rack, and the commands that a person would type. */
class Stage {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), "ironwright-demo-")));
  readonly rack: Simulator;

  constructor(rack: Simulator) {
    this.rack = rack;
  }

  say(text: string): void {
    process.stdout.write(`\n${picocolors.cyan(text)}\n`);
  }

  title(text: string): void {
    process.stdout.write(`\n${picocolors.bold(picocolors.cyan(`== ${text}`))}\n`);
  }

  /** Prints a command, runs it, prints what it says; answers what it printed and how it ended. */
  run(
    args: readonly string[],
    how: {
      readonly env?: Readonly<Record<string, string>>;
      readonly silent?: boolean;
      readonly errors?: boolean;
    } = {},
  ): Promise<{ out: string; code: number | null }> {
    process.stdout.write(`\n${picocolors.green(`$ ironwright ${args.join(" ")}`)}\n`);
    const child = spawn(process.execPath, [MAIN, ...args, ...(how.errors === true ? [] : QUIET)], {
      cwd: this.dir,
      env: {
        ...process.env,
        BMC_PASSWORD: PASSWORD,
        COLUMNS: String(process.stdout.columns || 100),
        ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}),
        ...how.env,
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      if (how.silent !== true) process.stdout.write(chunk);
    });
    return new Promise((done) => {
      child.on("close", (code, signal) => {
        if (how.silent === true && code === 0)
          process.stdout.write(picocolors.dim("(done; what it printed is left out here)\n"));
        if (signal !== null) process.stdout.write(picocolors.red(`(ended by ${signal})\n`));
        else if (code !== 0) process.stdout.write(picocolors.yellow(`(exit ${code})\n`));
        done({ out, code });
      });
    });
  }

  write(path: string, text: string): void {
    fs.mkdirSync(join(this.dir, path, ".."), { recursive: true });
    fs.writeFileSync(join(this.dir, path), text);
  }

  read(path: string): string {
    return fs.readFileSync(join(this.dir, path), "utf8");
  }

  async commit(message: string): Promise<void> {
    const { dir } = this;
    for (const [path, , workdir] of await git.statusMatrix({ fs, dir })) {
      if (workdir === 0) await git.remove({ fs, dir, filepath: path });
      else await git.add({ fs, dir, filepath: path });
    }
    await git.commit({ fs, dir, message, author: { name: "ops", email: "ops@example.org" } });
    process.stdout.write(`\n${picocolors.green(`$ git commit -am "${message}"`)}\n`);
  }

  /** What the simulated BMC itself wrote down of one machine since a moment. */
  showCalls(machine: string, since: number): void {
    const calls = this.rack.log.filter(
      (call) => call.machine === machine && Date.parse(call.time) >= since,
    );
    process.stdout.write(
      `the BMC's own log of ${machine}: ${calls.length} ${calls.length === 1 ? "call" : "calls"}\n`,
    );
    for (const { method, path, body, effect } of calls)
      process.stdout.write(`  ${method} ${path} ${JSON.stringify(body)}  ->  ${effect}\n`);
  }

  /** What a fake machine itself keeps of its disks: how often each was erased and written. */
  showDisks(machine: string): void {
    const kept = JSON.parse(this.read(`.ironwright/fake/${machine}.json`)) as {
      readonly disks: readonly {
        readonly serial: string;
        readonly content: string;
        readonly metadataErasures: number;
        readonly writes: number;
      }[];
    };
    process.stdout.write(`the disks of ${machine}, as the machine itself counts:\n`);
    for (const { serial, content, metadataErasures, writes } of kept.disks)
      process.stdout.write(
        `  ${serial}  holds ${content}; metadata erased ${metadataErasures} times, written ${writes} times\n`,
      );
  }
}

async function begin(): Promise<Stage> {
  const rack = await startSimulator({
    machines: madeUpMachines(4),
    layout: "port-per-bmc",
    https: true,
    password: PASSWORD,
    timings: { powerOnMs: 600, powerOffMs: 200, gracefulMs: 400 },
  });
  const stage = new Stage(rack);
  await git.init({ fs, dir: stage.dir, defaultBranch: "main" });
  stage.write("ironwright.yaml", SETTINGS);
  return stage;
}

async function discoverAll(stage: Stage): Promise<void> {
  stage.title("Four machines that nobody has written down: discover writes their documents");
  const how = ["--username", "admin", "--password-env", "BMC_PASSWORD"];
  const [first = ""] = stage.rack.addresses.values();
  stage.say(
    "Their certificates vouch for themselves only, so nothing is sent until one is pinned.",
  );
  await stage.run(["discover", first, ...how], { errors: true });
  const pin = stage.rack.pin ?? "";
  for (const [name, address] of stage.rack.addresses) {
    const silent = name !== "r1-n01";
    const { out } = await stage.run(["discover", address, ...how, "--pin", pin], { silent });
    // The name is the operator's; discover can only guess it.
    stage.write(
      `inventory/${name}.yaml`,
      out.replace(/^ {2}name: .*$/m, `  name: ${name}\n  labels: { rack: r1 }`),
    );
  }
  stage.say("The store is made once; the first plan over what was discovered is empty.");
  await stage.run(["init"]);
  await stage.commit("four machines as they are");
  await stage.run(["apply", "--yes"]);
}

/** Adds lines to the spec of a node's document. */
function declare(stage: Stage, name: string, lines: string): void {
  const path = `inventory/${name}.yaml`;
  const marked = stage.read(path).split("  # wished\n")[0] ?? "";
  stage.write(path, `${marked.trimEnd()}\n  # wished\n${lines}`);
}

async function wish(stage: Stage): Promise<void> {
  stage.title("A commit says what they must be: plan, apply, and the next plan is empty");
  for (const name of ["r1-n01", "r1-n02", "r1-n03"])
    declare(stage, name, "  power: on\n  boot: { device: disk }\n  drift: { power: enforce }\n");
  await stage.commit("r1: on, from disk");
  const { out } = await stage.run(["plan"]);
  const saved = /apply (\S+\.plan)/.exec(out)?.[1] ?? "";
  await stage.run(["apply", saved, "--yes"]);
  await stage.run(["plan"]);
}

async function drift(stage: Stage): Promise<void> {
  stage.title(
    "Somebody presses the power button of r1-n02: drift, told apart from intent, and mended",
  );
  stage.rack.pressPowerButton("r1-n02");
  await stage.run(["apply", "--yes"]);
}

async function lie(stage: Stage): Promise<void> {
  stage.title(
    "The BMC of r1-n03 says 204 and does nothing: caught, because every act is looked for",
  );
  stage.rack.fault("r1-n03=no-effect:Reset");
  stage.rack.pressPowerButton("r1-n03");
  await stage.run(["apply", "--yes"]);
  await stage.run(["history", "r1-n03"]);
  stage.rack.clearFaults("r1-n03");
  stage.say("The BMC is mended; the same command does the rest.");
  await stage.run(["apply", "--yes"], { silent: true });
}

async function crash(stage: Stage): Promise<void> {
  stage.title("kill -9 between the request and its answer, then the same command again");
  const since = Date.now();
  declare(stage, "r1-n04", "  power: on\n");
  await stage.commit("r1-n04: on");
  await stage.run(["apply", "--yes"], {
    silent: true,
    env: { IRONWRIGHT_TEST_STOP_AT: "performed" },
  });
  await stage.run(["apply", "--yes"]);
  stage.showCalls("r1-n04", since);
}

async function refusal(stage: Stage): Promise<void> {
  stage.title("An edit that would take every workload away: refused, with the list");
  for (const name of stage.rack.addresses.keys()) {
    const path = `inventory/${name}.yaml`;
    stage.write(path, stage.read(path).replace("state: adopted", "state: available"));
  }
  await stage.run(["apply", "--yes"]);
  for (const name of stage.rack.addresses.keys()) {
    const path = `inventory/${name}.yaml`;
    stage.write(path, stage.read(path).replace("state: available", "state: adopted"));
  }
}

async function swapped(stage: Stage): Promise<void> {
  stage.title("Two BMC cables are swapped: another machine answers, and nothing is sent to it");
  declare(stage, "r1-n01", "  power: off\n");
  stage.rack.fault("swap=r1-n01,r1-n02");
  await stage.run(["apply", "--yes", "--node", "r1-n01"]);
  await stage.run(["explain", "r1-n01"]);
  stage.rack.fault("swap=r1-n01,r1-n02");
  declare(stage, "r1-n01", "  power: on\n");
}

async function removal(stage: Stage): Promise<void> {
  stage.title("A file is deleted: an orphan, and its machine is left as it is");
  const since = Date.now();
  fs.rmSync(join(stage.dir, "inventory/r1-n04.yaml"));
  await stage.commit("r1-n04 is gone from the books");
  await stage.run(["apply", "--yes"]);
  stage.showCalls("r1-n04", since);
  await stage.run(["status"]);
}

const LIFE = "inventory/r2-n01.yaml";

function newNode(state: string, image: string, more = ""): string {
  return `apiVersion: ironwright/v1
kind: Node
metadata: { name: r2-n01, labels: { rack: r2 } }
spec:
  driver: fake            # a whole machine in memory: a ramdisk boots, disks are erased and written
  identity: { serial: fake-r2-n01 }
  provision:
    state: ${state}
    image: { name: ${image}, url: "https://images.example.org/${image}.raw", checksum: "sha256:0a1b" }
  power: on
${more}`;
}

async function life(stage: Stage): Promise<void> {
  stage.title(
    "A new machine, from enroll to active: what it loses is named, counted, and asked for",
  );
  stage.write(LIFE, newNode("active", "debian-13"));
  await stage.commit("r2-n01: debian-13");
  const { out } = await stage.run(["plan"]);
  const saved = /apply (\S+\.plan)/.exec(out)?.[1] ?? "";
  stage.say("Nothing erases by --yes alone.");
  await stage.run(["apply", saved, "--yes"], { silent: true, errors: true });
  stage.say("With the count, and kill -9 while the image is written:");
  await stage.run(["apply", saved, "--yes", "--allow-erase", "1"], {
    silent: true,
    env: { IRONWRIGHT_TEST_STOP_AT: "performed:19" },
  });
  await stage.run(["plan", "--node", "r2-n01"]);
  await stage.run(["apply", "--yes"], { silent: true });
  stage.showDisks("r2-n01");
  stage.title(
    "Another image in git is staged, and the way out of service is a request that runs once",
  );
  stage.write(LIFE, newNode("active", "debian-14"));
  await stage.commit("r2-n01: debian-14");
  await stage.run(["plan", "--node", "r2-n01"]);
  const request = `  requests: [ { id: retire-1, action: undeploy, expires: "${inDays(7)}" } ]\n`;
  stage.write(LIFE, newNode("available", "debian-14", request));
  await stage.commit("r2-n01: back into the pool");
  await stage.run(["apply", "--yes", "--allow-erase", "1"]);
  await stage.run(["plan"]);
}

function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

/** The story of `npm start`. */
async function main(): Promise<void> {
  const started = Date.now();
  const keep = process.argv.includes("--keep");
  const stage = await begin();
  try {
    stage.say(`A simulated rack speaks Redfish on loopback; the repository is ${stage.dir}`);
    for (const scene of [discoverAll, wish, drift, lie, crash, refusal, swapped, life, removal])
      await scene(stage);
    stage.title(
      `That was the main job, in ${Math.round((Date.now() - started) / 1000)} s. Now on a real BMC, reading only:`,
    );
    process.stdout.write(`
  export BMC_PASSWORD=...
  mkdir -p ~/fleet/inventory                              # a repository of its own, not this one
  npx ironwright -C ~/fleet discover https://BMC-ADDRESS --username admin --password-env BMC_PASSWORD \\
    > ~/fleet/inventory/first.yaml                        # it names the certificate to --pin, if one is needed
  npx ironwright -C ~/fleet init
  npx ironwright -C ~/fleet plan                          # plan never writes to a BMC
`);
    if (keep) await keepRunning(stage);
  } finally {
    await stage.rack.close();
    if (!keep) rmSync(stage.dir, { recursive: true, force: true });
  }
}

async function keepRunning(stage: Stage): Promise<void> {
  const [address] = stage.rack.addresses.values();
  process.stdout.write(`
The rack goes on running until Ctrl-C. In another terminal:

  cd ${stage.dir} && export BMC_PASSWORD=${PASSWORD}
  node ${MAIN} plan
  curl -X POST ${address}/simulator/v1/machines/r1-n01/press-power-button
  curl -X POST -d 'r1-n01=no-effect:Reset' ${address}/simulator/v1/faults       # the lies: GET ${address}/simulator/v1/help
  curl -X DELETE ${address}/simulator/v1/faults/r1-n01
`);
  await new Promise<void>((done) => process.once("SIGINT", () => done()));
}

await main();
