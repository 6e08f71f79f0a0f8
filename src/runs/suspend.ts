import type { Logger } from "pino";
import { withEdited } from "../approvals/edits.ts";
import { approvalsOf, hitlEvent } from "../approvals/open.ts";
import { type AgentGraph, graphThread, isInterruptedMidway } from "../ports/agent-graph.ts";
import type { Backend, PortsOf } from "../ports/backend.ts";
import type { ApprovalRecord } from "../records/approval.ts";
import type { RunRecord } from "../records/run.ts";
import { type Execution, RunTakenAwayError } from "./execution.ts";
import { workedUntil } from "./limits.ts";
import { unannounced } from "./unannounced.ts";
import { createRunWriter } from "./writer.ts";

interface ToldDeps {
  /** Told that something about a run has changed that others may want to know; must return at once. */
  onChange?: (runId: string) => void;
  /** Unix ms. */
  now: () => number;
}

type AnnounceDeps = ToldDeps & PortsOf<{ eventLog: "tail" | "read" | "append"; approvals: "get" }>;

export type AnnounceWaitingDeps = AnnounceDeps & PortsOf<{ threads: "notDue" }>;

type CompleteDeps = ToldDeps &
  Pick<Backend, "touch"> &
  PortsOf<{ threads: "transition" | "notDue"; eventLog: "close" }> & { logger: Logger };

export type SuspendDeps = AnnounceDeps &
  CompleteDeps &
  PortsOf<{ approvals: "open" | "unfinished"; queue: "enqueue" }> & {
    agent: { graph: Pick<AgentGraph, "getState"> };
    /** How long an approval waits for a decision, in ms. */
    approvalTtlMs: number;
    /** The lease under which the run is worked on. */
    leaseHolder?: string;
  };

/** After the graph has stopped: the run waits for what it asks, or it is over. */
export async function suspendOrComplete(
  deps: SuspendDeps,
  { run, writer }: Pick<Execution, "run" | "writer">,
): Promise<void> {
  const { approvals, threads } = deps;
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
  // The job of a decision may have come before the run was waiting, and found nothing to do: then another one
  // is needed, and the run stays due.
  if ((await approvals.unfinished(run.threadId)).some(({ status }) => status !== "pending")) {
    await deps.queue.enqueue(run, "begun");
  } else await threads.notDue(run.runId, at);
}

/**
 * Makes good what a crash has left undone of a waiting run: sends the hitl events that have not been sent.
 *
 * @param since when the run was due, seen before its records were read
 */
export async function announceWaiting(
  deps: AnnounceWaitingDeps,
  run: RunRecord,
  unfinished: readonly ApprovalRecord[],
  since: number | null,
): Promise<void> {
  await announce(deps, run, unfinished);
  if (since !== null) await deps.threads.notDue(run.runId, since);
}

async function announce(
  deps: AnnounceDeps,
  run: RunRecord,
  unfinished: readonly ApprovalRecord[],
): Promise<void> {
  const { eventLog } = deps;
  const { lastSeq } = await eventLog.tail(run.runId);
  const asked = await withEdited(deps.approvals, unfinished);
  const missing = await unannounced(eventLog, run.runId, lastSeq, asked);
  if (missing.length === 0) return;
  const writer = createRunWriter(eventLog, run.runId, lastSeq, deps.now);
  await writer.write(missing.map(hitlEvent));
  await writer.flush();
  // Main Service has to know the task of an edited approval, too.
  deps.onChange?.(run.runId);
}

/**
 * The record is changed before the log is closed: whoever has read `[DONE]` may send the next prompt at once.
 */
async function complete(deps: CompleteDeps, run: RunRecord): Promise<void> {
  const { threads, eventLog } = deps;
  const { runId, attempt } = run;
  const completed = await threads.transition(runId, ["running"], "completed", deps.now(), {}, attempt);
  if (completed === null) throw new RunTakenAwayError(run.runId);
  await eventLog.close(run.runId);
  deps.onChange?.(run.runId);
  await threads.notDue(run.runId);
  await deps.touch(run.threadId);
  deps.logger.info({ runId: run.runId, threadId: run.threadId, traceId: run.traceId }, "run completed");
}

function isOf(run: RunRecord): (approval: ApprovalRecord) => boolean {
  return ({ runId }) => runId === run.runId;
}
