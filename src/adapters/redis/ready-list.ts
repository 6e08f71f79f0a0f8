import { z } from "zod";
import type { Urgency } from "../../ports/job-queue.ts";
import type { Full, Place } from "../owner-slots.ts";
import type { RedisCommands } from "./commands.ts";
import { READY_KEY, READY_TENANT_PREFIX, READY_USER_PREFIX } from "./keys.ts";
import { parseRecord } from "./record-format.ts";
import { loadScript } from "./script.ts";

/** A thread that waits for a worker. */
export interface ReadyThread extends Place {
  threadId: string;
}

export interface ReadyList {
  /** False when the thread waits already: it keeps its place, or goes before the user's new prompts. */
  add(thread: ReadyThread, urgency: Urgency): Promise<boolean>;
  /** Takes out whose turn it is; `full` when only such wait as are to be passed over; null when nobody waits. */
  take(full: Full): Promise<(ReadyThread & { others: boolean }) | "full" | null>;
}

const READY = loadScript("ready");
const TAKE_READY = loadScript("take-ready");

const takeReply = z.union([
  z.null(),
  z.literal("full"),
  z.tuple([z.string(), z.string(), z.string(), z.enum(["", "1"])]),
]);

/** The threads of all processes that wait for a worker, by tenant and user. */
export function createReadyList(redis: RedisCommands): ReadyList {
  return {
    async add({ threadId, tenant, user }, urgency) {
      const keys = [READY_KEY, `${READY_TENANT_PREFIX}${tenant}`, `${READY_USER_PREFIX}${user}`];
      return (await redis.script(READY, keys, [threadId, tenant, user, urgency])) === 1;
    },
    async take({ tenants, users }) {
      const passOver = [tenants.length, ...tenants, ...users];
      const args = [READY_TENANT_PREFIX, READY_USER_PREFIX, ...passOver];
      const reply = parseRecord(takeReply, await redis.script(TAKE_READY, [READY_KEY], args), READY_KEY);
      if (!Array.isArray(reply)) return reply;
      const [threadId, tenant, user, others] = reply;
      return { threadId, tenant, user, others: others === "1" };
    },
  };
}
