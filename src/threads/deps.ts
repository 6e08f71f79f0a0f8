import type { Logger } from "pino";
import { AuraError } from "../errors.ts";
import type { Backend } from "../ports/backend.ts";
import type { ThreadGraph } from "../ports/thread-graph.ts";
import type { OwnerCaps } from "../records/owner-caps.ts";
import { isOwnedBy, type Owner, type RunRecord, type ThreadRecord } from "../records/run.ts";

/** What working with saved threads needs. */
export interface ThreadDeps {
  backend: Pick<Backend, "threads" | "approvals" | "eventLog" | "archive" | "leases" | "queue" | "touch">;
  /** Rejects while the backend does not answer. */
  graph: () => Promise<ThreadGraph>;
  logger: Logger;
  /** Unix ms. */
  now: () => number;
  /** How many runs may be queued. */
  queuedCaps: OwnerCaps;
  /** How long a thread that is being deleted keeps others away, in ms. */
  leaseMs: number;
}

/**
 * The caller's thread, which looking at keeps alive as a whole.
 *
 * @throws AuraError E1004 when there is none, or it is somebody else's
 */
export async function ownThread(deps: ThreadDeps, owner: Owner, threadId: string): Promise<ThreadRecord> {
  const thread = await deps.backend.threads.thread(threadId);
  if (thread === null || thread.deletedAt !== undefined || !isOwnedBy(thread, owner)) {
    throw new AuraError("E1004");
  }
  await deps.backend.touch(threadId);
  return thread;
}

/** The thread's runs, oldest first. */
export async function runsOf(deps: ThreadDeps, threadId: string): Promise<RunRecord[]> {
  const { threads } = deps.backend;
  const runs = await Promise.all((await threads.runsOf(threadId)).map((runId) => threads.run(runId)));
  return runs.filter((run) => run !== null);
}
