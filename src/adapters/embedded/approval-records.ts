import type { PendingApproval } from "../../ports/approval-store.ts";
import type { ApprovalRecord } from "../../records/approval.ts";
import type { Owner } from "../../records/run.ts";
import { createIdGroups } from "./id-groups.ts";
import { createPendingIndex } from "./pending-index.ts";

/**
 * Approval records and their indexes. It takes and returns the records themselves, which nobody may change:
 * whoever hands them out copies them.
 */
export interface ApprovalRecords {
  get(requestId: string): ApprovalRecord | undefined;
  has(requestId: string): boolean;
  /** Takes in a pending one. */
  add(record: ApprovalRecord): void;
  /** Puts it in the place of the one with its id. */
  update(record: ApprovalRecord): void;
  /** As `update`; it is pending no more. */
  settle(record: ApprovalRecord): void;
  /** It leaves the thread's unfinished ones. */
  finish(threadId: string, requestId: string): void;
  /** Takes in one that is over. */
  restore(record: ApprovalRecord): void;
  /** Forgets all of the thread's. */
  forget(threadId: string): void;
  /** The thread's that are not finished, oldest first. */
  unfinished(threadId: string): ApprovalRecord[];
  /** All of the thread's, oldest first. */
  ofThread(threadId: string): ApprovalRecord[];
  /** The owner's pending ones, oldest first. */
  pendingOf(owner: Owner): ApprovalRecord[];
  /** See ApprovalStore.pending. */
  pending(after: PendingApproval | null, limit: number): PendingApproval[];
  /** Settled approvals that Main Service may still decide otherwise, by when they were settled (Unix ms). */
  readonly watched: Map<string, number>;
  /** The approvals' AgentTasks. */
  readonly tasks: Map<string, string>;
}

export function createApprovalRecords(): ApprovalRecords {
  const records = new Map<string, ApprovalRecord>();
  const [unfinished, ofThread, pendingOf] = [createIdGroups(), createIdGroups(), createIdGroups()];
  const pending = createPendingIndex();
  const watched = new Map<string, number>();
  const tasks = new Map<string, string>();

  const listed = (requestIds: readonly string[]): ApprovalRecord[] =>
    requestIds.flatMap((requestId) => records.get(requestId) ?? []).sort((a, b) => a.createdAt - b.createdAt);

  const takeOutOfPending = (record: ApprovalRecord): void => {
    pendingOf.remove(ownerText(record), record.requestId);
    pending.remove(record);
  };

  const forgetOne = (requestId: string): void => {
    const record = records.get(requestId);
    if (record === undefined) return;
    records.delete(requestId);
    watched.delete(requestId);
    tasks.delete(requestId);
    takeOutOfPending(record);
    unfinished.remove(record.threadId, requestId);
    ofThread.remove(record.threadId, requestId);
  };

  const restore = (record: ApprovalRecord): void => {
    records.set(record.requestId, record);
    ofThread.add(record.threadId, record.requestId);
  };

  return {
    ...{ watched, tasks, restore },
    get: (requestId) => records.get(requestId),
    has: (requestId) => records.has(requestId),
    add(record) {
      restore(record);
      unfinished.add(record.threadId, record.requestId);
      pendingOf.add(ownerText(record), record.requestId);
      pending.add(record);
    },
    update: (record) => void records.set(record.requestId, record),
    settle(record) {
      records.set(record.requestId, record);
      takeOutOfPending(record);
    },
    finish: (threadId, requestId) => unfinished.remove(threadId, requestId),
    forget(threadId) {
      for (const requestId of ofThread.of(threadId)) forgetOne(requestId);
    },
    unfinished: (threadId) => listed(unfinished.of(threadId)),
    ofThread: (threadId) => listed(ofThread.of(threadId)),
    pendingOf: (owner) => listed(pendingOf.of(ownerText(owner))),
    pending: (after, limit) => pending.page(after, limit),
  };
}

/** JSON, because tenant and user may hold any character. */
function ownerText({ tenantId, userId }: Owner): string {
  return JSON.stringify([tenantId, userId]);
}
