import { ERRORS, type ErrorReason } from "@aura-platform/contract/errors.ts";
import type { WireEvent } from "@aura-platform/contract/events.ts";
import type { Logger } from "pino";
import { voidApprovals } from "../approvals/void.ts";
import {
  type Agent,
  type AgentGraph,
  type Closing,
  type GraphState,
  graphThread,
} from "../ports/agent-graph.ts";
import type { Backend, PortsOf } from "../ports/backend.ts";
import { LeaseLostError } from "../ports/thread-lease.ts";
import type { RunRecord } from "../records/run.ts";
import { ENDS_BESIDE_OTHERS, endsOf } from "./ends.ts";
import { type ClearAfterDeps, clearAfterFirstRun, clearForFirstRun } from "./first-run.ts";
import { type ConcludedCall, EFFECT_PATIENCE_MS, lastWords } from "./last-words.ts";
import { type OutageDeps, refuseToFailWithoutBackend } from "./outage.ts";
import type { Presence } from "./presence.ts";
import { readTold, type Told } from "./told.ts";
import { createRunWriter } from "./writer.ts";

type Reason = Exclude<ErrorReason, "no_progress">;

interface HistoryDeps extends OutageDeps {
  agent: { graph: Pick<AgentGraph, "getState"> } & Pick<
    Agent,
    "hasUnappliedAnswers" | "answerCalls" | "keepPartialAnswer"
  >;
  /** The lease under which the thread is worked on. */
  leaseHolder?: string;
  logger: Logger;
}

type SayLastDeps = HistoryDeps &
  Pick<Backend, "touch"> &
  PortsOf<{ eventLog: "tail" | "read" | "append"; archive: "approvals"; ledger: "conclude" }> & {
    agent: Pick<Agent, "openCalls" | "closing">;
    /** Unix ms. */
    now: () => number;
  };

type EndEarlyDeps = SayLastDeps &
  ClearAfterDeps &
  PortsOf<{ approvals: "unfinished" | "settle" }> & {
    agent: Pick<Agent, "settled">;
    presence: Pick<Presence, "worker" | "during">;
  };

type FinishDeps = PortsOf<{ approvals: "unfinished" | "finish" }>;

export type WindUpDeps = EndEarlyDeps &
  FinishDeps &
  PortsOf<{ eventLog: "close"; threads: "notDue" }> & {
    /** Told that something about a run has changed that others may want to know; must return at once. */
    onChange?: (runId: string) => void;
  };

/**
 * Brings the run before this one to its end, if a crash, a cancel or this run's prompt has left that undone.
 *
 * @param runs the thread's run ids, oldest first
 */
export async function windUpPrevious(
  deps: WindUpDeps & PortsOf<{ threads: "run" }>,
  run: RunRecord,
  runs: readonly string[],
): Promise<void> {
  const previousId = runs[runs.indexOf(run.runId) - 1];
  const previous = previousId === undefined ? null : await deps.threads.run(previousId);
  if (previous !== null)
    await windUp(deps, previous, run.replaces === previousId ? "superseded" : "cancelled");
}

/**
 * Ends a run whose record says that it is over: every call of it gets its last word, a client its last events
 * and `[DONE]`, and the model what it will read. Does nothing to a run that has been ended. Cut off anywhere,
 * it is repeated, and says the same.
 */
export async function windUp(deps: WindUpDeps, run: RunRecord, reason: Reason): Promise<void> {
  const { eventLog, threads } = deps;
  const { closed } = await eventLog.tail(run.runId);
  if (!closed) {
    if (run.status !== "completed") await endEarly(deps, run, reason);
    await eventLog.close(run.runId);
    await finishApprovals(deps, run);
    deps.onChange?.(run.runId);
  }
  await threads.notDue(run.runId);
}

async function endEarly(deps: EndEarlyDeps, run: RunRecord, reason: Reason): Promise<void> {
  const { approvals, threads, presence, logger } = deps;
  const { runId, threadId } = run;
  await voidApprovals(approvals, run, `run ${run.status}`, deps.now());
  const ends = endsOf(run, presence.worker);
  if (ends >= ENDS_BESIDE_OTHERS) {
    // Perhaps it is reading the checkpoint that ends processes: it is not read again.
    logger.error({ runId, threadId, ends }, "processes have ended over a run's checkpoint: it is not read");
    await clearForFirstRun(deps, run, await threads.runsOf(threadId));
    return sayLast(deps, run, reason, null);
  }
  await presence.during(runId, async () => {
    await clearAfterFirstRun(deps, run);
    await deps.agent.settled(threadId, EFFECT_PATIENCE_MS);
    await sayLast(deps, run, reason, await readState(deps, run));
  });
}

