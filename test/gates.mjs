// The gates that are not tests: types, lint, format, layering, dead code. Each prints what it looked at and
// fails on nothing. Ends with `N passed, N failed`.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const bin = (name) => join(root, "node_modules", ".bin", name);

function files(dir, found = []) {
  for (const entry of readdirSync(join(root, dir), { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory() && entry.name !== "node_modules" && entry.name !== "dist")
      files(path, found);
    else if (entry.name.endsWith(".ts")) found.push(path);
  }
  return found;
}
const ROOMS = ["schemas", "inventory", "engine", "drivers", "test", "examples"];
const all = ROOMS.flatMap((room) => files(room));

function tool(name, args) {
  const ran = spawnSync(bin(name), args, { cwd: root, encoding: "utf8" });
  return { ok: ran.status === 0, text: `${ran.stdout ?? ""}${ran.stderr ?? ""}${ran.error ?? ""}` };
}

/** Which room may import which (README, "The house"). The lint holds it too; this one counts what it saw. */
const LAW = [
  ["schemas/", ["schemas/"]],
  ["inventory/", ["inventory/", "schemas/"]],
  ["engine/plan/", ["engine/plan/", "schemas/"]],
  [
    "engine/run/",
    ["engine/run/", "engine/plan/", "schemas/", "inventory/load-fleet.ts", "drivers/driver.ts"],
  ],
  ["engine/cli/compose", ["engine/", "inventory/", "schemas/", "drivers/"]],
  ["engine/cli/", ["engine/", "inventory/", "schemas/", "drivers/driver.ts"]],
  ["drivers/", ["drivers/", "schemas/"]],
];

function layering() {
  const wrong = [];
  let imports = 0;
  for (const file of all) {
    const law = LAW.find(([room]) => file.startsWith(room));
    if (law === undefined) continue;
    for (const [, target] of readFileSync(join(root, file), "utf8").matchAll(/from "(\.[^"]+)"/g)) {
      imports += 1;
      const path = relative(root, resolve(root, dirname(file), target));
      if (!law[1].some((room) => path.startsWith(room))) wrong.push(`${file} imports ${path}`);
    }
  }
  return {
    ok: wrong.length === 0 && imports > 0,
    saw: `${imports} imports`,
    text: wrong.join("\n"),
  };
}

const GATES = [
  [
    "types",
    () => ({ ...tool("tsc", ["--noEmit", "-p", "tsconfig.json"]), saw: `${all.length} files` }),
  ],
  [
    "lint",
    () => {
      const ran = tool("oxlint", []);
      const saw = /on (\d+) files/.exec(ran.text)?.[1] ?? "0";
      return { ...ran, ok: ran.ok && Number(saw) > 0, saw: `${saw} files` };
    },
  ],
  ["format", () => ({ ...tool("oxfmt", ["--check", ...ROOMS]), saw: `${all.length} files` })],
  ["layering", layering],
  ["dead code", () => ({ ...tool("knip", []), saw: `${all.length} files` })],
];

let passed = 0;
let failed = 0;
if (all.length === 0) failed += 1;
for (const [name, gate] of GATES) {
  const { ok, saw, text } = gate();
  console.log(`${ok ? "ok  " : "FAIL"}  ${name.padEnd(10)} looked at ${saw}`);
  if (!ok) console.log(text);
  if (ok) passed += 1;
  else failed += 1;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
