import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { QUICK_SETTINGS } from "../../support/rack.ts";
import { type Ran, runCli } from "../../support/run-cli.ts";
import { type TempRepo, tempRepo } from "../../support/temp-repo.ts";

/** What the driver keeps of a fake machine: the acts that it took. */
interface Machine {
  readonly log: readonly { readonly act: string }[];
}

interface Kind {
  /** The spec that the list begins from; null where it begins on a new node. */
  readonly from: string | null;
  readonly to: string;
  /** Where one engine after the other is killed, and where the list stands then, as `plan` says it. */
  readonly kills: readonly (readonly [string, string])[];
  /** What the machine took in all, by its own log. */
  readonly acts: readonly string[];
}

const IMAGE = `image: { name: debian-13, url: "https://images/debian-13.raw", checksum: "sha256:13" }`;
const SERVICE = `requests: [ { id: r1, action: service, expires: EXPIRES, steps: [ { interface: deploy, step: burnin_cpu }, { interface: vendor, step: log, args: { message: hello } } ] } ]`;
const ACTIVE = `provision: { state: active, ${IMAGE} }`;

const KINDS: Readonly<Record<string, Kind>> = {
  verify: {
    from: null,
    to: "provision: { state: manageable }",
    kills: [
      ["outcome-durable:1", "management.verify_bmc_clock, 1 of 1 left"],
      ["performed:1", "management.verify_bmc_clock, 1 of 1 left"],
    ],
    acts: ["step.run management.verify_bmc_clock"],
  },
  clean: {
    from: "provision: { state: manageable }",
    to: "provision: { state: available }",
    kills: [
      ["performed:4", "deploy.prepare_cleaning, 3 of 3 left"],
      ["performed:1", "deploy.erase_devices_metadata, 2 of 3 left"],
    ],
    acts: [
      "boot.ramdisk clean",
      "power.on",
      "step.run deploy.erase_devices_metadata",
      "boot.instance",
      "power.off",
    ],
  },
  deploy: {
    from: "provision: { state: available }",
    to: ACTIVE,
    kills: [
      ["performed:3", "deploy.deploy, 6 of 6 left"],
      ["performed:1", "deploy.write_image, 5 of 6 left"],
    ],
    acts: [
      "boot.ramdisk deploy",
      "power.on",
      "step.run deploy.write_image",
      "boot.instance",
      "management.setBootDevice disk",
      "power.off",
      "power.on",
    ],
  },
  service: {
    from: ACTIVE,
    to: `${ACTIVE}\n  ${SERVICE}`,
    kills: [
      ["performed:4", "deploy.prepare_service, 4 of 4 left"],
      ["performed:1", "deploy.burnin_cpu, 3 of 4 left"],
    ],
    acts: [
      "boot.ramdisk service",
      "power.softOff",
      "power.on",
      "step.run deploy.burnin_cpu",
      "step.run vendor.log",
      "boot.instance",
      "power.softOff",
      "power.on",
    ],
  },
  rescue: {
    from: ACTIVE,
    to: ACTIVE.replace("active", "rescue"),
    kills: [
      ["performed:2", "rescue.boot_ramdisk, 1 of 1 left"],
      ["performed:2", "rescue.boot_ramdisk, 1 of 1 left"],
    ],
    acts: ["boot.ramdisk rescue", "power.softOff", "power.on"],
  },
};

const APPLY = ["apply", "--yes", "--allow-erase", "1"] as const;

/** A node that is where the list begins, and declared to be where it ends. */
async function beforeList({ from, to }: Kind): Promise<TempRepo> {
  const expires = new Date(Date.now() + 5 * 86_400_000).toISOString();
  const repo = await tempRepo({ "ironwright.yaml": QUICK_SETTINGS });
  const declare = (spec: string): void =>
    repo.write("inventory/n1.yaml", document(spec.replace("EXPIRES", expires)));
  declare(from ?? to);
  await done(runCli(repo.dir, ["init", "--nodes", "new"]));
  if (from !== null) await done(runCli(repo.dir, APPLY));
  declare(to);
  return repo;
}

async function done(command: Promise<Ran>): Promise<void> {
  const ran = await command;
  if (ran.code !== 0) throw new Error(`${ran.out}${ran.err}`);
}

function document(spec: string): string {
  return `apiVersion: ironwright/v1
kind: Node
metadata: { name: n1 }
spec:
  driver: fake
  interfaces: { inspect: out-of-band }
  identity: { serial: S-n1 }
  fake: { serial: S-n1 }
  ${spec}
`;
}

function machineOf(repo: TempRepo): Machine {
  const text = readFileSync(join(repo.dir, ".ironwright/fake/n1.json"), "utf8");
  return JSON.parse(text) as Machine;
}

/** Acts since the list began, without the ids of runs and the serials of disks. */
function actsSince(repo: TempRepo, before: number): readonly string[] {
  return machineOf(repo)
    .log.slice(before)
    .map(({ act }) => act.replace(/^(step\.run \S+).*/, "$1"));
}

/** What the plan says between two engines: where the list stands. */
async function whereItStands(repo: TempRepo): Promise<string> {
  const { out } = await runCli(repo.dir, ["plan"]);
  expect(out).toContain("an engine ended in the middle of its work here");
  const said = out.replaceAll(/\s+/g, " ");
  return /goes on where it stood: at (\S+, \d+ of \d+ left)/.exec(said)?.[1] ?? said;
}

test.each(Object.entries(KINDS))(
  "kill -9 in the middle of a %s, twice, then apply again",
  async (_name, kind) => {
    const repo = await beforeList(kind);
    const before = kind.from === null ? 0 : machineOf(repo).log.length;
    const left: string[] = [];
    for (const [at] of kind.kills) {
      const killed = await runCli(repo.dir, APPLY, { IRONWRIGHT_TEST_STOP_AT: at });
      expect([at, killed.signal]).toEqual([at, "SIGKILL"]);
      left.push(await whereItStands(repo));
    }
    expect(left).toEqual(kind.kills.map(([, where]) => where));
    // What goes on was approved when it began: nobody has to allow an erasure anew.
    const again = await runCli(repo.dir, ["apply", "--yes"]);
    expect([again.code, again.out]).toEqual([0, expect.stringContaining("1 node applied")]);
    expect(actsSince(repo, before)).toEqual(kind.acts);
    const { out } = await runCli(repo.dir, ["plan"]);
    expect(out).toContain("1 node is in sync");
  },
);
