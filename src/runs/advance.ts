import type { PortsOf } from "../ports/backend.ts";
import { isTerminal, type RunRecord } from "../records/run.ts";
import { inRun } from "./current-run.ts";
import { type ExecuteDeps, recover, resume, start } from "./execute.ts";
import type { StopSignals } from "./execution.ts";
import type { Holding } from "./holding.ts";
import { type PurgeDeps, purgeThread } from "./purge.ts";
import { type AnnounceWaitingDeps, announceWaiting } from "./suspend.ts";
import { windUp } from "./wind-up.ts";

type StepDeps = ExecuteDeps &
  AnnounceWaitingDeps &
  PurgeDeps &
  PortsOf<{ threads: "thread" | "run" | "dueAt"; approvals: "unfinished" }>;

/** What all steps together use. The lease is taken by `advance` itself. */
export type AdvanceDeps = Omit<StepDeps, "leaseHolder">;

/**
 * Does what is next on a thread, until nothing is. The thread's records alone say what that is, so calling it
 * too often does no harm, and whoever calls it first after a crash goes on where the crash was. Nobody else
 * works on the thread meanwhile: they leave a note, and it is looked at again.
 */
export async function advance(
  deps: AdvanceDeps,
  holding: Holding,
  stop: { shutdown: AbortSignal; cancellations: StopSignals["cancellations"] },
  threadId: string,
): Promise<void> {
  const hold = await holding.take(threadId);
  if (hold === null) return;
  const abandon = AbortSignal.any([hold.lost, stop.shutdown]);
  try {
    do
      await step({ ...deps, leaseHolder: hold.holder }, threadId, {
        abandon,
        cancellations: stop.cancellations,
      });
    while (!(await hold.release()));
  } catch (error) {
    // So that whoever tries next need not wait until the lease expires. With the backend away it does expire.
    await hold.release().catch(() => {});
    throw error;
  } finally {
    hold.drop();
  }
}

async function step(deps: StepDeps, threadId: string, stop: StopSignals): Promise<void> {
  const { threads } = deps;
  const thread = await threads.thread(threadId);
  if (thread === null) return;
  if (thread.deletedAt !== undefined) return purgeThread(deps, thread);
  const run = await threads.run(thread.currentRunId);
  if (run !== null) await inRun(run, () => stepOf(deps, run, stop));
}

async function stepOf(deps: StepDeps, run: RunRecord, stop: StopSignals): Promise<void> {
  const { threads, approvals } = deps;
  switch (run.status) {
    case "queued":
      return start(deps, run, stop);
    case "running":
      return recover(deps, run, stop);
    case "waiting": {
      // The time is read first: what happens after that makes the run due at another time, which shows it.
      const [since, ofThread] = await Promise.all([
        threads.dueAt(run.runId),
        approvals.unfinished(run.threadId),
      ]);
      const unfinished = ofThread.filter(({ runId }) => runId === run.runId);
      const decided = unfinished.filter(({ status }) => status !== "pending");
      if (decided.length > 0) return resume(deps, run, decided, stop);
      return announceWaiting(deps, run, unfinished, since);
    }
    default:
      if (isTerminal(run.status)) await windUp(deps, run, "cancelled");
  }
}
