import type { ApprovalRecord } from "../approvals/approval.ts";
import { voidApprovals } from "../approvals/void.ts";
import { ERRORS } from "../errors.ts";
import type { EventLog } from "../ports/event-log.ts";
import { graphThread, openCalls } from "./agent-graph.ts";
import type { WindUpDeps } from "./deps.ts";
import { eachEvent } from "./each-event.ts";
import { ENDS_BESIDE_OTHERS, endsOf } from "./ends.ts";
import type { AgentStep, WireEvent } from "./event.ts";
import { clearAfterFirstRun, clearForFirstRun } from "./first-run.ts";
import type { RunRecord } from "./run.ts";
import { createRunWriter } from "./writer.ts";

type Reason = "superseded" | "cancelled";

/**
 * Brings the run before this one to its end, if a crash, a cancel or this run's prompt has left that undone.
 *
 * @param runs the thread's run ids, oldest first
 */
export async function windUpPrevious(
  deps: WindUpDeps,
  run: RunRecord,
  runs: readonly string[],
): Promise<void> {
  const previousId = runs[runs.indexOf(run.runId) - 1];
  const previous = previousId === undefined ? null : await deps.backend.threads.run(previousId);
  if (previous !== null)
    await windUp(deps, previous, run.replaces === previousId ? "superseded" : "cancelled");
}

/**
 * Ends a run whose record says that it is over: what a client reads gets its last events and `[DONE]`, and what
 * the model will read gets an answer for every open tool call and the text that was already sent. Does nothing to a run
 * that has been ended.
 */
export async function windUp(deps: WindUpDeps, run: RunRecord, reason: Reason): Promise<void> {
  const { eventLog, threads, approvals } = deps.backend;
  const { lastSeq, closed } = await eventLog.tail(run.runId);
  if (!closed) {
    await voidApprovals(approvals, run, `run ${run.status}`, deps.now());
    const given = (await approvals.unfinished(run.threadId)).filter(({ runId }) => runId === run.runId);
    if (run.status !== "completed") await closeSaved(deps, run, reason);
    const writer = createRunWriter(eventLog, run.runId, lastSeq, deps.now);
    await writer.write([
      ...given.map((approval) => refused(deps, run, approval)),
      ...(await stoppedSteps(eventLog, run, deps.now())),
      ...lastWord(run, reason),
    ]);
    await writer.flush();
    await eventLog.close(run.runId);
    await approvals.finish(
      run.threadId,
      given.map(({ requestId }) => requestId),
    );
    deps.onChange?.(run.runId);
  }
  await threads.notDue(run.runId);
}

/** Closes what is saved of the run. Reading that may be what ends processes: then it is not read again. */
async function closeSaved(deps: WindUpDeps, run: RunRecord, reason: Reason): Promise<void> {
  const { presence, backend, logger } = deps;
  const { runId, threadId } = run;
  const ends = endsOf(run, presence.worker);
  if (ends >= ENDS_BESIDE_OTHERS) {
    logger.error({ runId, threadId, ends }, "processes have ended over a run's checkpoint: it is not read");
    return clearForFirstRun(deps, run, await backend.threads.runsOf(threadId));
  }
  await presence.during(runId, async () => {
    await clearAfterFirstRun(deps, run);
    if (run.status === "cancelled") await closeHistory(deps, run, reason);
  });
}

function lastWord(run: RunRecord, reason: Reason): WireEvent[] {
  const { traceId, language } = run;
  if (run.status === "completed") return [];
  if (run.status === "failed" && run.error !== undefined) {
    return [{ type: "error", data: { ...run.error, traceId } }];
  }
  const data = { errorCode: "E3002", message: ERRORS.E3002[language], traceId, reason } as const;
  return [{ type: "error", data }];
}

function refused(deps: WindUpDeps, run: RunRecord, approval: ApprovalRecord): WireEvent {
  const { actionType, toolCallId, context } = approval;
  const status = approval.status === "superseded" ? "superseded" : "cancelled";
  const result = deps.agent.refusal(approval, status, run.language).text;
  return {
    type: "tool_execution",
    data: { tool: actionType, toolCallId, parameters: context, status: "failed", result },
  };
}

async function closeHistory(deps: WindUpDeps, run: RunRecord, reason: Reason): Promise<void> {
  const { agent, backend } = deps;
  const thread = graphThread(run, deps.leaseHolder);
  const state = await agent.graph.getState(thread);
  const calls = openCalls(state);
  if (calls.length > 0) {
    const messages = calls.map((call) => agent.refusal(call, reason, run.language).message);
    await agent.graph.updateState(thread, { messages }, "tools");
    return;
  }
  const said = await lastAnswer(backend.eventLog, run.runId);
  const known = new Set(state.values.messages?.map(({ id }) => id));
  if (said === null || known.has(said.messageId)) return;
  await agent.graph.updateState(thread, { messages: [agent.partialAnswer(said)] }, "agent");
}

/** Steps that the client still sees as open: the run that would have closed them is over. */
async function stoppedSteps(log: EventLog, run: RunRecord, nowMs: number): Promise<WireEvent[]> {
  if (run.status === "completed") return [];
  const steps = new Map<string, AgentStep>();
  await eachEvent(log, run.runId, (event) => {
    if (event.type === "plan_step") steps.set(event.data.id, event.data);
  });
  return [...steps.values()]
    .filter(({ status }) => status === "pending" || status === "in_progress")
    .map((step) => ({
      type: "plan_step",
      data: { ...step, status: "failed", completedAt: Math.floor(nowMs / 1000) },
    }));
}

interface Said {
  messageId: string;
  attempt: number;
  text: string;
}

/** The text of the run's last message as the client has it. A later attempt of the same message replaces the earlier. */
async function lastAnswer(log: EventLog, runId: string): Promise<Said | null> {
  let said: Said | null = null;
  await eachEvent(log, runId, (event) => {
    if (event.type === "content") said = append(said, event.data);
  });
  return said;
}

function append(said: Said | null, delta: { messageId: string; content: string; attempt?: number }): Said {
  const { messageId, content, attempt = 1 } = delta;
  const goesOn = said !== null && said.messageId === messageId && said.attempt === attempt;
  return { messageId, attempt, text: goesOn ? said.text + content : content };
}
