import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A directory of this test's own, removed when the test is over. */
export function tempDir(): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "ironwright-test-")));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
