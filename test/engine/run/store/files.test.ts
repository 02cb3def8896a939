import { describe } from "vitest";
import { nodeFiles } from "../../../../engine/run/store/node-files.ts";
import { filesContract } from "../../../support/files-contract.ts";
import { MemoryFiles } from "../../../support/memory-files.ts";
import { tempDir } from "../../../support/temp-dir.ts";

describe("a file system", () => {
  filesContract(() => Promise.resolve({ dir: tempDir(), mine: nodeFiles, theirs: nodeFiles }));
});

describe("files in memory", () => {
  filesContract(() => {
    const mine = new MemoryFiles();
    return Promise.resolve({ dir: "/s", mine, theirs: mine.sharedWith(() => Promise.resolve()) });
  });
});
