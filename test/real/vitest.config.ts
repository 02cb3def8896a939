import { defineConfig } from "vitest/config";

// What needs Debian packages; run by .ci/run, which installs them. A missing program is a failure, not a skip.
export default defineConfig({
  test: {
    include: ["test/real/**/*.test.ts"],
    maxWorkers: 1,
    testTimeout: 60_000,
  },
});
