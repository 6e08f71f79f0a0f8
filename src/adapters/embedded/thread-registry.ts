import type { ThreadRegistry } from "../../ports/thread-registry.ts";
import type { Owner, RunRecord, ThreadRecord } from "../../records/run.ts";
import { checkTransition, isOwnedBy, isTerminal } from "../../records/run.ts";
import { withAttendance, withTransition } from "./attendance.ts";
import { createEmbeddedDueRuns, type DueRuns } from "./due-runs.ts";
import { createIdempotencyKeys } from "./idempotency-keys.ts";
import { createQueuedRuns, type QueuedRuns } from "./queued-runs.ts";
import { createThreadRecords, type ThreadRecords } from "./thread-records.ts";
import { createWatchers, type Watchers } from "./watchers.ts";

interface EmbeddedThreadRegistryOptions {
  /** Unix ms. */
  now: () => number;
  leaseLeft: (threadId: string) => number;
  /** The thread has been used. */
  touch: (threadId: string) => void;
}

export interface EmbeddedThreadRegistry extends ThreadRegistry, WholeThreads {}

interface WholeThreads {
  hasRun(runId: string): boolean;
  /** Whether nothing is left to do on the thread. */
  isOver(threadId: string): boolean;
  /** Forgets the thread with its runs, and returns their ids. */
  forget(threadId: string): string[];
  /** All threads of the owner with their last runs, in no order. */
  ofOwner(owner: Owner): { thread: ThreadRecord; run: RunRecord }[];
  /** ThreadArchive.condemn */
  condemn(threadId: string, owner: Owner, at: number): "condemned" | "busy" | "gone";
  /**
   * Takes in a thread with its runs, oldest first; those of `open` become due at `at`. False when one of them
   * exists.
   */
  restore(thread: ThreadRecord, runs: readonly RunRecord[], open: readonly string[], at: number): boolean;
}

/** Threads and runs in this process's memory. Records are copied on the way in and out. */
export function createEmbeddedThreadRegistry(options: EmbeddedThreadRegistryOptions): EmbeddedThreadRegistry {
  const { now, leaseLeft, touch } = options;
  const records = createThreadRecords();
  const due = createEmbeddedDueRuns((runId) => records.run(runId) ?? null, leaseLeft);
  const idempotencyKeys = createIdempotencyKeys(now, records.hasRun);
  const queuedRuns = createQueuedRuns();
  const watchers = createWatchers();

  return {
    async begin(run, { replaces, idempotency, queued } = {}) {
      const first = idempotency && idempotencyKeys.find(run, idempotency);
      if (first) return first;
      const thread = records.thread(run.threadId);
      if (thread !== undefined && !isOwnedBy(thread, run)) return { kind: "foreign" };
      if (thread?.deletedAt !== undefined) return { kind: "deleting" };
      const current = records.currentRun(run.threadId);
      const replaced = current?.status === "waiting" && current.runId === replaces;
      const full = replaced || queued === undefined ? null : queuedRuns.fullScope(run, queued);
      // Before somebody gives up the approvals of the waiting run for one that could not begin.
      if (full !== null && current?.status === "waiting") return { kind: "full", scope: full };
      if (current !== undefined && !isTerminal(current.status) && !replaced) {
        return { kind: "busy", runId: current.runId, status: current.status };
      }
      if (full !== null) return { kind: "full", scope: full };
      if (records.hasRun(run.runId)) throw new Error(`run ${run.runId} exists already`);
      if (current !== undefined && replaced) {
        records.putRun({ ...current, status: "cancelled", updatedAt: run.createdAt });
      }
      records.begin(run);
      queuedRuns.add(run);
      due.add(run.runId, run.createdAt);
      if (idempotency !== undefined) idempotencyKeys.keep(run, idempotency, run.runId);
      touch(run.threadId);
      watchers.wake(run.threadId);
      return { kind: "started" };
    },
    async thread(threadId) {
      return structuredClone(records.thread(threadId) ?? null);
    },
    async run(runId) {
      return structuredClone(records.run(runId) ?? null);
    },
    async runsOf(threadId) {
      return [...records.runIds(threadId)];
    },
    async transition(runId, from, to, at, patch = {}, ifAttempt = undefined) {
      checkTransition(from, to);
      const run = records.run(runId);
      if (run === undefined || !from.some((status) => status === run.status)) return null;
      if (ifAttempt !== undefined && run.attempt !== ifAttempt) return null;
      const { worker, ...fields } = structuredClone(patch);
      const moved = withTransition({ ...run, ...fields, status: to, updatedAt: at }, worker);
      records.putRun(moved);
      queuedRuns.remove(run);
      due.add(runId, at);
      touch(run.threadId);
      return structuredClone(moved);
    },
    async attend(runId, worker, what) {
      const run = records.run(runId);
      if (run !== undefined) records.putRun(withAttendance(run, worker, what));
    },
    makeDue: async (runId, at) => due.renew(runId, at),
    dueAt: async (runId) => due.at(runId),
    notDue: async (runId, since) => due.remove(runId, since),
    takeDue: async (...args) => due.take(...args),
    watch: async (threadId, onChange) => watchers.watch(threadId, onChange),
    ...createWholeThreads({ records, due, queuedRuns, watchers, touch }),
  };
}

interface Parts extends Pick<EmbeddedThreadRegistryOptions, "touch"> {
  records: ThreadRecords;
  due: DueRuns;
  queuedRuns: QueuedRuns;
  watchers: Watchers;
}

/** What the archive and the retention do to a thread with all its runs. */
function createWholeThreads({ records, due, queuedRuns, watchers, touch }: Parts): WholeThreads {
  return {
    hasRun: records.hasRun,
    ofOwner: (owner) => structuredClone(records.ofOwner(owner)),
    condemn(threadId, owner, at) {
      const thread = records.thread(threadId);
      if (thread === undefined || !isOwnedBy(thread, owner)) return "gone";
      const status = records.currentRun(threadId)?.status;
      if (status === "queued" || status === "running") return "busy";
      thread.deletedAt ??= at;
      due.add(thread.currentRunId, at);
      return "condemned";
    },
    restore(thread, restored, open, at) {
      if (!records.add(thread, restored)) return false;
      for (const runId of open) due.add(runId, at);
      touch(thread.threadId);
      return true;
    },
    isOver(threadId) {
      const run = records.currentRun(threadId);
      return run === undefined || isTerminal(run.status);
    },
    forget(threadId) {
      const runs = records.remove(threadId);
      for (const run of runs) {
        queuedRuns.remove(run);
        due.remove(run.runId);
      }
      watchers.wake(threadId);
      return runs.map(({ runId }) => runId);
    },
  };
}
