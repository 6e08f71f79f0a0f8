import type { ApprovalStatus, LateDecision, Settlement } from "@aura-platform/contract/approvals.ts";
import type { HitlRequest } from "@aura-platform/contract/hitl.ts";
import type { RecordedApproval } from "@aura-platform/contract/thread-document.ts";
import type { Owner } from "./run.ts";

const NEXT: Readonly<Record<ApprovalStatus, readonly ApprovalStatus[]>> = Object.freeze({
  pending: ["approved", "rejected", "expired", "superseded", "cancelled"],
  approved: [],
  rejected: [],
  expired: [],
  superseded: [],
  cancelled: [],
});

/** Whether an approval in state `from` may be settled as `to`. */
export function maySettle(from: ApprovalStatus, to: ApprovalStatus): boolean {
  return NEXT[from].includes(to);
}

/**
 * One pending human decision, bound to one tool call and its exact arguments. The owner is who asked for the
 * run. Its `interruptId` repeats when a step is replayed, so it is never a key of ours.
 */
export interface ApprovalRecord extends RecordedApproval, Owner {}

/** The single way out of `pending`. */
export interface Decision {
  status: Settlement;
  reason?: string;
  decidedBy?: string;
  /** Unix ms. */
  decidedAt: number;
  /** Of a superseded one: the approval that has taken its place, with other arguments. */
  editedAs?: string;
  /** Set by the store alone. */
  lateDecision?: LateDecision;
}

/** The first value of `hitl:request:{requestId}`. */
export function toHitlRequest(approval: ApprovalRecord): HitlRequest {
  return {
    requestId: approval.requestId,
    sessionId: approval.threadId,
    userId: approval.userId,
    tenantId: approval.tenantId,
    actionType: approval.actionType,
    context: approval.context,
    status: "pending",
    createdAt: approval.createdAt,
    ...(approval.editOf === undefined ? {} : { editOf: approval.editOf }),
  };
}
