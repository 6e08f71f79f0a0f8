import { z } from "zod";
import type { Backend } from "../ports/backend.ts";
import type { ReportState } from "../ports/task-reports.ts";
import { eachEvent } from "../runs/each-event.ts";
import { isTerminal, type RunRecord } from "../runs/run.ts";
import type { Call, MainService } from "./main-service.ts";
import { createTaskView, type TaskView } from "./progress.ts";

export interface ReportDeps {
  backend: Pick<Backend, "threads" | "eventLog" | "approvals" | "reports">;
  main: MainService;
  /** The first tool that the run's plan names; undefined when it names none, null while there is no plan in the checkpoint. */
  plannedTool: (run: RunRecord) => Promise<string | undefined | null>;
}

const NEW: ReportState = Object.freeze({ phase: "new", progress: -1, planSteps: "", failures: 0 });
const created = z.object({ taskId: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/) });

/**
 * Tells Main Service what it does not know yet of a run, in order: that there is a task, that it has started, how far it is, how it ended. What was told is kept with the
 * run after each call, so that whoever goes on after a crash repeats at most the last one. (Should that one be the create - Main Service has no
 * idempotency key - there are two tasks, and the first stays REQUESTED.)
 *
 * @returns the run, or null when there is none any more
 * @throws MainServiceError
 */
export async function reportRun(deps: ReportDeps, runId: string): Promise<RunRecord | null> {
  const { backend, main } = deps;
  const { threads, eventLog, reports } = backend;
  const run = await threads.run(runId);
  if (run === null) return null;
  let state = (await reports.state(runId)) ?? NEW;
  if (state.phase === "ended") return run;
  const gathered = createTaskView(run);
  await eachEvent(eventLog, runId, (_, stored) => gathered.add(stored));
  const view = gathered.view();
  const call = (what: Call) => main(run, what);
  const save = async (next: Partial<ReportState>) => {
    state = { ...state, ...next, failures: 0 };
    await reports.save(runId, state);
  };

  if (state.taskId === undefined) {
    const tool = await deps.plannedTool(run);
    // A task's type is what the plan is about: it is created once there is one.
    if (tool === null && isMoving(run)) return run;
    await save({ phase: "created", taskId: await createTask(call, run, view, tool ?? undefined) });
  }
  const { taskId = "" } = state;
  if (state.phase === "created") {
    await call(post(`${taskId}/start`));
    await save({ phase: "started" });
  }
  const progress = Math.max(view.progress, state.progress);
  if (progress !== state.progress || view.planSteps !== state.planSteps) {
    await call({ ...post(`${taskId}/progress`, { progress, planSteps: view.planSteps }), method: "PATCH" });
    await save({ progress, planSteps: view.planSteps });
  }
  if (run.status === "waiting") await linkApprovals(backend, run, taskId);
  if (isTerminal(run.status)) {
    await call(endOf(run, view, taskId));
    await save({ phase: "ended" });
  }
  return run;
}

function isMoving({ status }: RunRecord): boolean {
  return status === "queued" || status === "running";
}

async function createTask(
  call: (what: Call) => Promise<unknown>,
  run: RunRecord,
  view: TaskView,
  taskType = "conversation",
): Promise<string> {
  const { tenantId, userId } = run;
  const { description, inputData } = view;
  // Not repeatable: a second one would be a second task.
  const data = await call({
    ...post("", { taskType, userId, tenantId, description, inputData }),
    repeatable: false,
  });
  return created.parse(data).taskId;
}

function endOf(run: RunRecord, view: TaskView, taskId: string): Call {
  if (run.status === "completed") return post(`${taskId}/complete`, view.resultData);
  const reason = run.error === undefined ? run.status : `${run.error.errorCode}: ${run.error.message}`;
  return post(`${taskId}/fail?errorMessage=${encodeURIComponent(reason)}`);
}

/** From a request to its task and back (contract, section 8), for recovery on Main Service's side. */
async function linkApprovals({ approvals }: ReportDeps["backend"], run: RunRecord, taskId: string) {
  for (const { requestId, runId, status } of await approvals.unfinished(run.threadId)) {
    if (runId === run.runId && status === "pending") await approvals.link(requestId, taskId);
  }
}

function post(path: string, body?: unknown): Call {
  return {
    method: "POST",
    path: `/main/agent/tasks${path === "" ? "" : `/${path}`}`,
    repeatable: true,
    ...(body === undefined ? {} : { body }),
  };
}
