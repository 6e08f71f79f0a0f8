import {
  type CreateTaskBody,
  createTaskBody,
  type FailTaskQuery,
  TASK_COLUMN_CHARS,
  type TaskProgressBody,
  type TasksQuery,
  taskProgressBody,
} from "@aura-platform/contract/agent-tasks.ts";
import { z } from "zod";
import { AuraError } from "../src/errors.ts";

/**
 * Main Service's DTOs for AgentTasks, as strict and odd as the real ones (docs/contract.md, section 8): what
 * is no text where a text belongs ends in its catch-all, 500, and so does what its table does not take. What
 * its own rules say is 400.
 */

const text = z.string().nullish();
const createTypes = z.object({
  ...{ taskType: text, userId: text, tenantId: text },
  ...{ description: text, inputData: text },
} satisfies Record<keyof CreateTaskBody, z.ZodType>);
const progressTypes = z.object({
  progress: z.unknown().optional(),
  description: text,
  planSteps: text,
} satisfies Record<keyof TaskProgressBody, z.ZodType>);
const { taskType, userId, tenantId } = createTaskBody.shape;
const notBlank = (each: z.ZodString) => each.refine((value) => value.trim() !== "");
const createRules = z.object({
  taskType: notBlank(taskType),
  userId: notBlank(userId),
  tenantId: notBlank(tenantId),
});
const progressRules = taskProgressBody.pick({ progress: true });

/**
 * @throws AuraError E1000 for another type or what no column takes; ZodError for a required text that is
 * missing or blank
 */
export function readNewTask(body: unknown) {
  const { description, inputData, ...required } = readTypes(createTypes, body);
  const task = { ...createRules.parse(required), ...present({ description, inputData }) };
  for (const [name, limit] of Object.entries(TASK_COLUMN_CHARS)) {
    const { length } = [...task[name as keyof typeof TASK_COLUMN_CHARS]];
    if (length > limit) throw fault(`value too long for ${name} (${length} characters)`);
  }
  refuseNul(task);
  return task;
}

/** Of `planSteps` nothing but the type is looked at. @throws as readNewTask */
export function readProgress(body: unknown) {
  const { description, progress } = readTypes(progressTypes, body);
  const update = { ...progressRules.parse({ progress }), ...present({ description }) };
  refuseNul(update);
  return update;
}

/** A query that a request must have. @throws AuraError E1000 without it, as the real one does */
export function requiredQuery(query: unknown, name: keyof TasksQuery | keyof FailTaskQuery): string {
  const value = z.object({ [name]: z.string() }).safeParse(query).data?.[name];
  if (value === undefined) throw fault(`required parameter ${name} is missing`);
  refuseNul({ [name]: value });
  return value;
}

function readTypes<T>(types: z.ZodType<T>, body: unknown): T {
  const read = types.safeParse(body);
  if (!read.success) throw fault("the body cannot be read", read.error);
  return read.data;
}

/** PostgreSQL keeps no NUL in a text. */
function refuseNul(fields: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "string" && value.includes("\0")) throw fault(`NUL in ${name}`);
  }
}

function present<T extends Record<string, string | null | undefined>>(fields: T) {
  const entries = Object.entries(fields).filter(([, value]) => typeof value === "string");
  return Object.fromEntries(entries) as Partial<Record<keyof T, string>>;
}

function fault(detail: string, cause?: unknown): AuraError {
  return new AuraError("E1000", { detail, ...(cause === undefined ? {} : { cause }) });
}
