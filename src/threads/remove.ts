import { randomUUID } from "node:crypto";
import { AuraError } from "../errors.ts";
import type { OwnedThread } from "../ports/job-queue.ts";
import type { Owner, ThreadRecord } from "../records/run.ts";
import { ownThread, type ThreadDeps } from "./deps.ts";

/**
 * Deletes everything of a thread: checkpoints, runs, events, approvals, ledger. Should this process die on the way, the sweep's next finder
 * goes on.
 *
 * @param purge deletes a condemned thread whose lease is held
 * @throws AuraError E1004 when the caller has no such thread; E3001 while it executes
 */
export async function removeThread(
  deps: ThreadDeps,
  owner: Owner,
  threadId: string,
  purge: (thread: ThreadRecord, leaseHolder: string) => Promise<void>,
): Promise<void> {
  const { leases, archive, threads } = deps.backend;
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
  { backend, leaseMs }: ThreadDeps,
  thread: OwnedThread,
  holder: string,
): Promise<void> {
  const { threadId } = thread;
  const answer = await backend.leases.release(threadId, holder, leaseMs);
  // Somebody left a note: it is for a worker, and so is the lease.
  if (answer !== "again") return;
  await backend.leases.release(threadId, holder, leaseMs);
  await backend.queue.enqueue(thread, "begun");
}
