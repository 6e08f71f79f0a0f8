import type { Logger } from "pino";
import type { RunRecord } from "../records/run.ts";
import { isTerminal } from "../records/run.ts";
import { type Blame, createBlame } from "./blame.ts";
import type { MainService } from "./main-service.ts";
import { type Habits, withReducedCalls } from "./reduced-call.ts";
import { type ReportDeps, reportRun } from "./report.ts";
import { createFailureHandling, refusedFields } from "./report-failure.ts";

interface ReporterDeps extends ReportDeps {
  logger: Logger;
  /** Unix ms. */
  now: () => number;
}

interface ReporterOptions {
  /** How often reports that are due are looked for, in ms. */
  everyMs: number;
  /** After that much failing a report is given up, in ms. */
  giveUpMs?: number;
}

/** Reports runs as AgentTasks. Nobody waits for it, and nothing fails because of it. */
export interface Reporter {
  /**
   * Something about the run has changed. Returns at once; what comes while a report is on its way is told
   * with the next.
   */
  changed(runId: string): void;
  /** Tells what can be told at once, and leaves the rest to other instances. */
  close(): Promise<void>;
}

/** A run that is being worked on is looked at again after this time, should its process have died, in ms. */
const PATIENCE_MS = 30_000;
const BATCH = 50;

export function startReporter(deps: ReporterDeps, options: ReporterOptions): Reporter {
  const { backend, logger, now } = deps;
  const { reports } = backend;
  const blame = createBlame();
  const fail = createFailureHandling({ backend, logger, now, blame, giveUpMs: options.giveUpMs });
  const mainFor = createMainForRuns(deps, blame);
  /** Runs whose report is on its way; true when there is more to tell already. */
  const busy = new Map<string, boolean>();
  const working = new Set<Promise<void>>();
  let closed = false;

  const onUntold = ({ runId }: RunRecord, err: unknown) =>
    logger.warn({ err, fields: refusedFields(err), runId }, "AgentTask: some progress is not reported");

  const report = async (runId: string): Promise<void> => {
    do {
      busy.set(runId, false);
      // First: whoever comes after a crash has to find it.
      await reports.due(runId, now() + PATIENCE_MS);
      const run = await reportRun({ ...deps, main: mainFor(runId), onUntold }, runId);
      // What waits for a person needs nobody: its run is due again when it goes on.
      if (run === null || isTerminal(run.status) || run.status === "waiting") await reports.notDue(runId);
    } while (busy.get(runId) === true);
  };

  const start = (runId: string): void => {
    if (closed) return;
    if (busy.has(runId)) return void busy.set(runId, true);
    busy.set(runId, true);
    const work = report(runId)
      .catch((error: unknown) => fail(runId, error))
      .catch((err: unknown) => logger.warn({ err, runId }, "AgentTask reports are not kept now"))
      .finally(() => {
        busy.delete(runId);
        working.delete(work);
      });
    working.add(work);
  };

  const sweep = async (): Promise<void> => {
    try {
      for (const runId of await reports.take(now(), now() + PATIENCE_MS, BATCH)) start(runId);
    } catch (err) {
      logger.warn({ err }, "looking for AgentTask reports failed; the next look tries again");
    }
  };
  let sweeping: Promise<void> = sweep();
  const timer = setInterval(() => {
    sweeping = sweeping.then(sweep);
  }, options.everyMs);

  return {
    changed: start,
    async close() {
      closed = true;
      clearInterval(timer);
      await sweeping;
      await Promise.all(working);
    },
  };
}

/** Main Service, as one run's report meets it. */
function createMainForRuns({ main, logger }: ReporterDeps, blame: Blame): (runId: string) => MainService {
  const habits: Habits = new Map();
  return (runId) => {
    const reduced = withReducedCalls(main, habits, ({ fields, err }) =>
      logger.warn(
        { err, fields, runId },
        "AgentTask reported without fields that Main Service does not take",
      ),
    );
    return async (caller, call) => {
      const data = await reduced(caller, call);
      blame.through(runId);
      return data;
    };
  };
}
