import { z } from "zod";
import type { TaskReports } from "../../ports/task-reports.ts";
import type { RedisCommands } from "./commands.ts";
import { REPORTS_KEY, runKey } from "./keys.ts";
import { jsonField, parseRecord } from "./record-format.ts";
import { saveReport, takeReports } from "./scripts/runs.ts";

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

/** The state is a field of the run's record, and so goes with it; one ZSET says what is still to be told. */
export function createRedisTaskReports(redis: RedisCommands): TaskReports {
  return {
    async state(runId) {
      const key = runKey(runId);
      return parseRecord(state, await redis.command("HGET", [key, "report"]), key);
    },
    async save(runId, told) {
      await saveReport(redis, { run: runKey(runId) }, { report: JSON.stringify(told) });
    },
    async due(runId, at) {
      await redis.command("ZADD", [REPORTS_KEY, at, runId]);
    },
    async notDue(runId) {
      await redis.command("ZREM", [REPORTS_KEY, runId]);
    },
    take: (now, nextDue, limit) => takeReports(redis, { due: REPORTS_KEY }, { now, nextDue, limit }),
  };
}
