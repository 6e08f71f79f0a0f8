import { type Agent, type AgentGraph, graphThread, hasBegun } from "../ports/agent-graph.ts";
import type { PortsOf } from "../ports/backend.ts";
import type { RunRecord } from "../records/run.ts";

export interface ForgetDeps {
  agent: Pick<Agent, "forget">;
  /** The lease under which the thread is worked on. */
  leaseHolder?: string;
}

export type ClearAfterDeps = ForgetDeps &
  PortsOf<{ threads: "runsOf" }> & { agent: { graph: Pick<AgentGraph, "getState"> } };

/**
 * Empties the thread before its first run begins. A thread's records and its checkpoints are not always gone
 * at the same moment, and whoever is first to use an id again must not be shown what somebody else has said
 * under it.
 *
 * @param runs the thread's run ids, oldest first
 */
export async function clearForFirstRun(
  deps: ForgetDeps,
  run: RunRecord,
  runs: readonly string[],
): Promise<void> {
  if (isFirst(run, runs)) await deps.agent.forget(graphThread(run, deps.leaseHolder));
}

/** The same when the first run is over before it has begun: no other run will count as the first. */
export async function clearAfterFirstRun(deps: ClearAfterDeps, run: RunRecord): Promise<void> {
  if (!isFirst(run, await deps.threads.runsOf(run.threadId))) return;
  const thread = graphThread(run, deps.leaseHolder);
  if (!hasBegun(await deps.agent.graph.getState(thread), run)) await deps.agent.forget(thread);
}

/** A run that continues from a checkpoint has it put there beforehand: that must stay. */
function isFirst(run: RunRecord, runs: readonly string[]): boolean {
  return runs[0] === run.runId && run.continuesFrom === undefined;
}
