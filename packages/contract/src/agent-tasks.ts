import { z } from "zod";
import { id } from "./ids.ts";
import { jsonText } from "./json-text.ts";
import { open } from "./reading.ts";
import { localDateTime } from "./times.ts";

// Main Service's records of long-running work, and its API for them (docs/contract.md, sections 5 and 8). Its
// DTOs are strict: an object where JSON text belongs is answered 500, and nothing is recorded.

export const taskStatus = z.enum(["REQUESTED", "IN_PROGRESS", "COMPLETED", "FAILED"]);
export type TaskStatus = z.output<typeof taskStatus>;

const progress = z.int().min(0).max(100);
const planSteps = jsonText.describe("AgentStep[] as JSON text");
const inputData = jsonText.describe("What it works on, as JSON text");

/** An AgentTask as Main Service answers it. */
export const agentTask = z.strictObject({
  taskId: z.string(),
  userId: z.string(),
  tenantId: z.string(),
  taskType: z.string(),
  status: taskStatus,
  progress,
  description: z.string().exactOptional(),
  inputData: inputData.exactOptional(),
  planSteps: planSteps.exactOptional(),
  resultData: jsonText.exactOptional(),
  errorMessage: z.string().exactOptional(),
  createdAt: localDateTime,
  updatedAt: localDateTime,
});
export type AgentTask = z.output<typeof agentTask>;

/** Body of `POST /main/agent/tasks`. */
export const createTaskBody = z.object({
  taskType: z.string().min(1),
  userId: z.string().min(1),
  tenantId: z.string().min(1),
  description: z.string().exactOptional(),
  inputData: inputData.exactOptional(),
});
export type CreateTaskBody = z.output<typeof createTaskBody>;

/** Characters that DWP's table takes (VARCHAR); its other columns are TEXT. */
export const TASK_COLUMN_CHARS = Object.freeze({
  taskType: 100,
  userId: 50,
  tenantId: 50,
} satisfies Partial<Record<keyof CreateTaskBody, number>>);

/** Body of `PATCH /main/agent/tasks/{id}/progress`. Main Service forgets a description that is not in it. */
export const taskProgressBody = z.object({
  progress,
  description: z.string().exactOptional(),
  planSteps: planSteps.exactOptional(),
});
export type TaskProgressBody = z.output<typeof taskProgressBody>;

/** Query of `POST /main/agent/tasks/{id}/fail`. */
export const failTaskQuery = z.object({ errorMessage: z.string().min(1) });
export type FailTaskQuery = z.output<typeof failTaskQuery>;

/** Query of `GET /main/agent/tasks`. */
export const tasksQuery = z.object({
  userId: z.string().min(1),
  tenantId: z.string().min(1),
  page: z.string().regex(/^\d+$/).transform(Number).default(0),
  size: z.string().regex(/^\d+$/).transform(Number).default(20),
});
export type TasksQuery = z.output<typeof tasksQuery>;
/** The same as it is written. */
export type WrittenTasksQuery = z.input<typeof tasksQuery>;

export const taskParams = z.object({ taskId: id });

/** What is read of the answer to the creation. */
export const createdTask = z.object({ taskId: id });

/**
 * A task in a list, as it is read: Java writes null for what is not there, and times in several forms. A
 * status that we do not know is shown as it is.
 */
export const listedTask = z.object({
  taskId: z.string(),
  taskType: z.string(),
  status: open(taskStatus),
  progress: z.number().nullish(),
  description: z.string().nullish(),
  createdAt: z.unknown().optional(),
  updatedAt: z.unknown().optional(),
});

/** A list as Spring prints a page of it, or bare. */
export const taskPage = z.union([
  z.object({ content: z.array(listedTask) }).transform(({ content }) => content),
  z.array(listedTask),
]);
