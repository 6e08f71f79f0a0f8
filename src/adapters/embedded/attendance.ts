import type { Attendance, RunPatch } from "../../ports/thread-registry.ts";
import type { RunRecord } from "../../records/run.ts";

/**
 * The run after a transition: who begins to work on it is the last of its workers, and any stop empties them.
 */
export function withTransition(run: RunRecord, worker: RunPatch["worker"]): RunRecord {
  if (run.status !== "running") return withWorkers(run, []);
  if (worker === undefined) return run;
  const moved = withWorkers(run, [...others(run, worker.id), worker.id]);
  return worker.alone ? { ...moved, alone: worker.id } : moved;
}

/** ThreadRegistry.attend */
export function withAttendance(run: RunRecord, worker: string, what: Attendance): RunRecord {
  const { workers = [], alone } = run;
  const kept = alone === undefined || alone === worker ? {} : { alone };
  if (what === "begins") {
    return {
      ...withWorkers(run, [...others(run, worker), worker]),
      ...(alone === undefined ? {} : { alone }),
    };
  }
  if (!workers.includes(worker)) return run;
  if (what === "progressed") return workers.at(-1) === worker ? withWorkers(run, []) : run;
  return { ...withWorkers(run, what === "left" ? others(run, worker) : workers), ...kept };
}

function others({ workers = [] }: RunRecord, worker: string): string[] {
  return workers.filter((one) => one !== worker);
}

/** The run with these workers, and without `alone`. */
function withWorkers({ workers: _, alone: __, ...run }: RunRecord, workers: string[]): RunRecord {
  return workers.length === 0 ? run : { ...run, workers };
}
