import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { AuraError } from "../src/errors.ts";
import { localDateTime, type Message } from "./envelope.ts";
import { authenticate } from "./jwt.ts";
import { sendSuccess } from "./service.ts";
import { createTaskStore, type TaskStatus } from "./task-store.ts";

const jsonText = z.string().refine(isJson, { error: "must be JSON text" });
const params = z.object({ taskId: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/) });
const createBody = z.object({
  taskType: z.string().min(1),
  userId: z.string().min(1),
  tenantId: z.string().min(1),
  description: z.string().optional(),
  inputData: z.unknown().optional(),
});
const listQuery = z.object({
  userId: z.string().min(1).optional(),
  tenantId: z.string().min(1).optional(),
  page: z.coerce.number().int().min(0).default(0),
  size: z.coerce.number().int().min(1).max(100).default(20),
});
const progressBody = z.object({
  progress: z.number().int().min(0).max(100),
  description: z.string().optional(),
  planSteps: jsonText.optional(),
});
const failQuery = z.object({ errorMessage: z.string().min(1) });

const MESSAGES = {
  created: { ko: "작업이 생성되었습니다.", en: "The task is created." },
  found: { ko: "작업을 조회했습니다.", en: "The task." },
  listed: { ko: "작업 목록을 조회했습니다.", en: "The tasks." },
  updated: { ko: "작업이 갱신되었습니다.", en: "The task is updated." },
} satisfies Record<string, Message>;

/**
 * Main Service's AgentTask API (contract, section 5), kept in memory. `planSteps` and `resultData` are JSON
 * text. A list is a page as Spring prints it: content, totalElements, totalPages, number, size, first, last.
 */
export function addTaskRoutes(app: FastifyInstance, jwtSecret: string): void {
  const store = createTaskStore();
  const tenantOf = async (request: FastifyRequest) =>
    (await authenticate(jwtSecret, request.headers)).tenantId;

  /** The task of the path, seen by its own tenant only, in one of the states that the operation allows. */
  const taskOf = async (request: FastifyRequest, ...allowed: TaskStatus[]) => {
    const tenantId = await tenantOf(request);
    const { taskId } = params.parse(request.params);
    const task = store.get(taskId);
    if (task?.tenantId !== tenantId) throw new AuraError("E1004");
    if (allowed.length > 0 && !allowed.includes(task.status)) throw new AuraError("E3002");
    return task;
  };

  app.post("/main/agent/tasks", async (request, reply) => {
    const tenantId = await tenantOf(request);
    const { inputData, description, ...body } = createBody.parse(request.body);
    if (body.tenantId !== tenantId) throw new AuraError("E2007");
    const now = localDateTime();
    const task = store.add({
      taskId: `task-${randomUUID()}`,
      ...body,
      ...(description === undefined ? {} : { description }),
      ...(inputData === undefined ? {} : { inputData: JSON.stringify(inputData) }),
      status: "REQUESTED",
      progress: 0,
      createdAt: now,
      updatedAt: now,
    });
    return sendSuccess(request, reply.code(201), MESSAGES.created, task);
  });

  app.get("/main/agent/tasks", async (request, reply) => {
    const tenantId = await tenantOf(request);
    const query = listQuery.parse(request.query);
    if (query.tenantId !== undefined && query.tenantId !== tenantId) throw new AuraError("E2007");
    return sendSuccess(request, reply, MESSAGES.listed, store.page({ ...query, tenantId }));
  });

  app.get("/main/agent/tasks/:taskId", async (request, reply) =>
    sendSuccess(request, reply, MESSAGES.found, await taskOf(request)),
  );

  app.post("/main/agent/tasks/:taskId/start", async (request, reply) => {
    const task = await taskOf(request, "REQUESTED");
    return sendSuccess(request, reply, MESSAGES.updated, store.update(task, { status: "IN_PROGRESS" }));
  });

  app.patch("/main/agent/tasks/:taskId/progress", async (request, reply) => {
    const task = await taskOf(request, "IN_PROGRESS");
    const { progress, description, planSteps } = progressBody.parse(request.body);
    const updated = store.update(task, {
      progress,
      ...(description === undefined ? {} : { description }),
      ...(planSteps === undefined ? {} : { planSteps }),
    });
    return sendSuccess(request, reply, MESSAGES.updated, updated);
  });

  app.post("/main/agent/tasks/:taskId/complete", async (request, reply) => {
    const task = await taskOf(request, "IN_PROGRESS");
    const updated = store.update(task, {
      status: "COMPLETED",
      progress: 100,
      ...(request.body === undefined ? {} : { resultData: JSON.stringify(request.body) }),
    });
    return sendSuccess(request, reply, MESSAGES.updated, updated);
  });

  app.post("/main/agent/tasks/:taskId/fail", async (request, reply) => {
    const task = await taskOf(request, "REQUESTED", "IN_PROGRESS");
    const { errorMessage } = failQuery.parse(request.query);
    return sendSuccess(
      request,
      reply,
      MESSAGES.updated,
      store.update(task, { status: "FAILED", errorMessage }),
    );
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
