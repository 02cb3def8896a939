import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { playScript } from "../support/golden-script.ts";

const DIR = fileURLToPath(new URL(".", import.meta.url));
const SCRIPTS = readdirSync(DIR, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith(".md") && name !== "README.md")
  .sort();

test.each(SCRIPTS)("%s reads as it runs", async (name) => {
  const { before, after } = await playScript(`${DIR}${name}`);
  expect(after).toBe(before);
});

test("there are scripts", () => {
  expect(SCRIPTS.length).toBeGreaterThan(0);
});
