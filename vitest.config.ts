import { defineConfig } from "vitest/config";

/** Tests named `*.slow.test.ts` run with `npm run test:all` only. */
const slow = process.env["GRADBOOK_SLOW_TESTS"] === "1" ? [] : ["tests/**/*.slow.test.ts"];

export default defineConfig({
  test: {
    environment: "node",
    include: ["tests/**/*.test.ts"],
    exclude: slow,
    // A kernel is a process; its tests wait for real sockets on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    retry: 0,
  },
});
