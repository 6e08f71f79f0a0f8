import type { PendingApproval } from "@aura-platform/contract/approvals.ts";
import type { RunSummary } from "@aura-platform/contract/runs.ts";
import type { ThreadDetail } from "@aura-platform/contract/threads.ts";
import type { PortsOf } from "../ports/backend.ts";
import type { ThreadGraph } from "../ports/thread-graph.ts";
import type { ApprovalRecord } from "../records/approval.ts";
import type { Owner, RunRecord } from "../records/run.ts";
import { type OwnThreadDeps, ownThread, type RunsOfDeps, runsOf } from "./own-thread.ts";

export type ShowThreadDeps = OwnThreadDeps &
  RunsOfDeps &
  PortsOf<{ approvals: "unfinished" }> & {
    /** Rejects while the backend does not answer. */
    graph: () => Promise<Pick<ThreadGraph, "view">>;
  };

/** A thread as its owner sees it: the conversation, the runs, what waits, and the plan. */
export async function showThread(
  deps: ShowThreadDeps,
  owner: Owner,
  threadId: string,
): Promise<ThreadDetail> {
  const thread = await ownThread(deps, owner, threadId);
  const graph = await deps.graph();
  const [runs, state, unfinished] = await Promise.all([
    runsOf(deps, threadId),
    graph.view(threadId),
    deps.approvals.unfinished(threadId),
  ]);
  const last = runs.at(-1);
  return {
    threadId,
    title: thread.title ?? "",
    ...(last === undefined ? {} : { status: last.status }),
    createdAt: thread.createdAt,
    updatedAt: Math.max(thread.updatedAt, last?.updatedAt ?? 0),
    ...originOf(runs[0]),
    ...(thread.importedAt === undefined ? {} : { importedAt: thread.importedAt }),
    messages: state?.values.messages ?? [],
    runs: runs.map(showRun),
    pendingApprovals: unfinished.filter(({ status }) => status === "pending").map(showApproval),
    planSteps: state?.values.steps ?? [],
  };
}

/** A run's record as its owner sees it. */
export function showRun(run: RunRecord): RunSummary {
  const { runId, threadId, status, attempt, prompt, createdAt, updatedAt, error } = run;
  return {
    ...{ runId, threadId, status, attempt, prompt, createdAt, updatedAt },
    ...(error === undefined ? {} : { error }),
    ...originOf(run),
  };
}

/** An approval that waits, as its owner sees it. */
export function showApproval(approval: ApprovalRecord): PendingApproval {
  const { requestId, threadId, runId, actionType, message, context, createdAt, expiresAt, editOf } = approval;
  return {
    ...{ requestId, sessionId: threadId, runId, actionType, message, context },
    status: "pending",
    ...{ createdAt, expiresAt },
    ...(editOf === undefined ? {} : { editOf }),
  };
}

function originOf(run: RunRecord | undefined): Pick<RunSummary, "forkedFrom"> {
  if (run?.forkedFrom === undefined || run.continuesFrom === undefined) return {};
  return { forkedFrom: { threadId: run.forkedFrom, checkpointId: run.continuesFrom } };
}
