import { expect, test } from "vitest";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import { LeaseLost } from "../../../../engine/run/store/file-grant.ts";
import { openActing } from "../../../../engine/run/store/open-store.ts";
import type { StorePorts } from "../../../../engine/run/store/store-ports.ts";
import { STORE, storePorts, UUID } from "../../../support/a-store.ts";
import { type Before, MemoryFiles, systemError } from "../../../support/memory-files.ts";

const WRITES = new Set(["create", "link", "rename", "append"]);

function ports(files: MemoryFiles, seed: number): StorePorts {
  return storePorts(files, seed, { fateOf: () => "gone" });
}

/** Takes a node, writes its record, gives it back; answers the code of what went wrong. */
async function work(files: MemoryFiles, seed: number): Promise<string | null> {
  const opened = await openActing(
    "/s",
    { store: "store" },
    { name: "e", role: "apply", host: "h" },
    ports(files, seed),
  );
  if (!opened.ok) return opened.failure.code;
  try {
    const claimed = await opened.value.claim(UUID, "n1");
    if (!claimed.ok) return claimed.failure.code;
    await claimed.value.patchRecord({ provisionState: "available", revision: 1 });
    await claimed.value.release();
    return null;
  } catch (error) {
    if (error instanceof LeaseLost) return error.failure.code;
    throw error;
  } finally {
    await opened.value.close().catch(() => undefined);
  }
}

test.each(["ENOSPC", "EROFS", "EIO"])(
  "%s at any write: one clear failure, every file whole, and the next run does the work",
  async (code) => {
    for (let failing = 1; failing <= 14; failing += 1) {
      const disk = new MemoryFiles();
      await initStore("/s", STORE, ports(disk, 1));
      let writes = 0;
      const before: Before = (operation) => {
        if (WRITES.has(operation)) writes += 1;
        return WRITES.has(operation) && writes >= failing
          ? Promise.reject(systemError(code))
          : Promise.resolve();
      };
      const ended = await work(disk.sharedWith(before), 2);
      expect([failing, ended === null || ended === "IW-S06" || ended === "IW-L02"]).toEqual([
        failing,
        true,
      ]);
      for (const [path, text] of disk.files)
        if (path.endsWith(".json")) expect(() => JSON.parse(text) as unknown, path).not.toThrow();
      expect([failing, await work(disk, 3)]).toEqual([failing, null]);
    }
  },
);
