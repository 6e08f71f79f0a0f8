import { isTerminal, type ThreadRecord } from "../records/run.ts";
import type { WindUpDeps } from "./deps.ts";
import { windUp } from "./wind-up.ts";

/**
 * Deletes a condemned thread, whoever has its lease: ends what waits (nobody may approve it any more, and its readers get their `[DONE]`), then
 * checkpoints, then records - in that order, because a thread id without a record may be claimed by anybody.
 */
export async function purgeThread(deps: WindUpDeps, thread: ThreadRecord): Promise<void> {
  const { threads, archive } = deps.backend;
  const run = await threads.run(thread.currentRunId);
  if (run?.status === "waiting") {
    const cancelled = await threads.transition(run.runId, ["waiting"], "cancelled", deps.now());
    if (cancelled !== null) await windUp(deps, cancelled, "cancelled");
  } else if (run !== null && isTerminal(run.status)) await windUp(deps, run, "cancelled");
  const { threadId: thread_id, tenantId, userId, currentRunId: runId } = thread;
  await deps.agent.forget({
    configurable: { thread_id, tenantId, userId, runId, leaseHolder: deps.leaseHolder },
  });
  await archive.remove(thread);
  deps.logger.info({ threadId: thread.threadId }, "thread deleted");
}
