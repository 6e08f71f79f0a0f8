import type { ThreadLeases } from "../../ports/thread-lease.ts";
import type { RedisCommands } from "./commands.ts";
import { leaseKey } from "./keys.ts";
import { acquireLease, releaseLease, renewLeases } from "./scripts/leases.ts";

/** One HASH per lease that Redis itself lets expire: no clock but Redis' counts. */
export function createRedisThreadLeases(redis: RedisCommands): ThreadLeases {
  return {
    async acquire(threadId, holder, ttlMs) {
      return (await acquireLease(redis, { lease: leaseKey(threadId) }, { holder, ttlMs })) === 1;
    },
    async renew(held, ttlMs) {
      if (held.length === 0) return [];
      const leases = held.map(({ threadId }) => leaseKey(threadId));
      const holders = held.map(({ holder }) => holder);
      const lost = await renewLeases(redis, { leases }, { ttlMs, holders });
      return lost.flatMap((position) => held[position - 1]?.threadId ?? []);
    },
    release: (threadId, holder, ttlMs) =>
      releaseLease(redis, { lease: leaseKey(threadId) }, { holder, ttlMs }),
  };
}
