import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // LangChain reads this when it loads: with background callbacks, events of concurrent runs get lost.
    env: { LANGCHAIN_CALLBACKS_BACKGROUND: "false", LANGSMITH_TRACING: "false" },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: "forks",
    maxWorkers: 2,
    // LangChain and the rest are loaded once per worker, not once per file: a third of the suite's time.
    isolate: false,
  },
});
