import type { EventType, WireEvent } from "@aura-platform/contract/events.ts";
import type { RunStatus } from "@aura-platform/contract/run-status.ts";
import { Command } from "@langchain/langgraph";
import { withEdited } from "../approvals/edits.ts";
import { hitlEvent } from "../approvals/open.ts";
import {
  type GraphState,
  graphThread,
  hasBegun,
  isBarrier,
  isInterruptedMidway,
  openInterrupts,
} from "../ports/agent-graph.ts";
import { EventLogClosedError, EventLogConflictError } from "../ports/event-log.ts";
import { LeaseLostError } from "../ports/thread-lease.ts";
import type { RunPatch } from "../ports/thread-registry.ts";
import type { ApprovalRecord } from "../records/approval.ts";
import type { RunRecord } from "../records/run.ts";
import { attended } from "./attended.ts";
import type { RunDeps } from "./deps.ts";
import { failRun } from "./fail.ts";
import { clearForFirstRun } from "./first-run.ts";
import { EFFECT_PATIENCE_MS } from "./last-words.ts";
import { RunLimitError, runClock, workedBeforeLoss } from "./limits.ts";
import { mapGraphEvent } from "./map-event.ts";
import { refuseToFailWithoutBackend } from "./outage.ts";
import { RunTakenAwayError, type Stop, type Stretch } from "./stretch.ts";
import { suspendOrComplete } from "./suspend.ts";
import { unannounced } from "./unannounced.ts";
import { windUpPrevious } from "./wind-up.ts";
import { createRunWriter } from "./writer.ts";

/** Begins a queued run, once everything of the run before it has been brought to an end. */
export async function start(deps: RunDeps, run: RunRecord, stop: Stop): Promise<void> {
  const runs = await deps.backend.threads.runsOf(run.threadId);
  await windUpPrevious(deps, run, runs);
  await work(deps, run, "queued", {}, stop, async (stretch) => {
    if (run.continuesFrom === undefined) await beginGraph(stretch, runs);
    else await continueWith(stretch, []);
    await suspendOrComplete(stretch);
  });
}

/** Goes on with a waiting run. One resume carries every decision that is known; LangGraph asks again for the rest. */
export async function resume(
  deps: RunDeps,
  run: RunRecord,
  decided: readonly ApprovalRecord[],
  stop: Stop,
): Promise<void> {
  await work(deps, run, "waiting", {}, stop, async (stretch) => {
    await continueWith(stretch, decided);
    await suspendOrComplete(stretch);
  });
}

/**
 * Goes on with a run whose worker is gone, from its last checkpoint. While a resume is unfinished that means the resume map
 * rebuilt from all decided, unfinished approvals: a bare continue forgets a decision that was applied but not finished.
 */
export async function recover(deps: RunDeps, run: RunRecord, stop: Stop): Promise<void> {
  const workedMs = await workedBeforeLoss(deps.backend.eventLog, run);
  const patch = { attempt: run.attempt + 1, workedMs };
  // Given up by this very process, perhaps, in the middle of an effect.
  await deps.agent.settled(run.threadId, EFFECT_PATIENCE_MS);
  await work(deps, run, "running", patch, stop, async (stretch) => {
    deps.logger.warn({ runId: run.runId, threadId: run.threadId, ...patch }, "run taken up again");
    const unfinished = await deps.backend.approvals.unfinished(run.threadId);
    const decided = unfinished.filter(({ runId, status }) => runId === run.runId && status !== "pending");
    await continueWith(stretch, decided);
    await suspendOrComplete(stretch);
  });
}

async function continueWith(stretch: Stretch, decided: readonly ApprovalRecord[]): Promise<void> {
  const { deps, run } = stretch;
  const state = await deps.agent.graph.getState(graphThread(run, deps.leaseHolder));
  if (!hasBegun(state, run)) {
    if (run.status === "waiting" || decided.length > 0) throw new Error("the thread's checkpoint is gone");
    await beginGraph(stretch, await deps.backend.threads.runsOf(run.threadId));
  } else {
    await announceDecided(stretch, decided);
    const resume = resumeMap(state, decided);
    if (resume !== null) await streamGraph(stretch, new Command({ resume }));
    else if (isInterruptedMidway(state)) await streamGraph(stretch, null);
  }
  await deps.backend.approvals.finish(
    run.threadId,
    decided.map(({ requestId }) => requestId),
  );
}

