/**
 * Tells workers that a thread needs attention. A job carries no instruction: the worker looks at the thread's records
 * and does what is next, so a job that comes twice, late or at the wrong worker does no harm, and one that is lost is
 * made again by the sweep.
 */
export interface JobQueue {
  /** Durable on return where the backend is. */
  enqueue(threadId: string): Promise<void>;
  /**
   * Sets this process's worker. Up to its concurrency handlers run side by side, also two for one thread (the
   * lease sorts that out). A rejected handler is tried again with backoff a few times, and is reported.
   */
  work(handler: (threadId: string) => Promise<void>): void;
  /** Takes no more jobs and resolves when the running handlers are done. Jobs not begun stay queued where the queue is durable. */
  close(): Promise<void>;
}
