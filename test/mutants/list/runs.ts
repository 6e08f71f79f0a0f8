import type { Mutant } from "../mutant.ts";

const ORDER = ["test/runs/stored-first.test.ts"];
const STALE = ["test/adapters/redis/stale-worker.slow.test.ts"];
const EMBEDDED = ["test/adapters/embedded/backend.test.ts"];
const REDIS = ["test/adapters/redis/backend.integration.test.ts"];
const SWEEP = ["test/runs/sweep.test.ts"];

/** Who works on a run, when, and what is found again after a crash. */
export const RUNS: readonly Mutant[] = [
  {
    promise: "the approval is stored before it is announced",
    file: "src/runs/suspend.ts",
    source: "const opened = await approvals.open(waiting);",
    replacement:
      "await writer.write(waiting.map(hitlEvent)); await writer.flush(); const opened = (await approvals.open(waiting)).slice(0, 0);",
    tests: ORDER,
  },
  {
    promise: "the run's record is over before [DONE]",
    file: "src/runs/suspend.ts",
    source: "const completed = await",
    replacement: "await eventLog.close(run.runId); const completed = await",
    tests: ORDER,
  },
  {
    promise: "a worker puts only its own attempt of the run to sleep",
    file: "src/runs/suspend.ts",
    source: `"waiting", at, worked, run.attempt)`,
    replacement: `"waiting", at, worked)`,
    tests: STALE,
  },
  {
    promise: "a run's status changes only as the table of statuses allows (embedded)",
    file: "src/adapters/embedded/thread-registry.ts",
    source: "checkTransition(from, to);",
    replacement: "",
    tests: EMBEDDED,
  },
  {
    promise: "a run's status changes only as the table of statuses allows (Redis)",
    file: "src/adapters/redis/thread-registry.ts",
    source: "checkTransition(from, to);",
    replacement: "",
    tests: REDIS,
  },
  {
    promise: "a status changes only while the run is in the attempt that is worked on (embedded)",
    file: "src/adapters/embedded/thread-registry.ts",
    source: "ifAttempt !== undefined &&",
    replacement: "ifAttempt === null &&",
    tests: EMBEDDED,
  },
  {
    promise: "a status changes only while the run is in the attempt that is worked on (Redis)",
    file: "src/adapters/redis/scripts/transition.lua",
    source: "if ARGV[7] ~= '' and",
    replacement: "if ARGV[7] == 'x' and",
    tests: REDIS,
  },
  {
    promise: "a status changes only from one that it may change from (Redis)",
    file: "src/adapters/redis/scripts/transition.lua",
    source: "if not allowed then return nil end",
    replacement: "",
    tests: REDIS,
  },
  {
    promise: "a first run begins on an empty thread",
    file: "src/runs/first-run.ts",
    source: "if (isFirst(run, runs)) await",
    replacement: "if (runs.length === 0) await",
    tests: ["test/http/thread-reuse.integration.test.ts"],
  },
  {
    promise: "... also when the first run was over before it began",
    file: "src/runs/first-run.ts",
    source: "if (!hasBegun(await",
    replacement: "if (run.attempt === 0 && !hasBegun(await",
    tests: ["test/http/thread-reuse.integration.test.ts"],
  },
  {
    promise: "a run that is taken up again is given all decisions that are not finished",
    file: "src/runs/execute.ts",
    source: `runId === run.runId && status !== "pending"`,
    replacement: `runId === status`,
    tests: ["test/runs/recover.test.ts"],
  },
  {
    promise: "the sweep finds runs that nobody holds",
    file: "src/runs/sweep.ts",
    source: "await enqueueDue(deps, patienceMs);",
    replacement: "",
    tests: SWEEP,
  },
  {
    promise: "the sweep looks at pending approvals",
    file: "src/runs/sweep.ts",
    source: "await reconcileApprovals(deps);",
    replacement: "",
    tests: SWEEP,
  },
  {
    promise: "a cancelled run is stopped in the process that works on it",
    file: "src/runs/cancel.ts",
    source: "await control.announceCancel(runId);",
    replacement: "",
    tests: ["test/http/runs.integration.test.ts"],
  },
  {
    promise: "whoever has the lease looks again when somebody left a note",
    file: "src/runs/advance.ts",
    source: "while (!(await hold.release()));",
    replacement: "while ((await hold.release()) === null);",
    tests: ["test/runs/holding.test.ts"],
  },
  {
    promise: "a worker that has lost its lease stops",
    file: "src/runs/holding.ts",
    source: "if (lost.has(lease.threadId)) lose(lease);",
    replacement: "if (lost.has(lease.holder)) lose(lease);",
    tests: ["test/runs/holding.test.ts"],
  },
  {
    promise: "... also when the backend does not say so in time",
    file: "src/runs/holding.ts",
    source: "for (const lease of mine) if (lease.until <= now()) lose(lease);",
    replacement: "",
    tests: ["test/runs/holding.test.ts"],
  },
  {
    promise: "a lease has one holder (Redis)",
    file: "src/adapters/redis/scripts/acquire-lease.lua",
    source: "redis.call('EXISTS', KEYS[1]) == 1",
    replacement: "redis.call('EXISTS', KEYS[1]) == 2",
    tests: REDIS,
  },
  {
    promise: "whoever finds the lease taken leaves a note (Redis)",
    file: "src/adapters/redis/scripts/acquire-lease.lua",
    source: "redis.call('HSET', KEYS[1], 'note', '1')",
    replacement: "",
    tests: REDIS,
  },
  {
    promise: "only the holder gives a lease back (Redis)",
    file: "src/adapters/redis/scripts/release-lease.lua",
    source: "~= ARGV[1] then return 'lost' end",
    replacement: "== '' then return 'lost' end",
    tests: REDIS,
  },
  {
    promise: "a run that somebody works on is not found due (Redis)",
    file: "src/adapters/redis/scripts/take-due.lua",
    source: "if left == -2 then",
    replacement: "if left then",
    tests: REDIS,
  },
  {
    promise: "the service stops with its streams cut, not with a false [DONE], and stops at all",
    file: "src/start.ts",
    source: "closing.abort();",
    replacement: "",
    tests: ["test/http/shutdown.slow.test.ts"],
  },
];
