/** What Main Service has been told about a run. */
export interface ReportState {
  phase: "new" | "created" | "started" | "ended";
  /** Main Service's id of the task, once it is known. */
  taskId?: string;
  /** 0-100; -1 before the first. */
  progress: number;
  /** The plan as it was last sent (JSON text). */
  planSteps: string;
  /** Attempts that have failed in a row. */
  failures: number;
}

/** What is still to be reported, and what has been. It lives and goes with the run. */
export interface TaskReports {
  /** Null when nothing was reported yet, or there is no such run (any more). */
  state(runId: string): Promise<ReportState | null>;
  /** Keeps it with the run's record. Does nothing when there is none. */
  save(runId: string, state: ReportState): Promise<void>;
  /**
   * The run has to be looked at, at `at` (Unix ms) at the latest: should this process die, another one does
   * it.
   */
  due(runId: string, at: number): Promise<void>;
  /** Nothing is left to report until something makes the run due again. */
  notDue(runId: string): Promise<void>;
  /**
   * Up to `limit` runs that are due, longest first; they become due again at `nextDue`, so that instances
   * share them.
   */
  take(now: number, nextDue: number, limit: number): Promise<string[]>;
}
