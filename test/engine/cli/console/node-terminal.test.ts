import { expect, it } from "vitest";
import { withBareLinefeeds } from "../../../../engine/cli/node-terminal.ts";

it.each([
  ["a\r\nb\r\n", 0, "a\r\nb\r\n"],
  ["a\nb\n\nc", 0, "a\u000Bb\u000B\u000Bc"],
  ["\nb", 0x0d, "\nb"],
  ["\nb", 0x61, "\u000Bb"],
  ["\u001B[5;5HX\n\bY", 0, "\u001B[5;5HX\u000B\bY"],
])("%j goes straight down where it has no return", (text, before, expected) => {
  expect(Buffer.from(withBareLinefeeds(Buffer.from(text), before)).toString()).toBe(expected);
});
