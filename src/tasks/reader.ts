import { z } from "zod";
import { readTime } from "../../encoding/time.ts";
import type { MainService } from "./main-service.ts";

/**
 * As it was sent where it is a text, else ISO 8601; nothing where nobody can read it: a list is more than its
 * times.
 */
const time = z
  .unknown()
  .optional()
  .transform((value) => {
    if (typeof value === "string") return value;
    const ms = readTime(value);
    return ms === null ? "" : new Date(ms).toISOString();
  });
const task = z.object({
  taskId: z.string(),
  taskType: z.string(),
  // One that we do not know is shown as it is.
  status: z.string(),
  progress: z.number().nullish(),
  description: z.string().nullish(),
  createdAt: time,
  updatedAt: time,
});
/** As Spring prints a page, or the bare list. */
const page = z.union([
  z.object({ content: z.array(task) }).transform(({ content }) => content),
  z.array(task),
]);

/** Tasks asked of Main Service at once; the wanted status is picked out of them. */
const SIZE = 100;

/** The tool's view of the caller's own tasks (tools/list-my-tasks.ts). */
export function createTaskReader(main: MainService) {
  return {
    async list(
      caller: { tenantId: string; userId: string; traceId: string },
      query: { status?: string; limit: number },
    ) {
      const { tenantId, userId } = caller;
      const search = new URLSearchParams({ userId, tenantId, page: "0", size: String(SIZE) });
      const data = await main(caller, {
        method: "GET",
        path: `/main/agent/tasks?${search}`,
        repeatable: true,
      });
      const found = page
        .parse(data)
        .filter((each) => query.status === undefined || each.status === query.status);
      return found.slice(0, query.limit).map(({ description, progress, ...rest }) => ({
        ...rest,
        progress: progress ?? 0,
        description: description ?? "",
      }));
    },
  };
}
