import type { ApprovalStore } from "../ports/approval-store.ts";
import type { RunRecord } from "../records/run.ts";

/** Settles a run's pending approvals as cancelled: nothing may be approved on a run that is over. */
export async function voidApprovals(
  approvals: Pick<ApprovalStore, "unfinished" | "settle">,
  run: RunRecord,
  reason: string,
  at: number,
): Promise<void> {
  for (const { requestId, runId, status } of await approvals.unfinished(run.threadId)) {
    if (runId !== run.runId || status !== "pending") continue;
    let voided: string | undefined = requestId;
    // Edited since it was read: then the one that has taken its place is void.
    while (voided !== undefined) {
      const settled = await approvals.settle(voided, { status: "cancelled", reason, decidedAt: at });
      voided = settled?.record.editedAs;
    }
  }
}
