import type { ReportState, TaskReports } from "../../ports/task-reports.ts";

export interface EmbeddedTaskReports extends TaskReports {
  forget(runId: string): void;
}

/** @param hasRun whether there is such a run (still) */
export function createEmbeddedTaskReports(hasRun: (runId: string) => boolean): EmbeddedTaskReports {
  const states = new Map<string, ReportState>();
  const dueAt = new Map<string, number>();
  return {
    state: async (runId) => structuredClone(states.get(runId) ?? null),
    async save(runId, state) {
      if (hasRun(runId)) states.set(runId, structuredClone(state));
    },
    due: async (runId, at) => void dueAt.set(runId, at),
    notDue: async (runId) => void dueAt.delete(runId),
    async take(now, nextDue, limit) {
      const due = [...dueAt].filter(([, at]) => at <= now).sort(([, a], [, b]) => a - b);
      const taken = due.slice(0, limit).map(([runId]) => runId);
      for (const runId of taken) dueAt.set(runId, nextDue);
      return taken;
    },
    forget(runId) {
      states.delete(runId);
      dueAt.delete(runId);
    },
  };
}
