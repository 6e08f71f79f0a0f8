import type { ThreadSummary } from "@aura-platform/contract/threads.ts";
import type { ThreadArchive, ThreadPosition } from "../../ports/thread-archive.ts";
import type { RunRecord, ThreadRecord } from "../../records/run.ts";
import { hitlSessionKey, hitlSignalKey } from "../hitl-keys.ts";
import type { EmbeddedApprovalStore } from "./approval-store.ts";
import type { EmbeddedBus } from "./bus.ts";
import type { EmbeddedEffectLedger } from "./effect-ledger.ts";
import type { EmbeddedEventLog } from "./event-log.ts";
import type { EmbeddedTaskReports } from "./task-reports.ts";
import type { EmbeddedThreadRegistry } from "./thread-registry.ts";

interface Parts {
  bus: EmbeddedBus;
  threads: EmbeddedThreadRegistry;
  approvals: EmbeddedApprovalStore;
  eventLog: EmbeddedEventLog;
  ledger: EmbeddedEffectLedger;
  reports: EmbeddedTaskReports;
}

interface EmbeddedThreadArchive extends ThreadArchive {
  /** Drops everything of a thread, at once. */
  forget(threadId: string): void;
}

/** Whole threads in this process's memory. Nothing in here waits, so every change is one step. */
export function createEmbeddedThreadArchive(parts: Parts): EmbeddedThreadArchive {
  const { bus, threads, approvals, eventLog, ledger, reports } = parts;

  const summary = ({ thread, run }: { thread: ThreadRecord; run: RunRecord }): ThreadSummary => ({
    threadId: thread.threadId,
    title: thread.title ?? "",
    status: run.status,
    createdAt: thread.createdAt,
    // An imported thread was changed when it was imported.
    updatedAt: Math.max(thread.updatedAt, run.updatedAt),
    pendingApprovals: approvals.ofThread(thread.threadId).filter(({ status }) => status === "pending").length,
  });

  const forget = (threadId: string): void => {
    for (const runId of threads.forget(threadId)) {
      eventLog.forget(runId);
      reports.forget(runId);
    }
    approvals.forget(threadId);
    ledger.forget(threadId);
  };

  return {
    forget,
    async list(owner, { after, status, limit }) {
      const all = threads
        .ofOwner(owner)
        .filter(({ thread }) => thread.deletedAt === undefined)
        .map(summary)
        .filter((each) => status === undefined || each.status === status)
        .sort(newestFirst);
      const rest = after === null ? all : all.filter((each) => newestFirst(after, each) < 0);
      const items = rest.slice(0, limit);
      const last = items.at(-1);
      return { items, next: rest.length > items.length && last !== undefined ? positionOf(last) : null };
    },
    async approvals(threadId) {
      return approvals.ofThread(threadId);
    },
    async effects(threadId) {
      return ledger.ofThread(threadId);
    },
    async store(saved, at) {
      if (saved.approvals.some(({ requestId }) => approvals.has(requestId))) return false;
      const { thread } = saved;
      const open = saved.runs.filter(({ closed }) => !closed).map(({ run }) => run.runId);
      const last = saved.runs.at(-1);
      if (last === undefined) throw new Error("a thread has at least one run");
      const record = { ...thread, currentRunId: last.run.runId };
      const runs = saved.runs.map(({ run }) => run);
      if (!threads.restore(record, runs, open, at)) return false;
      for (const { run, events, closed } of saved.runs) eventLog.restore(run.runId, events, closed);
      approvals.restore(saved.approvals);
      ledger.restore(thread.threadId, saved.effects);
      return true;
    },
    async condemn(threadId, owner, at) {
      return threads.condemn(threadId, owner, at);
    },
    async remove({ threadId }) {
      approvals.unpublish(threadId);
      forget(threadId);
      bus.delete(hitlSessionKey(threadId));
      bus.delete(hitlSignalKey(threadId));
    },
  };
}

function positionOf({ updatedAt, threadId }: ThreadSummary): ThreadPosition {
  return { updatedAt, threadId };
}

/** As Redis sorts: by time, then by the id's bytes, both downwards. */
function newestFirst(a: ThreadPosition, b: ThreadPosition): number {
  return b.updatedAt - a.updatedAt || Buffer.compare(Buffer.from(b.threadId), Buffer.from(a.threadId));
}
