import { z } from "zod";
import type { ThreadRegistry } from "../../ports/thread-registry.ts";
import type { RedisCommands } from "./commands.ts";
import { DUE_KEY, PREFIXES } from "./keys.ts";
import { parseRecord } from "./record-format.ts";
import { ownerField } from "./records.ts";
import { takeDueRuns, takeOutOfDue } from "./scripts/runs.ts";

const time = z.string().transform(Number).pipe(z.number());

type DueRuns = Pick<ThreadRegistry, "makeDue" | "dueAt" | "notDue" | "takeDue">;

/** One ZSET of the runs that ought to be moving, by when. */
export function createRedisDueRuns(redis: RedisCommands): DueRuns {
  return {
    async makeDue(runId, at) {
      await redis.command("ZADD", [DUE_KEY, at, runId]);
    },
    async dueAt(runId) {
      const score = await redis.command("ZSCORE", [DUE_KEY, runId]);
      return score === null ? null : parseRecord(time, score, DUE_KEY);
    },
    async notDue(runId, since) {
      await takeOutOfDue(redis, { due: DUE_KEY }, { runId, since: since ?? "" });
    },
    async takeDue(now, nextDue, limit) {
      if (nextDue <= now) throw new RangeError("due runs can only be put off to later than now");
      const found = await takeDueRuns(redis, { due: DUE_KEY }, { now, nextDue, limit, ...PREFIXES });
      return found.flatMap(([runId, threadId, text, status]) => {
        const owner = ownerField.safeParse(text).data;
        // One that is damaged must not hide the others.
        return owner === undefined ? [] : [{ runId, threadId, ...owner, begun: status !== "queued" }];
      });
    },
  };
}
