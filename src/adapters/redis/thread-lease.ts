import { z } from "zod";
import type { ThreadLeases } from "../../ports/thread-lease.ts";
import type { RedisCommands } from "./commands.ts";
import { leaseKey } from "./keys.ts";
import { parseRecord } from "./record-format.ts";
import { loadScript } from "./script.ts";

const ACQUIRE = loadScript("acquire-lease");
const RENEW = loadScript("renew-leases");
const RELEASE = loadScript("release-lease");

const acquireReply = z.literal([0, 1]);
const positions = z.array(z.int());
const releaseReply = z.enum(["released", "again", "lost"]);

/** One HASH per lease that Redis itself lets expire: no clock but Redis' counts. */
export function createRedisThreadLeases(redis: RedisCommands): ThreadLeases {
  return {
    async acquire(threadId, holder, ttlMs) {
      const key = leaseKey(threadId);
      return parseRecord(acquireReply, await redis.script(ACQUIRE, [key], [holder, ttlMs]), key) === 1;
    },
    async renew(held, ttlMs) {
      if (held.length === 0) return [];
      const keys = held.map(({ threadId }) => leaseKey(threadId));
      const reply = await redis.script(RENEW, keys, [ttlMs, ...held.map(({ holder }) => holder)]);
      const lost = parseRecord(positions, reply, keys[0] ?? "");
      return lost.flatMap((position) => held[position - 1]?.threadId ?? []);
    },
    async release(threadId, holder, ttlMs) {
      const key = leaseKey(threadId);
      return parseRecord(releaseReply, await redis.script(RELEASE, [key], [holder, ttlMs]), key);
    },
  };
}
