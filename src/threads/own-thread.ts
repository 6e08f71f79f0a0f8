import { AuraError } from "../errors.ts";
import type { Backend, PortsOf } from "../ports/backend.ts";
import { isOwnedBy, type Owner, type RunRecord, type ThreadRecord } from "../records/run.ts";

export type OwnThreadDeps = PortsOf<{ threads: "thread" }> & Pick<Backend, "touch">;

export type RunsOfDeps = PortsOf<{ threads: "runsOf" | "run" }>;

/**
 * The caller's thread. Looking at it prolongs the life of everything of it.
 *
 * @throws AuraError E1004 when there is none, or it is somebody else's
 */
export async function ownThread(deps: OwnThreadDeps, owner: Owner, threadId: string): Promise<ThreadRecord> {
  const thread = await deps.threads.thread(threadId);
  if (thread === null || thread.deletedAt !== undefined || !isOwnedBy(thread, owner)) {
    throw new AuraError("E1004");
  }
  await deps.touch(threadId);
  return thread;
}

/** The thread's runs, oldest first. */
export async function runsOf({ threads }: RunsOfDeps, threadId: string): Promise<RunRecord[]> {
  const runs = await Promise.all((await threads.runsOf(threadId)).map((runId) => threads.run(runId)));
  return runs.filter((run) => run !== null);
}
