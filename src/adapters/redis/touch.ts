import type { RedisCommands } from "./commands.ts";
import { approvalsKey, ledgerKey, PREFIXES, runsKey, threadKey, unfinishedKey } from "./keys.ts";
import { touchThread } from "./scripts/threads.ts";

/** Backend.touch: in one step, so that nothing of a thread outlives the rest. */
export function createTouch(redis: RedisCommands, threadTtlMs: number): (threadId: string) => Promise<void> {
  return async (threadId) => {
    const keys = {
      thread: threadKey(threadId),
      runs: runsKey(threadId),
      approvals: approvalsKey(threadId),
      rest: [unfinishedKey(threadId), ledgerKey(threadId)],
    };
    await touchThread(redis, keys, { ttlMs: threadTtlMs, ...PREFIXES });
  };
}
