import { AuraError } from "../../errors.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import { ATTEMPTS, DEFAULT_BACKOFF_MS, DEFAULT_CONCURRENCY, type JobQueueOptions } from "../job-options.ts";
import { createOwnerSlots, NO_CAPS, ownerKeyOf } from "../owner-slots.ts";
import { createEmbeddedReadyList, type ReadyAttempt } from "./ready-list.ts";

type Handler = (threadId: string) => Promise<void>;

/**
 * A job queue in this process's memory. Jobs that have not begun are lost with the process, and with close().
 */
export function createEmbeddedJobQueue({
  onError,
  concurrency = DEFAULT_CONCURRENCY,
  backoffMs = DEFAULT_BACKOFF_MS,
  caps = NO_CAPS,
}: JobQueueOptions): JobQueue {
  const ready = createEmbeddedReadyList();
  const slots = createOwnerSlots(caps);
  const running = new Set<Promise<void>>();
  const pauses = createPauses();
  let handler: Handler | undefined;
  let closed = false;

  const addLater = (thread: ReadyAttempt) =>
    pauses.after(backoffMs * 2 ** (thread.attempt - 2), () => {
      ready.add(thread, "begun");
      startNext();
    });

  const attemptJob = async (handle: Handler, thread: ReadyAttempt) => {
    try {
      await handle(thread.threadId);
    } catch (error) {
      onError(error, thread.threadId);
      const attempt = thread.attempt + 1;
      if (attempt <= ATTEMPTS && !closed) addLater({ ...thread, attempt });
    }
  };

  const startNext = () => {
    while (handler !== undefined && !closed && running.size < concurrency) {
      const handle = handler;
      const next = ready.take(slots.full());
      if (next === null) return;
      slots.take(next);
      // A turn later, so that enqueue() and work() return before any handler runs.
      const job = Promise.resolve()
        .then(() => attemptJob(handle, next))
        .finally(() => {
          running.delete(job);
          slots.give(next);
          startNext();
        });
      running.add(job);
    }
  };

  return {
    async enqueue(thread, urgency) {
      if (closed) throw new AuraError("E5002", { detail: "the job queue is closed" });
      ready.add({ ...ownerKeyOf(thread), threadId: thread.threadId, attempt: 1 }, urgency);
      startNext();
    },
    work(next) {
      if (handler !== undefined) throw new Error("the job queue has a worker already");
      handler = next;
      startNext();
    },
    async close() {
      closed = true;
      pauses.clear();
      await Promise.all(running);
    },
  };
}

/** Timers for what is to be done later; `clear` cancels all of them. */
function createPauses() {
  const pauses = new Set<NodeJS.Timeout>();
  return {
    after(ms: number, done: () => void) {
      const pause = setTimeout(() => {
        pauses.delete(pause);
        done();
      }, ms);
      pauses.add(pause);
    },
    clear() {
      for (const pause of pauses) clearTimeout(pause);
    },
  };
}
