import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConsoleLog } from "../../../../engine/cli/console/console-log.ts";
import { tempDir } from "../../../support/temp-dir.ts";

function opened(path: string): ConsoleLog {
  const log = ConsoleLog.open(path, () => undefined);
  if (typeof log === "string") throw new Error(log);
  return log;
}

describe("a log of a console", () => {
  it("is nothing but a plain file that is one already, and changes no other", () => {
    const dir = tempDir();
    const path = (name: string): string => join(dir, name);
    mkdirSync(path("d"));
    writeFileSync(path("notes"), "my notes\n");
    writeFileSync(path("short"), "=");
    symlinkSync(path("notes"), path("link"));
    for (const [name, words] of [
      [path("d"), /directory/],
      [path("notes"), /is there already, and is no log of a console; name another file/],
      [path("short"), /is no log of a console/],
      [path("link"), /it is a link/],
      ["/dev/null", /is no plain file/],
      ["/dev/full", /is no plain file/],
      [path("no/where"), /its directory is not there/],
    ] as const)
      expect(ConsoleLog.open(name, () => undefined)).toMatch(words);
    expect(readFileSync(path("notes"), "utf8")).toBe("my notes\n");
  });

  it("is its owner's alone, and keeps bytes as they came, ours on lines of their own", () => {
    const path = join(tempDir(), "n1.log");
    const log = opened(path);
    log.line("n1 opened");
    log.write(Buffer.from([0x1b, 0x5b, 0x6d, 0xff]));
    log.line("n1 lost");
    log.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const text = readFileSync(path, "latin1");
    expect(text).toBe("=== console of n1 opened ===\n\u001B[m\u00FF\n=== console of n1 lost ===\n");
    const again = opened(path);
    again.line("n1 opened");
    again.close();
    expect(readFileSync(path, "latin1")).toBe(`${text}=== console of n1 opened ===\n`);
  });

  it("of a console that never opened is gone; an empty file of before stays, with its rights", () => {
    const dir = tempDir();
    opened(join(dir, "new")).close();
    expect(() => statSync(join(dir, "new"))).toThrow(/ENOENT/);
    writeFileSync(join(dir, "old"), "");
    chmodSync(join(dir, "old"), 0o640);
    opened(join(dir, "old")).close();
    expect(statSync(join(dir, "old")).mode & 0o777).toBe(0o640);
  });
});
