// Makes a fresh clone ready: checks Node, installs what the lock file pins, builds. Plain JavaScript, for
// nothing else is there yet. Quick when all is done already.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `ironwright needs Node 20.19 or later; this is ${process.versions.node}. See nodejs.org`,
  );
  process.exit(1);
}

const root = new URL(".", import.meta.url).pathname;
const stamp = `${root}node_modules/.ironwright-lock`;
const lock = createHash("sha256")
  .update(readFileSync(`${root}package-lock.json`))
  .digest("hex");
const installed = existsSync(stamp) ? readFileSync(stamp, "utf8") : "";

function run(command, args) {
  execFileSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
}

try {
  if (
    (installed !== lock && !existsSync(`${root}node_modules/.package-lock.json`)) ||
    (installed !== "" && installed !== lock)
  ) {
    console.error("installing what package-lock.json pins ...");
    run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  }
  writeFileSync(stamp, lock);
  run(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-p", "tsconfig.json"]);
} catch (error) {
  console.error(`the set-up failed: ${error.message}`);
  process.exit(1);
}
