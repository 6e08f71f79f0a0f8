import { Command } from "@langchain/langgraph";
import { withEdited } from "../approvals/edits.ts";
import { hitlEvent } from "../approvals/open.ts";
import {
  type Agent,
  type AgentGraph,
  type GraphState,
  graphThread,
  hasBegun,
  isInterruptedMidway,
  openInterrupts,
} from "../ports/agent-graph.ts";
import type { PortsOf } from "../ports/backend.ts";
import { EventLogClosedError, EventLogConflictError } from "../ports/event-log.ts";
import { LeaseLostError } from "../ports/thread-lease.ts";
import type { RunPatch } from "../ports/thread-registry.ts";
import type { ApprovalRecord } from "../records/approval.ts";
import type { RunRecord, StatusBefore } from "../records/run.ts";
import { type Execution, RunTakenAwayError, type StopSignals } from "./execution.ts";
import { type FailDeps, failRun } from "./fail.ts";
import { clearForFirstRun, type ForgetDeps } from "./first-run.ts";
import { EFFECT_PATIENCE_MS } from "./last-words.ts";
import { workedBeforeLoss } from "./limits.ts";
import { type OutageDeps, refuseToFailWithoutBackend } from "./outage.ts";
import { type StreamDeps, streamGraph } from "./stream-graph.ts";
import { type SuspendDeps, suspendOrComplete } from "./suspend.ts";
import { unannounced } from "./unannounced.ts";
import { type WindUpDeps, windUpPrevious } from "./wind-up.ts";
import { type WorkOnDeps, workOn } from "./work-on.ts";
import { createRunWriter } from "./writer.ts";

type BeginGraphDeps = ForgetDeps & StreamDeps & { agent: Pick<Agent, "input"> };

type AnnounceDeps = PortsOf<{ approvals: "get"; eventLog: "read" }>;

type ContinueDeps = BeginGraphDeps &
  AnnounceDeps &
  PortsOf<{ threads: "runsOf"; approvals: "finish" }> & { agent: { graph: Pick<AgentGraph, "getState"> } };

type CarryOutDeps = FailDeps & OutageDeps & PortsOf<{ eventLog: "tail" | "append" }>;

type StartExecutionDeps = WorkOnDeps & CarryOutDeps & PortsOf<{ threads: "transition" }>;

/** What all parts of an execution use. */
export type ExecuteDeps = ContinueDeps & SuspendDeps & StartExecutionDeps & WindUpDeps;

/** Begins a queued run, once everything of the run before it has been brought to an end. */
export async function start(deps: ExecuteDeps, run: RunRecord, stop: StopSignals): Promise<void> {
  const runs = await deps.threads.runsOf(run.threadId);
  await windUpPrevious(deps, run, runs);
  await execute(deps, run, "queued", {}, stop, async (execution) => {
    if (run.continuesFrom === undefined) await beginGraph(deps, execution, runs);
    else await continueWith(deps, execution, []);
    await suspendOrComplete(deps, execution);
  });
}

/** Goes on with a waiting run, with every decision that is known; LangGraph asks again for the rest. */
export async function resume(
  deps: ExecuteDeps,
  run: RunRecord,
  decided: readonly ApprovalRecord[],
  stop: StopSignals,
): Promise<void> {
  await execute(deps, run, "waiting", {}, stop, async (execution) => {
    await continueWith(deps, execution, decided);
    await suspendOrComplete(deps, execution);
  });
}

/**
 * Goes on with a run whose worker is gone, from its last checkpoint. It is given all decisions that are not
 * finished once more: without them LangGraph would forget those that the lost worker had given it and that
 * had not reached a checkpoint.
 */
export async function recover(deps: ExecuteDeps, run: RunRecord, stop: StopSignals): Promise<void> {
  const workedMs = await workedBeforeLoss(deps.eventLog, run);
  const patch = { attempt: run.attempt + 1, workedMs };
  // This process may have given the run up itself, in the middle of an effect.
  await deps.agent.settled(run.threadId, EFFECT_PATIENCE_MS);
  await execute(deps, run, "running", patch, stop, async (execution) => {
    deps.logger.warn({ runId: run.runId, threadId: run.threadId, ...patch }, "run taken up again");
    const unfinished = await deps.approvals.unfinished(run.threadId);
    const decided = unfinished.filter(({ runId, status }) => runId === run.runId && status !== "pending");
    await continueWith(deps, execution, decided);
    await suspendOrComplete(deps, execution);
  });
}

