import type { ThreadRegistry } from "../../ports/thread-registry.ts";
import type { Owner, RunRecord, ThreadRecord } from "../../runs/run.ts";
import { isOwnedBy, isTerminal, titleOf } from "../../runs/run.ts";
import { attended, withAttendance } from "./attendance.ts";
import { createDueRuns } from "./due-runs.ts";
import { createIdempotencyKeys } from "./idempotency-keys.ts";
import { createQueuedRuns } from "./queued-runs.ts";
import { createWatchers } from "./watchers.ts";

interface EmbeddedThreadRegistryOptions {
  /** Unix ms. */
  now: () => number;
  leaseLeft: (threadId: string) => number;
  /** The thread has been used. */
  touch: (threadId: string) => void;
}

export interface EmbeddedThreadRegistry extends ThreadRegistry {
  hasRun(runId: string): boolean;
  /** Whether nothing is left to do on the thread. */
  isOver(threadId: string): boolean;
  /** Forgets the thread with its runs, and returns their ids. */
  forget(threadId: string): string[];
  /** All threads of the owner with their last runs, in no order. */
  ofOwner(owner: Owner): { thread: ThreadRecord; run: RunRecord }[];
  /** ThreadArchive.condemn */
  condemn(threadId: string, owner: Owner, at: number): "condemned" | "busy" | "gone";
  /** Takes in a thread with its runs, oldest first; those of `open` become due at `at`. False when one of them exists. */
  restore(thread: ThreadRecord, runs: readonly RunRecord[], open: readonly string[], at: number): boolean;
}

interface Thread {
  record: ThreadRecord;
  runIds: string[];
}

/** Threads and runs in this process's memory. Records are copied on the way in and out. */
export function createEmbeddedThreadRegistry(options: EmbeddedThreadRegistryOptions): EmbeddedThreadRegistry {
  const { now, leaseLeft, touch } = options;
  const threads = new Map<string, Thread>();
  const runs = new Map<string, RunRecord>();
  const due = createDueRuns((runId) => runs.get(runId) ?? null, leaseLeft);
  const idempotencyKeys = createIdempotencyKeys(now, (runId) => runs.has(runId));
  const queuedRuns = createQueuedRuns();
  const watchers = createWatchers();

  const currentRun = (threadId: string): RunRecord | undefined => {
    const thread = threads.get(threadId);
    return thread && runs.get(thread.record.currentRunId);
  };

  const store = (run: RunRecord) => {
    const { runId, threadId, tenantId, userId, createdAt } = run;
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
        title: known?.record.title ?? titleOf(run.prompt),
      },
      runIds: [...(known?.runIds ?? []), runId],
    });
    queuedRuns.add(run);
    due.add(runId, createdAt);
  };

  return {
    async begin(run, { replaces, idempotency, queued } = {}) {
      const first = idempotency && idempotencyKeys.find(run, idempotency);
      if (first) return first;
      const thread = threads.get(run.threadId);
      if (thread !== undefined && !isOwnedBy(thread.record, run)) return { kind: "foreign" };
      if (thread?.record.deletedAt !== undefined) return { kind: "deleting" };
      const current = currentRun(run.threadId);
      const replaced = current?.status === "waiting" && current.runId === replaces;
      const full = replaced || queued === undefined ? null : queuedRuns.fullScope(run, queued);
      // Before somebody gives up the approvals of the waiting run for one that could not begin.
      if (full !== null && current?.status === "waiting") return { kind: "full", scope: full };
      if (current !== undefined && !isTerminal(current.status) && !replaced) {
        return { kind: "busy", runId: current.runId, status: current.status };
      }
      if (full !== null) return { kind: "full", scope: full };
      if (runs.has(run.runId)) throw new Error(`run ${run.runId} exists already`);
      if (current !== undefined && replaced) {
        runs.set(current.runId, { ...current, status: "cancelled", updatedAt: run.createdAt });
      }
      store(run);
      if (idempotency !== undefined) idempotencyKeys.keep(run, idempotency, run.runId);
      touch(run.threadId);
      watchers.wake(run.threadId);
      return { kind: "started" };
    },
    async thread(threadId) {
      return structuredClone(threads.get(threadId)?.record ?? null);
    },
    async run(runId) {
      return structuredClone(runs.get(runId) ?? null);
    },
    async runsOf(threadId) {
      return [...(threads.get(threadId)?.runIds ?? [])];
    },
    async transition(runId, from, to, at, patch = {}, ifAttempt = undefined) {
      const run = runs.get(runId);
      if (run === undefined || !from.includes(run.status)) return null;
      if (ifAttempt !== undefined && run.attempt !== ifAttempt) return null;
      const { worker, ...fields } = structuredClone(patch);
      const moved = attended({ ...run, ...fields, status: to, updatedAt: at }, worker);
      runs.set(runId, moved);
      queuedRuns.remove(run);
      due.add(runId, at);
      touch(run.threadId);
      return structuredClone(moved);
    },
    async attend(runId, worker, what) {
      const run = runs.get(runId);
      if (run !== undefined) runs.set(runId, withAttendance(run, worker, what));
    },
    makeDue: async (runId, _threadId, at) => due.renew(runId, at),
    dueAt: async (runId) => due.at(runId),
    notDue: async (runId, since) => due.remove(runId, since),
    takeDue: async (...args) => due.take(...args),
    watch: async (threadId, onChange) => watchers.watch(threadId, onChange),
    hasRun: (runId) => runs.has(runId),
    ofOwner(owner) {
      return [...threads.values()].flatMap(({ record }) => {
        const run = runs.get(record.currentRunId);
        if (run === undefined || !isOwnedBy(record, owner)) return [];
        return [{ thread: structuredClone(record), run: structuredClone(run) }];
      });
    },
    condemn(threadId, owner, at) {
      const thread = threads.get(threadId);
      if (thread === undefined || !isOwnedBy(thread.record, owner)) return "gone";
      const status = currentRun(threadId)?.status;
      if (status === "queued" || status === "running") return "busy";
      thread.record.deletedAt ??= at;
      due.add(thread.record.currentRunId, at);
      return "condemned";
    },
    restore(thread, restored, open, at) {
      if (threads.has(thread.threadId) || restored.some(({ runId }) => runs.has(runId))) return false;
      threads.set(thread.threadId, {
        record: structuredClone(thread),
        runIds: restored.map(({ runId }) => runId),
      });
      for (const run of restored) runs.set(run.runId, structuredClone(run));
      for (const runId of open) due.add(runId, at);
      touch(thread.threadId);
      return true;
    },
    isOver(threadId) {
      const run = currentRun(threadId);
      return run === undefined || isTerminal(run.status);
    },
    forget(threadId) {
      const runIds = threads.get(threadId)?.runIds ?? [];
      threads.delete(threadId);
      for (const runId of runIds) {
        const run = runs.get(runId);
        if (run !== undefined) queuedRuns.remove(run);
        runs.delete(runId);
        due.remove(runId);
      }
      watchers.wake(threadId);
      return runIds;
    },
  };
}
