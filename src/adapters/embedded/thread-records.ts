import type { Owner, RunRecord, ThreadRecord } from "../../records/run.ts";
import { isOwnedBy, titleOf } from "../../records/run.ts";

/** Records of threads and runs. What comes in is copied; what is handed out is not. */
export interface ThreadRecords {
  hasRun(runId: string): boolean;
  run(runId: string): RunRecord | undefined;
  thread(threadId: string): ThreadRecord | undefined;
  /** In the order of their beginning. */
  runIds(threadId: string): readonly string[];
  currentRun(threadId: string): RunRecord | undefined;
  putRun(run: RunRecord): void;
  /** Adds a queued run, and its thread with its first one. */
  begin(run: RunRecord): void;
  /** Adds a thread with its runs, oldest first. False, and nothing was added, when one of them exists. */
  add(thread: ThreadRecord, runs: readonly RunRecord[]): boolean;
  /** Removes a thread, and returns its runs. */
  remove(threadId: string): RunRecord[];
  /** The owner's threads with their last runs, in no order. */
  ofOwner(owner: Owner): { thread: ThreadRecord; run: RunRecord }[];
}

interface Thread {
  record: ThreadRecord;
  runIds: string[];
}

export function createThreadRecords(): ThreadRecords {
  const threads = new Map<string, Thread>();
  const runs = new Map<string, RunRecord>();

  return {
    hasRun: (runId) => runs.has(runId),
    run: (runId) => runs.get(runId),
    thread: (threadId) => threads.get(threadId)?.record,
    runIds: (threadId) => threads.get(threadId)?.runIds ?? [],
    currentRun(threadId) {
      const thread = threads.get(threadId);
      return thread && runs.get(thread.record.currentRunId);
    },
    putRun: (run) => void runs.set(run.runId, run),
    begin(run) {
      const { runId, threadId, tenantId, userId, createdAt, prompt } = run;
      const known = threads.get(threadId);
      runs.set(runId, { ...structuredClone(run), status: "queued" });
      threads.set(threadId, {
        record: {
          v: 1,
          threadId,
          tenantId,
          userId,
          createdAt: known?.record.createdAt ?? createdAt,
          updatedAt: createdAt,
          currentRunId: runId,
          title: known?.record.title ?? titleOf(prompt),
        },
        runIds: [...(known?.runIds ?? []), runId],
      });
    },
    add(thread, restored) {
      if (threads.has(thread.threadId) || restored.some(({ runId }) => runs.has(runId))) return false;
      const runIds = restored.map(({ runId }) => runId);
      threads.set(thread.threadId, { record: structuredClone(thread), runIds });
      for (const run of restored) runs.set(run.runId, structuredClone(run));
      return true;
    },
    remove(threadId) {
      const removed = (threads.get(threadId)?.runIds ?? []).flatMap((runId) => runs.get(runId) ?? []);
      threads.delete(threadId);
      for (const { runId } of removed) runs.delete(runId);
      return removed;
    },
    ofOwner: (owner) =>
      [...threads.values()].flatMap(({ record }) => {
        const run = runs.get(record.currentRunId);
        return run === undefined || !isOwnedBy(record, owner) ? [] : [{ thread: record, run }];
      }),
  };
}