async function continueWith(
  deps: ContinueDeps,
  execution: Execution,
  decided: readonly ApprovalRecord[],
): Promise<void> {
  const { run } = execution;
  const state = await deps.agent.graph.getState(graphThread(run, deps.leaseHolder));
  if (!hasBegun(state, run)) {
    if (run.status === "waiting" || decided.length > 0) throw new Error("the thread's checkpoint is gone");
    await beginGraph(deps, execution, await deps.threads.runsOf(run.threadId));
  } else {
    await announceDecided(deps, execution, decided);
    const resume = resumeMap(state, decided);
    if (resume !== null) await streamGraph(deps, execution, new Command({ resume }));
    else if (isInterruptedMidway(state)) await streamGraph(deps, execution, null);
  }
  await deps.approvals.finish(
    run.threadId,
    decided.map(({ requestId }) => requestId),
  );
}

/**
 * Sends the hitl events of approvals that were decided, or expired, before the worker that had asked could
 * send them: a client sees that a call is asked about before it sees anything else of the call.
 */
async function announceDecided(
  deps: AnnounceDeps,
  { run, writer, firstSeq }: Execution,
  decided: readonly ApprovalRecord[],
): Promise<void> {
  const asked = await withEdited(deps.approvals, decided);
  const missing = await unannounced(deps.eventLog, run.runId, firstSeq - 1, asked);
  if (missing.length === 0) return;
  await writer.write(missing.map(hitlEvent));
  // Whoever ends the run next may write with a writer of its own.
  await writer.flush();
}

async function beginGraph(
  deps: BeginGraphDeps,
  execution: Execution,
  runs: readonly string[],
): Promise<void> {
  const { run } = execution;
  await clearForFirstRun(deps, run, runs);
  await streamGraph(deps, execution, deps.agent.input(run));
}

/**
 * The decisions by interrupt id, of the calls that still wait in the checkpoint; null when there are none. It
 * is what LangGraph's `Command.resume` takes.
 */
function resumeMap(state: GraphState, decided: readonly ApprovalRecord[]): Record<string, unknown> | null {
  const waiting = new Set(openInterrupts(state).map(({ id }) => id));
  const entries = decided
    .filter(({ interruptId }) => waiting.has(interruptId))
    .map(({ interruptId, status, reason, digest, editOf, context }) => [
      interruptId,
      {
        ...{ status, digest },
        ...(reason === undefined ? {} : { reason }),
        ...(editOf === undefined ? {} : { args: context }),
      },
    ]);
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

/**
 * Waits until this process may work on the run, moves the run to `running` and executes it. A failure of the
 * execution becomes the run's, unless others go on with the run.
 */
async function execute(
  deps: StartExecutionDeps,
  before: RunRecord,
  from: StatusBefore<"running">,
  patch: RunPatch,
  stop: StopSignals,
  steps: (execution: Execution) => Promise<void>,
): Promise<void> {
  const { threads } = deps;
  const { runId } = before;
  // Listens before the transition, so that no cancel is missed between the two.
  const cancelled = stop.cancellations.listen(runId);
  const signal = AbortSignal.any([stop.abandon, cancelled.signal]);
  try {
    await workOn(deps, before, signal, async ({ worker, onCheckpoint }) => {
      const begun = { ...patch, worker };
      const run = await threads.transition(runId, [from], "running", deps.now(), begun, before.attempt);
      if (run === null) return false;
      deps.onChange?.(runId);
      return carryOut(deps, run, from, { signal, onCheckpoint }, steps);
    });
  } finally {
    cancelled.close();
  }
}

/** Whether the execution has brought the run to a stop; if not, it has been given up. */
async function carryOut(
  deps: CarryOutDeps,
  run: RunRecord,
  from: StatusBefore<"running">,
  within: Pick<Execution, "signal" | "onCheckpoint">,
  steps: (execution: Execution) => Promise<void>,
): Promise<boolean> {
  const { eventLog } = deps;
  const { runId } = run;
  const { lastSeq } = await eventLog.tail(runId);
  const writer = createRunWriter(eventLog, runId, lastSeq, deps.now);
  try {
    // It is executed with the status that it came from: a waiting run must have a checkpoint.
    await steps({ run: { ...run, status: from }, writer, firstSeq: lastSeq + 1, ...within });
    return true;
  } catch (error) {
    if (within.signal.aborted || isTakenAway(error)) {
      // Whoever goes on with the run goes on with its log: no append of ours may come after that.
      await writer.flush().catch(() => {});
      deps.logger.info({ runId, err: error }, "run given up by this worker");
      return false;
    }
    await refuseToFailWithoutBackend(deps, error);
    // What the graph said before it failed belongs before the error event.
    await writer.flush();
    return failRun(deps, run, error);
  }
}

function isTakenAway(error: unknown): boolean {
  return (
    error instanceof RunTakenAwayError ||
    error instanceof LeaseLostError ||
    error instanceof EventLogClosedError ||
    error instanceof EventLogConflictError
  );
}
