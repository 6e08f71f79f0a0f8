import { expect, test } from "vitest";
import { createTaskReader } from "../../../src/tasks/reader.ts";

const task = { taskId: "t", taskType: "chat", status: "COMPLETED", progress: 100, description: null };
const caller = { tenantId: "1", userId: "u", traceId: "trace" };

test("tasks are listed however Main Service writes their times", async () => {
  const listed = async (createdAt: unknown, updatedAt: unknown) => {
    const times = { createdAt, ...(updatedAt === undefined ? {} : { updatedAt }) };
    const reader = createTaskReader(async () => ({ content: [{ ...task, ...times }] }));
    const [found] = await reader.list(caller, { limit: 10 });
    return [found?.createdAt, found?.updatedAt];
  };
  // As it was sent, where it is a text.
  expect(await listed("2024-01-16T12:00:00", "yesterday")).toEqual(["2024-01-16T12:00:00", "yesterday"]);
  expect(await listed([2024, 1, 16, 12, 0], 1_706_152_860.123)).toEqual([
    new Date(2024, 0, 16, 12).toISOString(),
    "2024-01-25T03:21:00.123Z",
  ]);
  expect(await listed(null, undefined)).toEqual(["", ""]);
  expect(await listed([], { year: 2024 })).toEqual(["", ""]);
});
