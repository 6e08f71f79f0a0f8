import type { RedisCommands } from "./commands.ts";
import {
  APPROVAL_KEY_PREFIX,
  approvalsKey,
  EVENTS_KEY_PREFIX,
  ledgerKey,
  RUN_KEY_PREFIX,
  runsKey,
  threadKey,
  unfinishedKey,
} from "./keys.ts";
import { loadScript } from "./script.ts";

const TOUCH = loadScript("touch");

/** Backend.touch: in one step, so that nothing of a thread outlives the rest. */
export function createTouch(redis: RedisCommands, threadTtlMs: number): (threadId: string) => Promise<void> {
  return async (threadId) => {
    const lists = [threadKey(threadId), runsKey(threadId), approvalsKey(threadId)];
    const keys = [...lists, unfinishedKey(threadId), ledgerKey(threadId)];
    await redis.script(TOUCH, keys, [threadTtlMs, RUN_KEY_PREFIX, EVENTS_KEY_PREFIX, APPROVAL_KEY_PREFIX]);
  };
}
