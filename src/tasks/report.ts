import { createdTask } from "@aura-platform/contract/agent-tasks.ts";
import { z } from "zod";
import type { Backend } from "../ports/backend.ts";
import type { ReportState } from "../ports/task-reports.ts";
import { isTerminal, type RunRecord } from "../records/run.ts";
import { eachEvent } from "../runs/each-event.ts";
import { createCall, endCall, progressCall, startCall } from "./calls.ts";
import type { MainService, MainServiceCall } from "./main-service.ts";
import { isAboutContent, MainServiceError } from "./main-service-error.ts";
import { createTaskView } from "./progress.ts";

export interface ReportDeps {
  backend: Pick<Backend, "threads" | "eventLog" | "approvals" | "reports">;
  main: MainService;
  /**
   * The first tool that the run's plan names; undefined when it names none, null while there is no plan in
   * the checkpoint.
   */
  plannedTool: (run: RunRecord) => Promise<string | undefined | null>;
}

/**
 * As ReportDeps, and who hears of progress that Main Service does not take: how the run ends is told all the
 * same.
 */
interface ReportRunDeps extends ReportDeps {
  onUntold: (run: RunRecord, err: unknown) => void;
}

const NEW: ReportState = Object.freeze({ phase: "new", progress: -1, planSteps: "", failures: 0 });
const named = z.object({ taskId: z.unknown() });

/** Attempts after which progress that fails is passed over: it must not stand before the end. */
const PROGRESS_ATTEMPTS = 5;

/**
 * Tells Main Service what it does not know yet of a run, in order: that there is a task, that it has started,
 * how far it is, how it ended. What was told is kept with the run after each call, so that whoever goes on
 * after a crash repeats at most the last one. (Should that one be the create - Main Service has no
 * idempotency key - there are two tasks, and the first stays REQUESTED.)
 *
 * @returns the run, or null when there is none any more
 * @throws MainServiceError
 */
export async function reportRun(deps: ReportRunDeps, runId: string): Promise<RunRecord | null> {
  const { backend, main } = deps;
  const { threads, eventLog, reports } = backend;
  const run = await threads.run(runId);
  if (run === null) return null;
  let state = (await reports.state(runId)) ?? NEW;
  if (state.phase === "ended") return run;
  const gathered = createTaskView(run);
  await eachEvent(eventLog, runId, (_, stored) => gathered.add(stored));
  const view = gathered.view();
  const call = (what: MainServiceCall) => main(run, what);
  const save = async (next: Partial<ReportState>) => {
    state = { ...state, ...next, failures: 0 };
    await reports.save(runId, state);
  };

  if (state.taskId === undefined) {
    const tool = await deps.plannedTool(run);
    // A task's type is what the plan is about: it is created once there is one.
    if (tool === null && isMoving(run)) return run;
    const taskId = taskIdIn(await call(createCall(run, view, tool ?? "conversation")));
    await save({ phase: "created", taskId });
  }
  const { taskId = "" } = state;
  if (state.phase === "created") {
    await call(startCall(taskId));
    await save({ phase: "started" });
  }
  const progress = Math.max(view.progress, state.progress);
  if (progress !== state.progress || view.planSteps !== state.planSteps) {
    await call(progressCall(taskId, { ...view, progress })).catch((error: unknown) => {
      if (!isPassedOver(error, state.failures)) throw error;
      deps.onUntold(run, error);
    });
    await save({ progress, planSteps: view.planSteps });
  }
  if (run.status === "waiting") await linkApprovals(backend, run, taskId);
  if (isTerminal(run.status)) {
    await call(endCall(taskId, run, view, state.failures));
    await save({ phase: "ended" });
  }
  return run;
}

function isMoving({ status }: RunRecord): boolean {
  return status === "queued" || status === "running";
}

/**
 * @throws MainServiceError `refused` when there is a task whose id is none: asking again would make another
 */
function taskIdIn(data: unknown): string {
  const found = createdTask.safeParse(data);
  if (found.success) return found.data.taskId;
  const { taskId } = named.safeParse(data).data ?? {};
  const problem = "the answer to POST /main/agent/tasks names no task that we can speak of";
  throw new MainServiceError(taskId == null ? "failed" : "refused", problem, { cause: found.error });
}

function isPassedOver(error: unknown, failures: number): boolean {
  if (isAboutContent(error)) return true;
  return error instanceof MainServiceError && error.kind === "failed" && failures + 1 >= PROGRESS_ATTEMPTS;
}

/** From a request to its task and back (docs/contract.md, section 8), for recovery on Main Service's side. */
async function linkApprovals({ approvals }: ReportDeps["backend"], run: RunRecord, taskId: string) {
  for (const { requestId, runId, status } of await approvals.unfinished(run.threadId)) {
    if (runId === run.runId && status === "pending") await approvals.link(requestId, taskId);
  }
}
