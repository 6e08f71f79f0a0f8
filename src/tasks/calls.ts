import {
  type CreateTaskBody,
  TASK_COLUMN_CHARS,
  type TaskProgressBody,
} from "@aura-platform/contract/agent-tasks.ts";
import type { RunRecord } from "../records/run.ts";
import type { MainServiceCall } from "./main-service.ts";
import type { TaskView } from "./progress.ts";
import { cutText } from "./text.ts";

/**
 * The reports of a run, as Main Service's DTOs read them (docs/contract.md, sections 5 and 8): `inputData`
 * and `planSteps` are JSON text, and every report of progress has its description.
 */

/**
 * Characters of an errorMessage: it travels in a URL, where one of them takes up to twelve bytes of eight
 * thousand.
 */
const ERROR_CHARS = 400;

/** Not repeatable: a second one would be a second task. */
export function createCall(
  run: RunRecord,
  { description, inputData }: TaskView,
  taskType: string,
): MainServiceCall {
  const { tenantId, userId } = run;
  return {
    ...post<CreateTaskBody>("", {
      taskType: cutText(taskType, TASK_COLUMN_CHARS.taskType),
      userId,
      tenantId,
      description,
      inputData,
    }),
    repeatable: false,
    optional: { fields: ["description", "inputData"], after: ["refused"] },
  };
}

export function startCall(taskId: string): MainServiceCall {
  return post(`${taskId}/start`);
}

/** The real one does not know `planSteps` here: they are for those that do. */
export function progressCall(taskId: string, view: Pick<TaskView, keyof TaskProgressBody>): MainServiceCall {
  const { progress, description, planSteps } = view;
  return {
    ...post<TaskProgressBody>(`${taskId}/progress`, { progress, description, planSteps }),
    method: "PATCH",
    optional: { fields: ["planSteps"], after: ["refused", "failed"], habit: "progress" },
  };
}

/**
 * How a run ended. Its body is the task's result, with the plan steps, which nothing else of the real one
 * keeps.
 *
 * @param failures in a row before this: a result is worth some attempts
 */
export function endCall(
  taskId: string,
  run: RunRecord,
  { resultData }: TaskView,
  failures: number,
): MainServiceCall {
  if (run.status !== "completed") {
    const reason = run.error === undefined ? run.status : `${run.error.errorCode}: ${run.error.message}`;
    return post(`${taskId}/fail?errorMessage=${encodeURIComponent(cutText(reason, ERROR_CHARS))}`);
  }
  const after = failures < 3 ? (["refused"] as const) : (["refused", "failed"] as const);
  return { ...post(`${taskId}/complete`, resultData), optional: { fields: Object.keys(resultData), after } };
}

function post<Body extends NonNullable<MainServiceCall["body"]>>(path: string, body?: Body): MainServiceCall {
  return {
    method: "POST",
    path: `/main/agent/tasks${path === "" ? "" : `/${path}`}`,
    repeatable: true,
    ...(body === undefined ? {} : { body }),
  };
}
