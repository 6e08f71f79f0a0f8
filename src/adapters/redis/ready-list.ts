import type { Urgency } from "../../ports/job-queue.ts";
import type { Full, OwnerKey } from "../owner-slots.ts";
import type { RedisCommands } from "./commands.ts";
import { READY_KEY, READY_TENANT_PREFIX, READY_USER_PREFIX } from "./keys.ts";
import { addReady, takeReady } from "./scripts/jobs.ts";

/** A thread that waits for a worker. */
export interface ReadyThread extends OwnerKey {
  threadId: string;
}

export interface RedisReadyList {
  /** False when the thread waits already: it keeps its place, or goes before the user's new prompts. */
  add(thread: ReadyThread, urgency: Urgency): Promise<boolean>;
  /**
   * Takes out whose turn it is; `full` when only such wait as are to be passed over; null when nobody waits.
   */
  take(full: Full): Promise<(ReadyThread & { others: boolean }) | "full" | null>;
}

/** The threads of all processes that wait for a worker, by tenant and user. */
export function createRedisReadyList(redis: RedisCommands): RedisReadyList {
  return {
    async add({ threadId, tenant, user }, urgency) {
      const keys = {
        tenants: READY_KEY,
        users: `${READY_TENANT_PREFIX}${tenant}`,
        threads: `${READY_USER_PREFIX}${user}`,
      };
      return (await addReady(redis, keys, { threadId, tenant, user, urgency })) === 1;
    },
    async take({ tenants, users }) {
      const reply = await takeReady(
        redis,
        { tenants: READY_KEY },
        {
          tenantPrefix: READY_TENANT_PREFIX,
          userPrefix: READY_USER_PREFIX,
          fullTenantCount: tenants.length,
          fullTenants: tenants,
          fullUsers: users,
        },
      );
      if (!Array.isArray(reply)) return reply;
      const [threadId, tenant, user, others] = reply;
      return { threadId, tenant, user, others: others === "1" };
    },
  };
}
