import { defineConfig } from "vitest/config";

// Two workers: the smallest machine this suite is promised to run on has two cores.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/real/**", "node_modules/**", "dist/**"],
    maxWorkers: 2,
    // A test may run a dozen commands, each a process: on a machine that does other things each takes seconds.
    testTimeout: 120_000,
    hookTimeout: 30_000,
  },
});
