import type { Owner } from "../records/run.ts";

/** A thread, and whose it is. */
export interface OwnedThread extends Owner {
  threadId: string;
}

/**
 * What is to be done on a thread: `new` is a prompt that nobody has begun; `begun` is everything else (a
 * decision, a cancel, what a crash has left) and comes before the same user's new prompts.
 */
export type Urgency = "new" | "begun";

/**
 * Tells workers that a thread needs attention. A job carries no instruction: the worker looks at the thread's
 * records and does what is next, so a job that comes twice, late or at the wrong worker does no harm, and one
 * that is lost is made again by the sweep.
 *
 * Whose thread is next: the tenants take turns, within a tenant its users do, and a user's own threads keep
 * their order. Nobody has more handlers at a time in one process than the caps say; who has as many is passed
 * over, and keeps its place.
 */
export interface JobQueue {
  /**
   * Durable on return where the backend is. A thread that waits already keeps its place, or goes before the
   * user's new prompts.
   */
  enqueue(thread: OwnedThread, urgency: Urgency): Promise<void>;
  /**
   * Sets this process's worker. Up to its concurrency handlers run side by side, also two for one thread (the
   * lease sorts that out). A rejected handler is tried again with backoff a few times, and is reported.
   */
  work(handler: (threadId: string) => Promise<void>): void;
  /**
   * Takes no more jobs and resolves when the running handlers are done. Jobs not begun stay queued where the
   * queue is durable.
   */
  close(): Promise<void>;
}
