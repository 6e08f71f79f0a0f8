import type { Mutant } from "../mutant.ts";

const HTTP = [
  "test/http/runs.integration.test.ts",
  "test/http/saved-threads-refused.integration.test.ts",
  "test/http/bad-input.integration.test.ts",
];
const EMBEDDED = ["test/adapters/embedded/backend.test.ts"];
const REDIS = ["test/adapters/redis/backend.integration.test.ts"];

/** Whose things they are. */
export const OWNERS: readonly Mutant[] = [
  {
    promise: "things belong to a user, not to a tenant",
    file: "src/records/run.ts",
    source: "&& thing.userId === owner.userId",
    replacement: "",
    tests: HTTP,
  },
  {
    promise: "somebody else's run does not exist, nor does a Last-Event-ID of it",
    file: "src/http/follow.ts",
    source: "!isOwnedBy(run, callerOf(request))",
    replacement: "callerOf(request) === null",
    tests: HTTP,
  },
  {
    promise: "a Last-Event-ID that is no id of ours is refused, and starts no run",
    file: "src/http/follow.ts",
    source: `if (position === null) throw new AuraError("E1004");`,
    replacement: "if (position === null) return null;",
    tests: HTTP,
  },
  {
    promise: "a position that no event has reached is refused",
    file: "src/http/follow.ts",
    source: "if (seq > lastSeq) throw",
    replacement: "if (seq < 0) throw",
    tests: ["test/http/stream.integration.test.ts"],
  },
  {
    promise: "somebody else's saved thread does not exist",
    file: "src/threads/own-thread.ts",
    source: "!isOwnedBy(thread, owner)",
    replacement: "owner === null",
    tests: HTTP,
  },
  {
    promise: "somebody else's thread cannot be followed",
    file: "src/http/threads.ts",
    source: "!isOwnedBy(thread, callerOf(request))",
    replacement: "callerOf(request) === null",
    tests: HTTP,
  },
  {
    promise: "somebody else's run cannot be cancelled",
    file: "src/runs/cancel.ts",
    source: "!isOwnedBy(run, owner)",
    replacement: "owner === null",
    tests: HTTP,
  },
  {
    promise: "nobody begins a run on somebody else's thread (embedded)",
    file: "src/adapters/embedded/thread-registry.ts",
    source: "thread !== undefined && !isOwnedBy(thread, run)",
    replacement: "thread === null",
    tests: EMBEDDED,
  },
  {
    promise: "nobody begins a run on somebody else's thread (Redis)",
    file: "src/adapters/redis/scripts/begin.lua",
    source: "if thread[1] ~= ARGV[1] then return {'foreign'} end",
    replacement: "",
    tests: REDIS,
  },
  {
    promise: "what is left of a thread whose record is gone is not the next owner's (Redis)",
    file: "src/adapters/redis/scripts/begin.lua",
    source: "if not known then redis.call('UNLINK',",
    replacement: "if known == 1 then redis.call('UNLINK',",
    tests: ["test/http/thread-reuse.integration.test.ts"],
  },
  {
    promise: "the tenant header is the token's",
    file: "src/http/auth.ts",
    source: '!isNamedBy(headers, "x-tenant-id", caller.tenantId)',
    replacement: "caller === undefined",
    tests: ["test/http/bad-input.integration.test.ts", "test/http/roles.integration.test.ts"],
  },
  {
    promise: "the user header is the token's",
    file: "src/http/auth.ts",
    source: '!isNamedBy(headers, "x-user-id", caller.userId)',
    replacement: "caller === undefined",
    tests: ["test/http/bad-input.integration.test.ts", "test/http/roles.integration.test.ts"],
  },
  {
    promise: "tokens are HS256",
    file: "src/http/auth.ts",
    source: `algorithms: ["HS256"],`,
    replacement: "",
    tests: ["test/http/bad-input.integration.test.ts"],
  },
];
