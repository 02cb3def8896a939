import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const README = new URL("../../README.md", import.meta.url);
const [, section = ""] = readFileSync(README, "utf8").split("## What of Ironic's conductor works");
const rows = section
  .split("\n## ")[0]
  ?.split("\n")
  .filter((line) => /^\| [a-zT]/.test(line) && !line.startsWith("| method"))
  .map((line) => line.split("|").map((cell) => cell.trim()));

test("what works of the conductor is played somewhere, and what is not yet there says so", () => {
  expect(rows?.length).toBeGreaterThan(20);
  for (const [, method = "", works = "", played = ""] of rows ?? []) {
    const links = [...played.matchAll(/\]\(([^)]+)\)/g)].map(([, path = ""]) => path);
    for (const path of links)
      expect([method, path, existsSync(fileURLToPath(new URL(path, README)))]).toEqual([
        method,
        path,
        true,
      ]);
    expect([method, links.length > 0]).toEqual([method, !works.startsWith("not yet")]);
  }
});