/** @param state the thread's checkpoint; null when it cannot be read */
async function sayLast(
  deps: SayLastDeps,
  run: RunRecord,
  reason: Reason,
  state: GraphState | null,
): Promise<void> {
  const { eventLog, archive, ledger, touch } = deps;
  const told = await readTold(eventLog, run.runId);
  const ofRun = (await archive.approvals(run.threadId)).filter(({ runId }) => runId === run.runId);
  const open = state === null ? [] : deps.agent.openCalls(state);
  const concluded = await lastWords(ledger, { run, told, open, approvals: ofRun });
  const closings = concluded.map((each) => ({
    ...each,
    closing: deps.agent.closing(each.call, each.word, run.language),
  }));
  // Told before it is history: what a crash has left out of the log could not be read from a closed
  // checkpoint.
  const { lastSeq } = await eventLog.tail(run.runId);
  const writer = createRunWriter(eventLog, run.runId, lastSeq, deps.now);
  const steps = closings.flatMap(({ closing }) => closing.step ?? []);
  await writer.write([...closings.flatMap(toEvents), ...stoppedSteps(told, steps, deps.now())]);
  await writer.flush();
  if (state !== null) await closeHistory(deps, run, state, told, closings);
  if (!told.hasError) await writer.write([errorOf(run, reason)]);
  await writer.flush();
  // The ledger may have come into being only now.
  await touch(run.threadId);
}

/** The graph has taken them in, or never will. */
async function finishApprovals({ approvals }: FinishDeps, run: RunRecord): Promise<void> {
  const unfinished = await approvals.unfinished(run.threadId);
  const ofRun = unfinished.filter(({ runId }) => runId === run.runId);
  await approvals.finish(
    run.threadId,
    ofRun.map(({ requestId }) => requestId),
  );
}

function errorOf(run: RunRecord, reason: Reason): WireEvent {
  const { traceId, language } = run;
  if (run.status === "failed" && run.error !== undefined) {
    return { type: "error", data: { ...run.error, traceId } };
  }
  const data = { errorCode: "E3002", message: ERRORS.E3002[language], traceId, reason } as const;
  return { type: "error", data };
}

type Closed = ConcludedCall & { closing: Closing };

function toEvents({ call, closing, isNews }: Closed): WireEvent[] {
  if (!isNews) return [];
  const { toolCallId, tool, args: parameters, proposed } = call;
  const edited = proposed === undefined ? {} : { proposed };
  return [{ type: "tool_execution", data: { tool, toolCallId, parameters, ...edited, ...closing.told } }];
}

/** A checkpoint that cannot be read must not keep the run's client waiting for ever. */
async function readState(deps: HistoryDeps, run: RunRecord): Promise<GraphState | null> {
  return orNull(deps, run, () => deps.agent.graph.getState(graphThread(run, deps.leaseHolder)));
}

async function orNull<T>(deps: HistoryDeps, run: RunRecord, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LeaseLostError) throw error;
    await refuseToFailWithoutBackend(deps, error);
    deps.logger.error({ err: error, runId: run.runId }, "the history of a run that is over cannot be closed");
    return null;
  }
}

/**
 * Puts into the checkpoint what the model has to know of calls that have no answer there, or else the text
 * that was already sent.
 */
async function closeHistory(
  deps: HistoryDeps,
  run: RunRecord,
  state: GraphState,
  { answer }: Told,
  closings: readonly Closed[],
): Promise<void> {
  const { agent } = deps;
  const thread = graphThread(run, deps.leaseHolder);
  const open = closings.filter(({ isOpen }) => isOpen).map(({ closing }) => closing);
  if (open.length > 0 || agent.hasUnappliedAnswers(state)) {
    await orNull(deps, run, () => agent.answerCalls(thread, open));
    return;
  }
  const known = new Set(state.values.messages?.map(({ id }) => id));
  if (run.status !== "cancelled" || answer === null || known.has(answer.messageId)) return;
  await orNull(deps, run, () => agent.keepPartialAnswer(thread, answer));
}

/** Steps that the client still sees as open: the run that would have closed them is over. */
function stoppedSteps(
  { openSteps }: Told,
  closed: readonly NonNullable<Closing["step"]>[],
  nowMs: number,
): WireEvent[] {
  const byId = new Map(closed.map((step) => [step.id, step]));
  const completedAt = Math.floor(nowMs / 1000);
  return openSteps.map((open): WireEvent => {
    const { status = "failed", result } = byId.get(open.id) ?? {};
    const data = { ...open, status, completedAt, ...(result === undefined ? {} : { result }) };
    return { type: "plan_step", data };
  });
}
