import { z } from "zod";
import type { TaskReports } from "../../ports/task-reports.ts";
import type { RedisCommands } from "./commands.ts";
import { REPORTS_KEY, runKey } from "./keys.ts";
import { jsonField, parseRecord } from "./record-format.ts";
import { loadScript } from "./script.ts";

const SAVE = loadScript("save-report");
const TAKE = loadScript("take-reports");

const state = jsonField
  .pipe(
    z.looseObject({
      phase: z.enum(["new", "created", "started", "ended"]),
      taskId: z.string().exactOptional(),
      progress: z.number(),
      planSteps: z.string(),
      failures: z.number(),
    }),
  )
  .nullable();
const ids = z.array(z.string());

/** The state is a field of the run's record, and so goes with it; one ZSET says what is still to be told. */
export function createRedisTaskReports(redis: RedisCommands): TaskReports {
  return {
    async state(runId) {
      const key = runKey(runId);
      return parseRecord(state, await redis.command("HGET", [key, "report"]), key);
    },
    async save(runId, told) {
      await redis.script(SAVE, [runKey(runId)], [JSON.stringify(told)]);
    },
    async due(runId, at) {
      await redis.command("ZADD", [REPORTS_KEY, at, runId]);
    },
    async notDue(runId) {
      await redis.command("ZREM", [REPORTS_KEY, runId]);
    },
    async take(now, nextDue, limit) {
      return parseRecord(ids, await redis.script(TAKE, [REPORTS_KEY], [now, nextDue, limit]), REPORTS_KEY);
    },
  };
}
