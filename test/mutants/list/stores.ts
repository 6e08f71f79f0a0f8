import type { Mutant } from "../mutant.ts";

const EMBEDDED = ["test/adapters/embedded/backend.test.ts"];
const REDIS = ["test/adapters/redis/backend.integration.test.ts"];

/** What the stores refuse. */
export const STORES: readonly Mutant[] = [
  {
    promise: "a run's log has no gaps (embedded)",
    file: "src/adapters/embedded/event-log.ts",
    source: "seq !== log.events.length + index + 1",
    replacement: "seq < 0",
    tests: EMBEDDED,
  },
  {
    promise: "a run's log has no gaps (Redis)",
    file: "src/adapters/redis/scripts/append.lua",
    source: "if tonumber(ARGV[i]) ~= next_seq then return (i - 1) / 2 end",
    replacement: "",
    tests: REDIS,
  },
  {
    promise: "a closed log takes nothing in (embedded)",
    file: "src/adapters/embedded/event-log.ts",
    source: "if (log.closed) throw new EventLogClosedError(runId);",
    replacement: "",
    tests: EMBEDDED,
  },
  {
    promise: "a closed log takes nothing in (Redis)",
    file: "src/adapters/redis/scripts/append.lua",
    source: "if mark ~= '0' then return -1 end",
    replacement: "",
    tests: REDIS,
  },
  {
    promise: "a thread that is executing takes no other run (embedded)",
    file: "src/adapters/embedded/thread-registry.ts",
    source: "!isTerminal(current.status) && !replaced",
    replacement: "current.status === null && !replaced",
    tests: EMBEDDED,
  },
  {
    promise: "a thread that is executing takes no other run (Redis)",
    file: "src/adapters/redis/scripts/begin.lua",
    source: "if not over and not replaced then",
    replacement: "if not over and over then",
    tests: REDIS,
  },
  {
    promise: "nothing begins on a thread that is being deleted (Redis)",
    file: "src/adapters/redis/scripts/begin.lua",
    source: "if thread[3] then return {'deleting'} end",
    replacement: "",
    tests: REDIS,
  },
  {
    promise: "an Idempotency-Key starts one run (embedded)",
    file: "src/adapters/embedded/thread-registry.ts",
    source: "if (first) return first;",
    replacement: "",
    tests: EMBEDDED,
  },
  {
    promise: "an Idempotency-Key starts one run (Redis)",
    file: "src/adapters/redis/scripts/begin.lua",
    source: "if first[1] and redis.call('EXISTS'",
    replacement: "if first[1] == '' and redis.call('EXISTS'",
    tests: REDIS,
  },
  {
    promise: "an Idempotency-Key is good for one body (Redis)",
    file: "src/adapters/redis/scripts/begin.lua",
    source: "if first[2] ~= ARGV[14] then return {'mismatch'} end",
    replacement: "",
    tests: REDIS,
  },
  {
    promise: "another checkpointer than the one that holds the threads is refused at boot",
    file: "src/adapters/redis/saver.ts",
    source: "if (!allowSwitch) {",
    replacement: "if (allowSwitch) {",
    tests: ["test/adapters/redis/saver.integration.test.ts"],
  },
];
