import type { DueRun } from "../../ports/thread-registry.ts";
import type { RunRecord } from "../../records/run.ts";

export interface DueRuns {
  /**
   * As `add`, but never leaves the time as it was: whoever has read that time, and is about to call `remove`
   * with it, must not take the run out.
   */
  renew(runId: string, at: number): void;
  add(runId: string, at: number): void;
  at(runId: string): number | null;
  /** With `since`, only if it is due at that time. */
  remove(runId: string, since?: number): void;
  take(now: number, nextDue: number, limit: number): DueRun[];
}

/**
 * Runs that ought to be moving, by when (Unix ms).
 *
 * @param find null when there is no such run (any more)
 * @param leaseLeft how long the thread's lease has left, in ms; 0 when nobody works on it
 */
export function createEmbeddedDueRuns(
  find: (runId: string) => RunRecord | null,
  leaseLeft: (threadId: string) => number,
): DueRuns {
  const due = new Map<string, number>();
  return {
    add: (runId, at) => void due.set(runId, at),
    renew: (runId, at) => void due.set(runId, due.get(runId) === at ? at + 1 : at),
    at: (runId) => due.get(runId) ?? null,
    remove(runId, since) {
      if (since === undefined || due.get(runId) === since) due.delete(runId);
    },
    take(now, nextDue, limit) {
      if (nextDue <= now) throw new RangeError("due runs can only be put off to later than now");
      const taken: DueRun[] = [];
      const ready = [...due].filter(([, at]) => at <= now).sort(([, a], [, b]) => a - b);
      for (const [runId] of ready) {
        if (taken.length === limit) break;
        const run = find(runId);
        if (run === null) due.delete(runId);
        else {
          const { threadId, tenantId, userId, status } = run;
          const left = leaseLeft(threadId);
          if (left === 0) taken.push({ runId, threadId, tenantId, userId, begun: status !== "queued" });
          due.set(runId, left === 0 ? nextDue : Math.min(nextDue, now + Math.ceil(left)));
        }
      }
      return taken;
    },
  };
}