/** Decided, or expired, before the worker that asked could say so: a client sees a call asked for before anything else of it. */
async function announceDecided(
  { deps, run, writer, firstSeq }: Stretch,
  decided: readonly ApprovalRecord[],
): Promise<void> {
  const asked = await withEdited(deps.backend.approvals, decided);
  const missing = await unannounced(deps.backend.eventLog, run.runId, firstSeq - 1, asked);
  if (missing.length > 0) await writer.write(missing.map(hitlEvent));
}

async function beginGraph(stretch: Stretch, runs: readonly string[]): Promise<void> {
  const { deps, run } = stretch;
  await clearForFirstRun(deps, run, runs);
  await streamGraph(stretch, deps.agent.input(run));
}

/** Interrupt id -> decision, for the decided calls that still wait in the checkpoint; null when there are none. */
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

/** When this process may: moves the run to `running`, does the stretch, and turns its failure into the run's, unless others go on with it. */
async function work(
  deps: RunDeps,
  before: RunRecord,
  from: RunStatus,
  patch: RunPatch,
  stop: Stop,
  stretch: (stretch: Stretch) => Promise<void>,
): Promise<void> {
  const { threads } = deps.backend;
  const { runId } = before;
  // Heard from before the transition on, so that no cancel falls between the two.
  const cancelled = stop.cancellations.listen(runId);
  const signal = AbortSignal.any([stop.abandon, cancelled.signal]);
  try {
    await attended(deps, before, signal, async ({ worker, onCheckpoint }) => {
      const begun = { ...patch, worker };
      const run = await threads.transition(runId, [from], "running", deps.now(), begun, before.attempt);
      if (run === null) return false;
      deps.onChange?.(runId);
      return carryOut(deps, run, from, { signal, onCheckpoint }, stretch);
    });
  } finally {
    cancelled.close();
  }
}

/** Whether the stretch has brought the run to a stop; if not, it has been given up. */
async function carryOut(
  deps: RunDeps,
  run: RunRecord,
  from: RunStatus,
  within: Pick<Stretch, "signal" | "onCheckpoint">,
  stretch: (stretch: Stretch) => Promise<void>,
): Promise<boolean> {
  const { eventLog } = deps.backend;
  const { runId } = run;
  const { lastSeq } = await eventLog.tail(runId);
  const writer = createRunWriter(eventLog, runId, lastSeq, deps.now);
  try {
    // The stretch sees the status that the run came from: a waiting run must have a checkpoint.
    await stretch({ deps, run: { ...run, status: from }, writer, firstSeq: lastSeq + 1, ...within });
    return true;
  } catch (error) {
    if (within.signal.aborted || isTakenAway(error)) {
      // Whoever goes on continues the log: nothing of ours may still be on its way into it.
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

async function streamGraph(
  { deps, run, writer, signal, onCheckpoint }: Stretch,
  input: unknown,
): Promise<void> {
  const stop = new AbortController();
  const clock = runClock(run, deps.limits);
  try {
    const { configurable } = graphThread(run, deps.leaseHolder);
    const chunks = await deps.agent.graph.stream(input, {
      configurable: { ...configurable, storesEvents: true, onCheckpoint, modelSignal: clock.signal },
      streamMode: "custom",
      durability: "sync",
      signal: AbortSignal.any([signal, stop.signal]),
    });
    for await (const chunk of chunks) {
      if (isBarrier(chunk)) {
        await writer.flush();
        chunk.resolve();
      } else {
        const events = mapGraphEvent(chunk, deps.now(), run.attempt);
        if (events.some(isWord) && writer.lastSeq + events.length > deps.limits.maxEvents) {
          const error = new RunLimitError("events");
          // Before the loop is left, which waits for the graph.
          stop.abort(error);
          throw error;
        }
        await writer.write(events);
        if (events.some(({ type }) => type === "plan_step")) deps.onChange?.(run.runId);
      }
    }
  } finally {
    clock.close();
    // The log has failed while the graph works: its effects must not go on unseen.
    stop.abort();
  }
  signal.throwIfAborted();
  await writer.flush();
}

/** Said by the model. What tools have done is told whatever the number of events: it has happened. */
function isWord({ type }: WireEvent): boolean {
  return IS_WORD[type];
}

const IS_WORD = Object.freeze({
  thought: true,
  plan_step: false,
  tool_execution: false,
  hitl: false,
  content: true,
  error: false,
} satisfies Record<EventType, boolean>);
