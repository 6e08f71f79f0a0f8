import type { Logger } from "pino";
import type { PortsOf } from "../ports/backend.ts";
import type { RunRecord } from "../records/run.ts";
import type { Blame } from "./blame.ts";
import { isAboutContent, MainServiceError } from "./main-service-error.ts";

/** Between attempts, doubling, in ms. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** Longest pause after an answer that was no success, in ms: the next one may be none either. */
const LONGEST_PAUSE_FAILED_MS = 10 * 60_000;
const GIVE_UP_MS = 24 * 60 * 60 * 1000;

interface FailureDeps {
  backend: PortsOf<{ threads: "run"; reports: "state" | "save" | "due" | "notDue" }>;
  logger: Logger;
  /** Unix ms. */
  now: () => number;
  blame: Blame;
  /** After that much failing a report is given up, in ms; a day by default. */
  giveUpMs: number | undefined;
}

/** What becomes of a run's report that has failed: it is tried again later, or given up. */
export function createFailureHandling(deps: FailureDeps): (runId: string, err: unknown) => Promise<void> {
  const { logger, now, blame, giveUpMs = GIVE_UP_MS } = deps;
  const { threads, reports } = deps.backend;

  const isHopeless = (err: unknown, { runId, updatedAt }: RunRecord): boolean => {
    if (err instanceof MainServiceError && err.kind === "refused") return true;
    return (isFailed(err) && blame.failed(runId)) || updatedAt < now() - giveUpMs;
  };

  return async (runId, err) => {
    const run = await threads.run(runId);
    const state = await reports.state(runId);
    const failures = (state?.failures ?? 0) + 1;
    const told = { phase: state?.phase ?? "new", progress: state?.progress ?? -1 } as const;
    const about = { err, fields: refusedFields(err), runId, traceId: run?.traceId };
    if (run === null || isHopeless(err, run)) {
      const { status } = run ?? {};
      logger.error({ ...about, taskId: state?.taskId, ...told, status }, "AgentTask not reported to its end");
      blame.forget(runId);
      // It would fail the same way whatever becomes of the run.
      if (isAboutContent(err) || isFailed(err)) {
        await reports.save(runId, { planSteps: "", ...told, ...state, phase: "ended", failures });
      }
      return reports.notDue(runId);
    }
    if (failures === 1) logger.warn(about, "AgentTask not reported yet; trying again");
    await reports.save(runId, { planSteps: "", ...told, ...state, failures });
    const longest = isFailed(err) ? LONGEST_PAUSE_FAILED_MS : LONGEST_PAUSE_MS;
    await reports.due(runId, now() + Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), longest));
  };
}

function isFailed(error: unknown): boolean {
  return error instanceof MainServiceError && error.kind === "failed";
}

/** The fields that Main Service does not take, when the error names some. */
export function refusedFields(error: unknown): readonly string[] | undefined {
  return error instanceof MainServiceError && error.fields.length > 0 ? error.fields : undefined;
}
