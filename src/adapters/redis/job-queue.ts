import { Queue } from "bullmq";
import { AuraError } from "../../errors.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import { ATTEMPTS, DEFAULT_BACKOFF_MS, type JobQueueOptions } from "../job-options.ts";
import type { Availability, BackendLogger } from "./availability.ts";
import { backendError } from "./commands.ts";
import { openConnection, type RedisAddress } from "./connection.ts";
import { type JobWorker, startWorker } from "./job-worker.ts";
import { QUEUE_NAME, QUEUE_PREFIX } from "./keys.ts";

export interface RedisJobQueueOptions extends JobQueueOptions {
  address: RedisAddress;
  availability: Availability;
  logger: BackendLogger;
  /** For how long a worker that has died may keep its jobs, in ms. */
  leaseMs?: number;
}

const DEFAULT_LEASE_MS = 30_000;

export interface RedisJobQueue extends JobQueue {
  /** Resolves when Redis answers on the connection that enqueues. */
  ping(): Promise<void>;
}

/**
 * BullMQ. The connection that enqueues rejects at once while Redis is away; the worker's own ones, which exist only
 * in a process that works, wait for it.
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
  let worker: JobWorker | undefined;
  let closed = false;

  return {
    async ping() {
      await connection.opened;
      try {
        await connection.client.ping();
      } catch (error) {
        throw backendError(error, [QUEUE_NAME]);
      }
    },
    async enqueue(threadId) {
      if (closed) throw new AuraError("E5002", { detail: "the job queue is closed" });
      await connection.opened;
      try {
        // The same as a job that nobody has begun: job-worker.ts takes the mark away when it begins.
        await queue.add("thread", { v: 1, threadId }, { deduplication: { id: threadId } });
      } catch (error) {
        throw backendError(error, [QUEUE_NAME]);
      }
    },
    work(handler) {
      if (worker !== undefined) throw new Error("the job queue has a worker already");
      if (closed) throw new Error("the job queue is closed");
      worker = startWorker({ ...options, leaseMs }, handler);
    },
    async close() {
      closed = true;
      await worker?.close();
      await queue.close();
      await connection.close();
    },
  };
}
