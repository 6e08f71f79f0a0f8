import type { ApprovalStore } from "../ports/approval-store.ts";
import type { RunRecord } from "../runs/run.ts";

/** Settles a run's pending approvals as cancelled: nothing may be approved on a run that is over. */
export async function voidApprovals(
  approvals: ApprovalStore,
  run: RunRecord,
  reason: string,
  at: number,
): Promise<void> {
  for (const { requestId, runId, status } of await approvals.unfinished(run.threadId)) {
    if (runId !== run.runId || status !== "pending") continue;
    await approvals.settle(requestId, { status: "cancelled", reason, decidedAt: at });
  }
}
