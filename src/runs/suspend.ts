import { withEdited } from "../approvals/edits.ts";
import { approvalsOf, hitlEvent } from "../approvals/open.ts";
import { graphThread, isInterruptedMidway } from "../ports/agent-graph.ts";
import type { ApprovalRecord } from "../records/approval.ts";
import type { RunRecord } from "../records/run.ts";
import type { RunDeps } from "./deps.ts";
import { workedUntil } from "./limits.ts";
import { RunTakenAwayError, type Stretch } from "./stretch.ts";
import { unannounced } from "./unannounced.ts";
import { createRunWriter } from "./writer.ts";

/** After the graph has stopped: the run waits for what it asks, or it is over. */
export async function suspendOrComplete({ deps, run, writer }: Stretch): Promise<void> {
  const { approvals, threads } = deps.backend;
  const state = await deps.agent.graph.getState(graphThread(run, deps.leaseHolder));
  if (isInterruptedMidway(state)) throw new Error("the graph stopped before its end");
  const waiting = approvalsOf(run, state, deps.now(), deps.approvalTtlMs);
  if (waiting.length === 0) return complete(deps, run);

  // Stored first, announced second: a decision can arrive as soon as the request can be read.
  const opened = await approvals.open(waiting);
  const at = deps.now();
  const worked = { workedMs: workedUntil(run, at) };
  const suspended = await threads.transition(run.runId, ["running"], "waiting", at, worked, run.attempt);
  if (suspended === null) throw new RunTakenAwayError(run.runId);
  if (opened.length === waiting.length) {
    await writer.write(opened.map(hitlEvent));
    await writer.flush();
  } else {
    await announce(deps, run, (await approvals.unfinished(run.threadId)).filter(isOf(run)));
  }
  deps.onChange?.(run.runId);
  deps.logger.info(
    { runId: run.runId, threadId: run.threadId, waiting: waiting.length },
    "run waits for approval",
  );
  // Decided while this was being written, perhaps by a job that came too early to find the run waiting: it stays due.
  if ((await approvals.unfinished(run.threadId)).some(({ status }) => status !== "pending")) {
    await deps.backend.queue.enqueue(run, "begun");
  } else await threads.notDue(run.runId, at);
}

/**
 * Makes good what a crash has left undone of a waiting run: sends the hitl events that have not been sent.
 *
 * @param since when the run was due, seen before its records were read
 */
export async function announceWaiting(
  deps: RunDeps,
  run: RunRecord,
  unfinished: readonly ApprovalRecord[],
  since: number | null,
): Promise<void> {
  await announce(deps, run, unfinished);
  if (since !== null) await deps.backend.threads.notDue(run.runId, since);
}

async function announce(deps: RunDeps, run: RunRecord, unfinished: readonly ApprovalRecord[]): Promise<void> {
  const { eventLog } = deps.backend;
  const { lastSeq } = await eventLog.tail(run.runId);
  const asked = await withEdited(deps.backend.approvals, unfinished);
  const missing = await unannounced(eventLog, run.runId, lastSeq, asked);
  if (missing.length === 0) return;
  const writer = createRunWriter(eventLog, run.runId, lastSeq, deps.now);
  await writer.write(missing.map(hitlEvent));
  await writer.flush();
  // An edited approval is one that Main Service has to know the task of, too.
  deps.onChange?.(run.runId);
}

/** The registry comes before the log: whoever has read `[DONE]` may send the next prompt at once. */
async function complete(deps: RunDeps, run: RunRecord): Promise<void> {
  const { threads, eventLog } = deps.backend;
  const { runId, attempt } = run;
  const completed = await threads.transition(runId, ["running"], "completed", deps.now(), {}, attempt);
  if (completed === null) throw new RunTakenAwayError(run.runId);
  await eventLog.close(run.runId);
  deps.onChange?.(run.runId);
  await threads.notDue(run.runId);
  await deps.backend.touch(run.threadId);
  deps.logger.info({ runId: run.runId, threadId: run.threadId, traceId: run.traceId }, "run completed");
}

function isOf(run: RunRecord): (approval: ApprovalRecord) => boolean {
  return ({ runId }) => runId === run.runId;
}
