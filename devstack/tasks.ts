import { randomUUID } from "node:crypto";
import { type TaskStatus, type TasksQuery, taskParams } from "@aura-platform/contract/agent-tasks.ts";
import type { Sentence } from "@aura-platform/contract/languages.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { AuraError } from "../src/errors.ts";
import { localDateTime } from "./envelope.ts";
import { authenticate } from "./jwt.ts";
import { sendSuccess } from "./service.ts";
import { readNewTask, readProgress, requiredQuery } from "./task-dto.ts";
import { type AgentTask, createTaskStore, type TaskChange, type TaskStore } from "./task-store.ts";

/** Read as Spring does. */
const listQuery = z.object({
  page: z.coerce.number().int().min(0).default(0),
  size: z.coerce.number().int().min(1).max(100).default(20),
}) satisfies z.ZodType<Pick<TasksQuery, "page" | "size">>;

const MESSAGES = {
  created: { ko: "작업이 생성되었습니다.", en: "The task is created." },
  found: { ko: "작업을 조회했습니다.", en: "The task." },
  listed: { ko: "작업 목록을 조회했습니다.", en: "The tasks." },
  updated: { ko: "작업이 갱신되었습니다.", en: "The task is updated." },
} satisfies Record<string, Sentence>;

/**
 * Main Service's AgentTask API (docs/contract.md, sections 5 and 8), kept in memory. `inputData`, `planSteps`
 * and `resultData` are JSON text; nothing sets `planSteps`, and no answer has `inputData`. A list is a page
 * as Spring prints it: content, totalElements, totalPages, number, size, first, last.
 */
export function addTaskRoutes(app: FastifyInstance, jwtSecret: string): void {
  const store = createTaskStore();
  const tenantOf = async (request: FastifyRequest) =>
    (await authenticate(jwtSecret, request.headers)).tenantId;

  const taskOf: TaskOf = async (request, ...allowed) => {
    const tenantId = await tenantOf(request);
    const { taskId } = taskParams.parse(request.params);
    const task = store.get(taskId);
    if (task?.tenantId !== tenantId) throw new AuraError("E1004");
    if (allowed.length > 0 && !allowed.includes(task.status)) throw new AuraError("E3002");
    return task;
  };

  app.post("/main/agent/tasks", async (request, reply) => {
    const tenantId = await tenantOf(request);
    const asked = readNewTask(request.body);
    if (asked.tenantId !== tenantId) throw new AuraError("E2007");
    const now = localDateTime();
    const task = store.add({
      taskId: randomUUID(),
      ...asked,
      status: "REQUESTED",
      progress: 0,
      createdAt: now,
      updatedAt: now,
    });
    return sendSuccess(request, reply.code(201), MESSAGES.created, shown(task));
  });

  app.get("/main/agent/tasks", async (request, reply) => {
    const tenantId = await tenantOf(request);
    const userId = requiredQuery(request.query, "userId");
    if (requiredQuery(request.query, "tenantId") !== tenantId) throw new AuraError("E2007");
    const { content, ...page } = store.page({ ...listQuery.parse(request.query), userId, tenantId });
    return sendSuccess(request, reply, MESSAGES.listed, { content: content.map(shown), ...page });
  });

  app.get("/main/agent/tasks/:taskId", async (request, reply) =>
    sendSuccess(request, reply, MESSAGES.found, shown(await taskOf(request))),
  );

  addTaskChanges(app, store, taskOf);
}

/** The task of the path, seen by its own tenant only, in one of the states that the operation allows. */
type TaskOf = (request: FastifyRequest, ...allowed: TaskStatus[]) => Promise<AgentTask>;

/** What its service tells of a task. */
function addTaskChanges(app: FastifyInstance, store: TaskStore, taskOf: TaskOf): void {
  const updated = (request: FastifyRequest, reply: FastifyReply, task: AgentTask, change: TaskChange) =>
    sendSuccess(request, reply, MESSAGES.updated, shown(store.update(task, change)));

  app.post("/main/agent/tasks/:taskId/start", async (request, reply) => {
    const task = await taskOf(request, "REQUESTED");
    return updated(request, reply, task, {
      status: "IN_PROGRESS",
      progress: 0,
      startedAt: localDateTime(),
    });
  });

  app.patch("/main/agent/tasks/:taskId/progress", async (request, reply) => {
    const task = await taskOf(request, "IN_PROGRESS");
    // An absent description removes the one before.
    const { progress, description } = readProgress(request.body);
    return updated(request, reply, task, { progress, description });
  });

  app.post("/main/agent/tasks/:taskId/complete", async (request, reply) => {
    const task = await taskOf(request, "IN_PROGRESS");
    return updated(request, reply, task, {
      status: "COMPLETED",
      progress: 100,
      completedAt: localDateTime(),
      ...(request.body === undefined ? {} : { resultData: JSON.stringify(request.body) }),
    });
  });

  app.post("/main/agent/tasks/:taskId/fail", async (request, reply) => {
    const task = await taskOf(request, "REQUESTED", "IN_PROGRESS");
    const errorMessage = requiredQuery(request.query, "errorMessage");
    return updated(request, reply, task, { status: "FAILED", completedAt: localDateTime(), errorMessage });
  });
}

/** As answers show it: without its `inputData`. */
function shown({ inputData: _, ...task }: AgentTask): Omit<AgentTask, "inputData"> {
  return task;
}
