import { randomUUID } from "node:crypto";
import { AuraError } from "../errors.ts";
import type { PortsOf } from "../ports/backend.ts";
import type { OwnedThread } from "../ports/job-queue.ts";
import type { Owner, ThreadRecord } from "../records/run.ts";
import { type OwnThreadDeps, ownThread } from "./own-thread.ts";

interface ReleaseDeps extends PortsOf<{ leases: "release"; queue: "enqueue" }> {
  /** How long a thread that is being deleted keeps others away, in ms. */
  leaseMs: number;
}

export type RemoveDeps = OwnThreadDeps &
  ReleaseDeps &
  PortsOf<{ leases: "acquire"; archive: "condemn" }> & {
    /** Unix ms. */
    now: () => number;
  };

/**
 * Deletes everything of a thread: checkpoints, runs, events, approvals, ledger. Should this process die on
 * the way, whoever finds the thread with the next sweep goes on.
 *
 * @param purge deletes a condemned thread whose lease is held
 * @throws AuraError E1004 when the caller has no such thread; E3001 while it executes
 */
export async function removeThread(
  deps: RemoveDeps,
  owner: Owner,
  threadId: string,
  purge: (thread: ThreadRecord, leaseHolder: string) => Promise<void>,
): Promise<void> {
  const { leases, archive, threads } = deps;
  await ownThread(deps, owner, threadId);
  const holder = `delete-${randomUUID()}`;
  if (!(await leases.acquire(threadId, holder, deps.leaseMs))) throw new AuraError("E3001");
  try {
    const condemned = await archive.condemn(threadId, owner, deps.now());
    if (condemned === "gone") throw new AuraError("E1004");
    if (condemned === "busy") throw new AuraError("E3001");
    // Read now that nothing can begin on it: until it was condemned another run may have.
    const thread = await threads.thread(threadId);
    if (thread === null) throw new AuraError("E1004");
    await purge(thread, holder);
  } finally {
    await giveBack(deps, { ...owner, threadId }, holder);
  }
}

async function giveBack(
  { leases, queue, leaseMs }: ReleaseDeps,
  thread: OwnedThread,
  holder: string,
): Promise<void> {
  const { threadId } = thread;
  const answer = await leases.release(threadId, holder, leaseMs);
  // Somebody has asked for work on the thread meanwhile: a worker has to do it, and needs the lease.
  if (answer !== "again") return;
  await leases.release(threadId, holder, leaseMs);
  await queue.enqueue(thread, "begun");
}
