import { type TaskStatus, taskPage, type WrittenTasksQuery } from "@aura-platform/contract/agent-tasks.ts";
import { readTime } from "../../encoding/time.ts";
import type { MainService } from "./main-service.ts";

/** Tasks asked of Main Service at once; the wanted status is picked out of them. */
const SIZE = 100;

/** The tool's view of the caller's own tasks (tools/list-my-tasks.ts). */
export function createTaskReader(main: MainService) {
  return {
    async list(
      caller: { tenantId: string; userId: string; traceId: string },
      query: { status?: TaskStatus; limit: number },
    ) {
      const { tenantId, userId } = caller;
      const asked = { userId, tenantId, page: "0", size: String(SIZE) } satisfies WrittenTasksQuery;
      const search = new URLSearchParams(asked);
      const data = await main(caller, {
        method: "GET",
        path: `/main/agent/tasks?${search}`,
        repeatable: true,
      });
      const found = taskPage
        .parse(data)
        .filter((each) => query.status === undefined || each.status === query.status);
      return found.slice(0, query.limit).map((task) => ({
        ...task,
        progress: task.progress ?? 0,
        description: task.description ?? "",
        createdAt: timeText(task.createdAt),
        updatedAt: timeText(task.updatedAt),
      }));
    },
  };
}

/**
 * As it was sent where it is a text, else ISO 8601; nothing where nobody can read it: a list is more than its
 * times.
 */
function timeText(time: unknown): string {
  if (typeof time === "string") return time;
  const ms = readTime(time);
  return ms === null ? "" : new Date(ms).toISOString();
}
