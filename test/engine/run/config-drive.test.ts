import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { QUICK_SETTINGS } from "../../support/rack.ts";
import { type Ran, runCli } from "../../support/run-cli.ts";
import { type TempRepo, tempRepo } from "../../support/temp-repo.ts";

const IMAGE = `image: { name: debian-13, url: "https://images/debian-13.raw", checksum: "sha256:13" }`;
const EXPIRES = new Date(Date.now() + 5 * 86_400_000).toISOString();

function nodeWith(userData: string, more = ""): string {
  return `apiVersion: ironwright/v1
kind: Node
metadata: { name: n1 }
spec:
  driver: fake
  interfaces: { inspect: out-of-band }
  identity: { serial: S-n1 }
  fake: { serial: S-n1 }
  provision:
    state: active
    ${IMAGE}
    configDrive:
      userData: "${userData}"
      metaData: { hostname: "\${metadata.name}" }
${more}`;
}

/** What the fake machine holds beside its image. */
function written({ dir }: TempRepo): unknown {
  const text = readFileSync(join(dir, ".ironwright/fake/n1.json"), "utf8");
  return (JSON.parse(text) as { readonly configDrive: unknown }).configDrive;
}

/** Files of the state directory that hold a text, the machine itself and the cache of the inventory left out. */
function holding(dir: string, text: string): readonly string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => {
    const path = join(dir, name);
    return (
      !/^(?:fake|cache)\b/.test(name) &&
      statSync(path).isFile() &&
      readFileSync(path, "utf8").includes(text)
    );
  });
}

async function aRepo(): Promise<TempRepo> {
  const repo = await tempRepo({
    "ironwright.yaml": QUICK_SETTINGS,
    "inventory/n1.yaml": nodeWith("#cloud-config one"),
  });
  expect((await runCli(repo.dir, ["init", "--nodes", "new"])).code).toBe(0);
  return repo;
}

function apply({ dir }: TempRepo, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return runCli(dir, ["apply", "--yes", "--allow-erase", "1"], env);
}

test("a config drive is written beside the image, and only its hash is recorded; another one waits for a rebuild", async () => {
  const repo = await aRepo();
  expect((await apply(repo)).code).toBe(0);
  expect(written(repo)).toEqual({
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    userData: "#cloud-config one",
    metaData: { hostname: "n1" },
  });
  expect(holding(join(repo.dir, ".ironwright"), "#cloud-config")).toEqual([]);
  const { out } = await runCli(repo.dir, ["plan", "--json"]);
  expect(out).toContain('"inSync": true');

  repo.write("inventory/n1.yaml", nodeWith("#cloud-config two"));
  const staged = await runCli(repo.dir, ["plan"]);
  expect(staged.out).toContain("provision.configDrive is staged until a rebuild request");
  expect((await apply(repo)).out).not.toContain("deploy.write_image");
  expect(written(repo)).toMatchObject({ userData: "#cloud-config one" });

  const request = `  requests: [ { id: r1, action: rebuild, expires: ${EXPIRES} } ]\n`;
  repo.write("inventory/n1.yaml", nodeWith("#cloud-config two", request));
  expect((await apply(repo)).code).toBe(0);
  expect(written(repo)).toMatchObject({ userData: "#cloud-config two" });
});

test("a deploy that goes on never writes a config drive that its plan did not name", async () => {
  const repo = await aRepo();
  const declared = nodeWith("#cloud-config one");
  repo.write("inventory/n1.yaml", declared.replace("state: active", "state: available"));
  expect((await apply(repo)).code).toBe(0);
  repo.write("inventory/n1.yaml", declared);
  // The beginning, the ramdisk's boot, on: the image was about to be written.
  const killed = await apply(repo, { IRONWRIGHT_TEST_STOP_AT: "intent-durable:4" });
  expect(killed.signal).toBe("SIGKILL");
  const state = join(repo.dir, ".ironwright");
  expect(holding(state, '"step":"write_image"').length).toBeGreaterThan(0);
  expect(holding(state, "#cloud-config")).toEqual([]);
  repo.write("inventory/n1.yaml", nodeWith("#cloud-config two"));
  const again = await apply(repo);
  expect([again.code, `${again.out}${again.err}`]).toEqual([
    1,
    expect.stringContaining("provision.configDrive was changed in git since this list was begun"),
  ]);
  expect(written(repo)).toBeNull();
  expect((await apply(repo)).code).toBe(0);
  expect(written(repo)).toMatchObject({ userData: "#cloud-config two" });
});
