import { defineConfig } from "vitest/config";

/**
 * Which set a test belongs to is said by its file's name (docs/testing.md): `x.test.ts` needs nothing but this process,
 * `x.integration.test.ts` other servers and processes, `x.slow.test.ts` minutes.
 */
const slow = "test/**/*.slow.test.ts";
const integration = "test/**/*.integration.test.ts";

export default defineConfig({
  test: {
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
    projects: [
      {
        extends: true,
        test: {
          name: "fast",
          include: ["test/**/*.test.ts"],
          exclude: [integration, slow],
          setupFiles: ["test/helpers/no-processes.ts"],
        },
      },
      { extends: true, test: { name: "integration", include: [integration] } },
      { extends: true, test: { name: "slow", include: [slow] } },
    ],
  },
});
