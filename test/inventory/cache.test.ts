import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hash } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadFleet, type LoadedFleet } from "../../inventory/load-fleet.ts";
import { originOf } from "../../schemas/fleet.ts";
import { defaultSettings } from "../../schemas/settings.ts";
import { makeInventory } from "../support/make-inventory.ts";
import { tempDir } from "../support/temp-dir.ts";
import { tempRepo } from "../support/temp-repo.ts";

const settings = { ...defaultSettings(), fleet: "6c1c1d9e-0000-4000-8000-000000000001" };

test("a damaged, an older and a foreign cache never change the Fleet", async () => {
  const dir = tempDir();
  const cacheDir = join(dir, "cache");
  makeInventory(dir, { nodes: 12, perFile: 5 });
  const right = await loadFleet({ dir, settings });
  const load = (): Promise<LoadedFleet> => loadFleet({ dir, settings, cacheDir });
  await load();
  const names = readdirSync(cacheDir);
  expect(names.length).toBeGreaterThan(1);
  const bodies = ["null", "[]", "{}", '{"version":1,"nodes":[],"pointers":[],"files":[]}'];
  const signed = bodies.map((body) => `${hash("sha1", body)}\n${body}`);
  for (const text of ["", "\n", "{torn", "\0", ...bodies, ...signed]) {
    for (const name of names) writeFileSync(join(cacheDir, name), text);
    expect((await load()).fleet).toEqual(right.fleet);
  }
  for (const name of names) {
    await load();
    const whole = readFileSync(join(cacheDir, name), "utf8");
    writeFileSync(join(cacheDir, name), whole.replace("n00003", "n00004"));
    expect((await load()).fleet).toEqual(right.fleet);
  }
});

test("what was parsed serves other commits, with the place of every value", async () => {
  const repo = await tempRepo();
  const cacheDir = join(repo.dir, "cache");
  makeInventory(repo.dir, { nodes: 6, perFile: 2 });
  const first = await repo.commit("six");
  await loadFleet({ dir: repo.dir, settings, cacheDir, ref: first });
  makeInventory(repo.dir, { nodes: 7, perFile: 2 });
  await repo.commit("seven");
  const { fleet } = await loadFleet({ dir: repo.dir, settings, cacheDir, ref: "HEAD" });
  const fresh = await loadFleet({ dir: repo.dir, settings, ref: "HEAD" });
  expect(fleet).toEqual(fresh.fleet);
  const places = fleet?.nodes.map((node) => originOf(node, "/bmc/system"));
  expect(places?.map(({ file, line }) => `${file}:${line}`)).toEqual(
    fresh.fleet?.nodes.map((node) => {
      const { file, line } = originOf(node, "/bmc/system");
      return `${file}:${line}`;
    }),
  );
});
