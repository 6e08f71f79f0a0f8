import type { StoredEvent } from "@aura-platform/contract/events.ts";
import type { RunStatus } from "@aura-platform/contract/run-status.ts";
import type { RecordedEffect } from "@aura-platform/contract/thread-document.ts";
import type { ThreadSummary } from "@aura-platform/contract/threads.ts";
import type { ApprovalRecord } from "../records/approval.ts";
import type { Owner, RunRecord, ThreadRecord } from "../records/run.ts";

/** A place in a list that is sorted by (updatedAt, threadId), newest first. */
export type ThreadPosition = Pick<ThreadSummary, "updatedAt" | "threadId">;

export interface ThreadQuery {
  /** Only what comes after this place. */
  after: ThreadPosition | null;
  /** Only threads whose last run has this status. */
  status?: RunStatus;
  limit: number;
}

/** Everything of a thread but its checkpoints. */
export interface SavedThread {
  thread: ThreadRecord;
  /** Oldest first. */
  runs: { run: RunRecord; events: StoredEvent[]; closed: boolean }[];
  approvals: ApprovalRecord[];
  effects: RecordedEffect[];
}

/** Threads as a whole: listing them, and moving or deleting everything that belongs to one. */
export interface ThreadArchive {
  /** The owner's threads, last changed first. `next` is null at the end of the list. */
  list(owner: Owner, query: ThreadQuery): Promise<{ items: ThreadSummary[]; next: ThreadPosition | null }>;
  /** All approvals that the thread has had, oldest first. */
  approvals(threadId: string): Promise<ApprovalRecord[]>;
  /** What its tool calls have done, in an order that does not change. */
  effects(threadId: string): Promise<RecordedEffect[]>;
  /**
   * Stores a thread with all its runs, events, approvals and effects in one step, all or nothing. Runs whose
   * log is not closed become due at `at`. False, and nothing stored, when the thread, one of the runs or one
   * of the approvals exists.
   */
  store(saved: SavedThread, at: number): Promise<boolean>;
  /**
   * Marks the thread as being deleted, so that nothing begins on it any more, and makes its last run due at
   * `at`: whoever finds it goes on with the deletion. `busy` while a run is queued or executing; `gone` when
   * the owner has no such thread. Repeating it does no harm.
   */
  condemn(threadId: string, owner: Owner, at: number): Promise<"condemned" | "busy" | "gone">;
  /** Deletes all records, events, approvals and effects of the thread, and wakes who follows its runs. */
  remove(thread: ThreadRecord): Promise<void>;
}
