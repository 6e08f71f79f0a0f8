import { Queue } from "bullmq";
import { AuraError } from "../../errors.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import { ATTEMPTS, DEFAULT_BACKOFF_MS, type JobQueueOptions } from "../job-options.ts";
import { ownerKeyOf } from "../owner-slots.ts";
import { backendError, createCommands } from "./commands.ts";
import { type Connecting, openConnection } from "./connection.ts";
import { type JobWorker, startJobWorker } from "./job-worker.ts";
import { QUEUE_NAME, QUEUE_PREFIX } from "./keys.ts";
import type { JobData } from "./permits.ts";
import { createRedisReadyList } from "./ready-list.ts";

interface RedisJobQueueOptions extends JobQueueOptions, Connecting {
  /** For how long a worker that has died may keep its jobs, in ms. */
  leaseMs?: number;
}

const DEFAULT_LEASE_MS = 30_000;

interface RedisJobQueue extends JobQueue {
  /** Resolves when Redis answers on the connection that enqueues. */
  ping(): Promise<void>;
}

/**
 * BullMQ, whose jobs are permits to work on whichever thread is next (permits.ts), and the list of the
 * threads that wait. The connection that enqueues rejects at once while Redis is away; the worker's own ones,
 * which exist only in a process that works, wait for it.
 */
export function createRedisJobQueue(options: RedisJobQueueOptions): RedisJobQueue {
  const { address, availability, backoffMs = DEFAULT_BACKOFF_MS, leaseMs = DEFAULT_LEASE_MS } = options;
  const connection = openConnection(address, "queue", availability);
  const queue = new Queue(QUEUE_NAME, {
    connection: connection.client,
    prefix: QUEUE_PREFIX,
    // Redis may be away now, and its answer to INFO may not be what decides whether jobs can be added later.
    skipWaitingForReady: true,
    skipVersionCheck: true,
    defaultJobOptions: {
      attempts: ATTEMPTS,
      backoff: { type: "exponential", delay: backoffMs },
      removeOnComplete: true,
      removeOnFail: true,
      stackTraceLimit: 0,
    },
  });
  // The connection reports for itself, and `add` rejects.
  queue.on("error", () => {});
  const ready = createRedisReadyList(createCommands(connection));
  let worker: JobWorker | undefined;
  let closed = false;

  /** @param once its name, when one such job is enough until a worker begins it */
  const addJob = async (data: JobData, delay: number, once?: string) => {
    try {
      await queue.add("thread", data, {
        delay,
        ...(once === undefined ? {} : { deduplication: { id: once } }),
      });
    } catch (error) {
      throw backendError(error, [QUEUE_NAME]);
    }
  };
  /** With permits left the workers are busy, and come to every thread; without, one may have been lost. */
  const addLostPermit = async (threadId: string) => {
    if ((await queue.getWaitingCount()) > 0) return;
    await addJob({ v: 1, threadId, permit: "again" }, 0, `again:${threadId}`);
  };

  return {
    async ping() {
      await connection.opened;
      try {
        await connection.client.ping();
      } catch (error) {
        throw backendError(error, [QUEUE_NAME]);
      }
    },
    async enqueue(thread, urgency) {
      if (closed) throw new AuraError("E5002", { detail: "the job queue is closed" });
      const { threadId } = thread;
      if (await ready.add({ threadId, ...ownerKeyOf(thread) }, urgency)) {
        await addJob({ v: 1, threadId, permit: "own" }, 0);
      } else await addLostPermit(threadId);
    },
    work(handler) {
      if (worker !== undefined) throw new Error("the job queue has a worker already");
      if (closed) throw new Error("the job queue is closed");
      const passOn = (data: JobData, delayMs: number) => addJob(data, delayMs, "passed on");
      worker = startJobWorker({ ...options, leaseMs, ready, passOn, handler });
    },
    async close() {
      closed = true;
      await worker?.close();
      await queue.close();
      await connection.close();
    },
  };
}
