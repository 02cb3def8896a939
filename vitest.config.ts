import { defineConfig } from "vitest/config";

// Two workers: the smallest machine this suite is promised to run on has two cores.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/real/**", "node_modules/**", "dist/**"],
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
