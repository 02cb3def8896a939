import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { QUICK_SETTINGS } from "../../support/rack.ts";
import { type Ran, runCli } from "../../support/run-cli.ts";
import { type TempRepo, tempRepo } from "../../support/temp-repo.ts";

const SHRED =
  "{ interface: deploy, step: shred, priority: { clean: 0 }, erases: full, rerun: true }";

function document(more: string): string {
  return `apiVersion: ironwright/v1
kind: Node
metadata: { name: n1 }
spec:
  driver: fake
  identity: { serial: S-n1 }
  fake: { serial: S-n1, agentMs: 500, agentSteps: [ ${SHRED} ] }
  provision: { state: manageable }
  ${more}
`;
}

/**
 * A managed node that is asked to be cleaned by a step which only its ramdisk knows, on disks that another step of the
 * list may touch anyhow.
 */
async function asked(): Promise<TempRepo> {
  const expires = new Date(Date.now() + 5 * 86_400_000).toISOString();
  const repo = await tempRepo({ "ironwright.yaml": QUICK_SETTINGS });
  repo.write("inventory/n1.yaml", document(""));
  await done(runCli(repo.dir, ["init", "--nodes", "new"]));
  await done(runCli(repo.dir, ["apply", "--yes"]));
  const request = `requests: [ { id: r1, action: clean, expires: "${expires}", steps: [ { interface: deploy, step: erase_devices_metadata }, { interface: deploy, step: shred } ] } ]`;
  repo.write("inventory/n1.yaml", document(request));
  return repo;
}

async function done(command: Promise<Ran>): Promise<void> {
  const ran = await command;
  if (ran.code !== 0) throw new Error(`${ran.out}${ran.err}`);
}

/** What the machine took of the step, by its own log. */
function shreds({ dir }: TempRepo): readonly string[] {
  const text = readFileSync(join(dir, ".ironwright/fake/n1.json"), "utf8");
  const { log } = JSON.parse(text) as { log: readonly { readonly act: string }[] };
  return log.map(({ act }) => act).filter((act) => act.includes("deploy.shred"));
}

const ERASING = ["apply", "--yes", "--allow-erase", "1"] as const;

test.each<[string, string, readonly string[]]>([
  // The agent has answered, and nothing of it is written down.
  ["looked:4", "deploy.prepare_cleaning, 4 of 4 left", ERASING],
  // It is learnt and judged: the list stands at its gate.
  ["outcome-durable:4", "deploy.erase_devices_metadata, 3 of 4 left", ["apply", "--yes"]],
])(
  "kill -9 at %s, between learning a step and running it: it runs once, and only once a plan has named it",
  async (at, where, next) => {
    const repo = await asked();
    const killed = await runCli(repo.dir, ERASING, { IRONWRIGHT_TEST_STOP_AT: at });
    expect(killed.signal).toBe("SIGKILL");
    expect(shreds(repo)).toEqual([]);
    const { out: left } = await runCli(repo.dir, ["plan"]);
    expect(left.replaceAll(/\s+/g, " ")).toContain(`goes on where it stood: at ${where}`);
    // The word that was given when it began, or for that rest of it, names nothing of what is learnt since.
    await runCli(repo.dir, next);
    expect(shreds(repo)).toEqual([]);
    const { out: named } = await runCli(repo.dir, ["plan"]);
    expect(named).toContain("ERASES, and no revert brings it back");
    expect(named).toMatch(/S-n1-D0 +480 GB, S-n1-D1 +3\.8 TB, whole/);
    // And once it is named, it is done once, also by an engine that dies over it.
    const over = await runCli(repo.dir, ERASING, { IRONWRIGHT_TEST_STOP_AT: "performed:3" });
    expect([over.signal, shreds(repo).length]).toEqual(["SIGKILL", 1]);
    const again = await runCli(repo.dir, ["apply", "--yes"]);
    expect([again.code, again.out]).toEqual([0, expect.stringContaining("1 node applied")]);
    expect(shreds(repo)).toEqual([expect.stringMatching(/S-n1-D0 S-n1-D1$/)]);
    const { out } = await runCli(repo.dir, ["plan"]);
    expect(out).toContain("1 node is in sync");
  },
  120_000,
);
