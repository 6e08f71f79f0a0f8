import type { ApprovalRecord, Decision } from "../records/approval.ts";
import type { Owner } from "../records/run.ts";

/** A pending approval, as far as looking for its decision needs it. */
export interface PendingApproval {
  requestId: string;
  threadId: string;
  /** Unix ms. */
  expiresAt: number;
}

/**
 * What Main Service has left in the backend about an approval: raw text, untrusted; null where there is
 * nothing.
 */
export interface Published {
  /** `hitl:request:{requestId}` */
  request: string | null;
  /** `hitl:signal:{sessionId}`: the session's last signal, perhaps about another request. */
  signal: string | null;
}

export interface SettleResult {
  /** True for the one call that moved the record out of `pending`. */
  settled: boolean;
  /** The record as it stands after the call. */
  record: ApprovalRecord;
}

export type SupersedeResult =
  | { kind: "superseded"; records: ApprovalRecord[] }
  /** One of them is decided, here or at Main Service, and not yet carried out: nothing was changed. */
  | { kind: "decided"; record: ApprovalRecord };

export type ReplaceResult =
  | { kind: "replaced"; record: ApprovalRecord }
  /**
   * It is settled; or it is pending, and Main Service has decided it in hitl:request. Nothing was changed.
   */
  | { kind: "stands"; record: ApprovalRecord };

/** Approval records, and the copy of them that Main Service reads (`hitl:request`, `hitl:session`). */
export interface ApprovalStore {
  /**
   * Stores new records as pending together with `hitl:request:{requestId}` (until the record's `expiresAt`)
   * and `hitl:session:{threadId}` (60 min, or as long as the request when that is longer), in one atomic
   * write. A record that exists is left as it is. Returns the records that were new, in the order given.
   */
  open(records: readonly ApprovalRecord[]): Promise<ApprovalRecord[]>;
  get(requestId: string): Promise<ApprovalRecord | null>;
  /** The thread's records that are pending, or decided and not yet finished; oldest first. */
  unfinished(threadId: string): Promise<ApprovalRecord[]>;
  /**
   * Atomic transition out of `pending`; null when there is no such record. In the same step `hitl:request`,
   * if it is still there, says what we say (approved, or rejected for all others; marked as ours:
   * approvals/settled-request), so that Main Service refuses another decision; and the record's run becomes
   * due at `decision.decidedAt` (ThreadRegistry.takeDue), so that a decision is carried out even if its job
   * is never enqueued. What Main Service has decided in hitl:request, even a moment ago, is not overtaken: it
   * is what is recorded in place of another approval or rejection, and nothing expires then (not settled, and
   * pending still). What is void all the same (cancelled) keeps it as `lateDecision`. While hitl:request
   * names another tenant nothing is approved or rejected.
   */
  settle(requestId: string, decision: Decision): Promise<SettleResult | null>;
  /**
   * Settles all pending records of the thread's run as superseded, unless one is approved, rejected or
   * expired and not yet finished, or decided by Main Service in hitl:request. Returns all of the run's
   * superseded records that are not finished, oldest first, so that repeating it after a crash gives the same
   * answer.
   */
  supersede(threadId: string, runId: string, at: number): Promise<SupersedeResult>;
  /**
   * Puts an edited approval in the place of the pending one that it is an edit of, in one atomic step: that
   * one is superseded (`editedAs`) and finished, its `hitl:request` says so, the edited one is opened as
   * `open` does, and its run becomes due at `edited.createdAt`. Null when there is no such record.
   */
  replace(requestId: string, edited: ApprovalRecord): Promise<ReplaceResult | null>;
  /**
   * Names the approval's AgentTask in `hitl:request` (field `taskId`) and the request in `hitl:task:{taskId}`
   * (60 min), in one step. Does nothing when the request is not pending there any more, or names a task
   * already.
   */
  link(requestId: string, taskId: string): Promise<void>;
  /**
   * Makes hitl:request say what stands of a settled approval, when Main Service - which had read before we
   * wrote - has decided otherwise there; the record keeps the first such decision as `lateDecision`.
   * @returns the record then, or null when there was nothing to do
   */
  restate(requestId: string, at: number): Promise<ApprovalRecord | null>;
  /**
   * Ids of settled approvals to restate: of those that Main Service had not decided when they were settled.
   * Each is looked at for a minute, and once after that.
   */
  contradicted(now: number): Promise<string[]>;
  /** The graph has taken these decisions in: they leave `unfinished`. Repeating it does nothing. */
  finish(threadId: string, requestIds: readonly string[]): Promise<void>;
  /** `hitl:request:{requestId}` as it is now (raw JSON text), or null when it has expired. */
  publishedRequest(requestId: string): Promise<string | null>;
  /** What Main Service has left about each of these, in their order, in as few round trips as possible. */
  published(approvals: readonly PendingApproval[]): Promise<Published[]>;
  /** The pending approvals of all threads by (expiresAt, requestId), up to `limit` after `after`. */
  pending(after: PendingApproval | null, limit: number): Promise<PendingApproval[]>;
  /** The owner's pending approvals, oldest first. */
  pendingOf(owner: Owner): Promise<ApprovalRecord[]>;
}
