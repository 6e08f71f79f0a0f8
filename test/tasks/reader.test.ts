import { expect, test } from "vitest";
import { createTaskReader } from "../../src/tasks/reader.ts";

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

test("the list is asked for as Main Service requires it, and read whatever a task of it holds", async () => {
  const paths: string[] = [];
  const content = [
    {
      ...task,
      planSteps: '[{"id":"step-1"}]',
      resultData: '{"answer":"x"}',
      startedAt: "2024-01-16T12:00:00",
    },
    { ...task, taskId: "w", status: "WAITING_APPROVAL", progress: null },
  ];
  const reader = createTaskReader(async (_caller, { path }) => {
    paths.push(path);
    return { content, pageable: {}, sort: {} };
  });
  const person = { ...caller, userId: "김 & 이" };
  const found = await reader.list(person, { limit: 10 });
  expect(Object.fromEntries(new URLSearchParams(paths[0]?.split("?")[1]))).toEqual({
    ...{ userId: "김 & 이", tenantId: "1", page: "0", size: "100" },
  });
  expect(found.map(({ taskId, status, progress }) => [taskId, status, progress])).toEqual([
    ["t", "COMPLETED", 100],
    ["w", "WAITING_APPROVAL", 0],
  ]);
  expect(await reader.list(person, { status: "COMPLETED", limit: 10 })).toHaveLength(1);
});
