import { AuraError } from "../../errors.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import { ATTEMPTS, DEFAULT_BACKOFF_MS, DEFAULT_CONCURRENCY, type JobQueueOptions } from "../job-options.ts";

type Handler = (threadId: string) => Promise<void>;

/** A job queue in this process's memory. Jobs that have not begun are lost with the process, and with close(). */
export function createEmbeddedJobQueue({
  onError,
  concurrency = DEFAULT_CONCURRENCY,
  backoffMs = DEFAULT_BACKOFF_MS,
}: JobQueueOptions): JobQueue {
  /** Which attempt comes next, by thread, longest waiting first. One job per thread is enough until it begins. */
  const waiting = new Map<string, number>();
  const running = new Set<Promise<void>>();
  const pauses = new Set<NodeJS.Timeout>();
  let handler: Handler | undefined;
  let closed = false;

  const add = (threadId: string, attempt: number) => {
    if (!waiting.has(threadId)) waiting.set(threadId, attempt);
    startNext();
  };

  const addLater = (threadId: string, attempt: number) => {
    const pause = setTimeout(
      () => {
        pauses.delete(pause);
        add(threadId, attempt);
      },
      backoffMs * 2 ** (attempt - 2),
    );
    pauses.add(pause);
  };

  const attemptJob = async (handle: Handler, threadId: string, attempt: number) => {
    try {
      await handle(threadId);
    } catch (error) {
      onError(error, threadId);
      if (attempt < ATTEMPTS && !closed) addLater(threadId, attempt + 1);
    }
  };

  const startNext = () => {
    for (const [threadId, attempt] of waiting) {
      if (handler === undefined || closed || running.size >= concurrency) return;
      const handle = handler;
      waiting.delete(threadId);
      // A turn later, so that enqueue() and work() return before any handler runs.
      const job = Promise.resolve()
        .then(() => attemptJob(handle, threadId, attempt))
        .finally(() => {
          running.delete(job);
          startNext();
        });
      running.add(job);
    }
  };

  return {
    async enqueue(threadId) {
      if (closed) throw new AuraError("E5002", { detail: "the job queue is closed" });
      add(threadId, 1);
    },
    work(next) {
      if (handler !== undefined) throw new Error("the job queue has a worker already");
      handler = next;
      startNext();
    },
    async close() {
      closed = true;
      for (const pause of pauses) clearTimeout(pause);
      await Promise.all(running);
    },
  };
}
