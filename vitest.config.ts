import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // LangChain reads this when it loads: with background callbacks, events of concurrent runs get lost.
    env: { LANGCHAIN_CALLBACKS_BACKGROUND: "false", LANGSMITH_TRACING: "false" },
    // The only waiting limits of the tests: they say "this will never happen", not how fast it should. A machine may be ten
    // times slower than ours, and busy (decision 50); test/repository/waiting.test.ts keeps shorter ones out.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    pool: "forks",
    maxWorkers: 2,
    // LangChain and the rest are loaded once per worker, not once per file: a third of the suite's time.
    isolate: false,
  },
});
