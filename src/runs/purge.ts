import type { Agent } from "../ports/agent-graph.ts";
import type { PortsOf } from "../ports/backend.ts";
import { isTerminal, type ThreadRecord } from "../records/run.ts";
import { type WindUpDeps, windUp } from "./wind-up.ts";

export type PurgeDeps = WindUpDeps &
  PortsOf<{ threads: "run" | "transition"; archive: "remove" }> & { agent: Pick<Agent, "forget"> };

/**
 * Deletes a condemned thread, whoever has its lease. A run that waits is ended first: nobody may approve it
 * any more, and its readers get their `[DONE]`. Then go the checkpoints, and the records last, because a
 * thread id without a record may be claimed by anybody.
 */
export async function purgeThread(deps: PurgeDeps, thread: ThreadRecord): Promise<void> {
  const { threads, archive } = deps;
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
