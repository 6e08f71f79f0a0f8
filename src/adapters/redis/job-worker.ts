import { setTimeout } from "node:timers/promises";
import { type Job, Worker } from "bullmq";
import { BackendUnavailableError } from "../../errors.ts";
import { ATTEMPTS, DEFAULT_CONCURRENCY, type JobQueueOptions } from "../job-options.ts";
import { backendError } from "./commands.ts";
import { type Connecting, type ConnectionPolicy, openConnection } from "./connection.ts";
import { QUEUE_NAME, QUEUE_PREFIX } from "./keys.ts";
import { ClosingError, createPermits, type JobData } from "./permits.ts";
import type { RedisReadyList } from "./ready-list.ts";

export interface JobWorker {
  /** Takes no more jobs; resolves when the running handlers are done, whether or not Redis is there. */
  close(): Promise<void>;
}

/** For how long a blocking command waits for a job, in s. */
const BLOCK_S = 5;
/** BullMQ's ways: its commands wait for Redis, and one that may have been carried out may be sent again. */
const PATIENCE: ConnectionPolicy = {
  enableOfflineQueue: true,
  autoResendUnfulfilledCommands: true,
  maxRetriesPerRequest: null,
  // A blocking command is silent for BLOCK_S, or for 10 s when BullMQ waits for a job's next attempt.
  socketTimeout: 20_000,
};
/** For how long close() waits until Redis has taken in what became of the last jobs. */
const SETTLE_MS = 2_000;

/**
 * What BullMQ stores of a failure. The error itself stays in this process: its text may hold what Redis must
 * not.
 */
class HandlerFailedError extends Error {}

interface JobWorkerOptions extends JobQueueOptions, Connecting {
  /** For how long a worker that has died may keep its jobs, in ms. */
  leaseMs: number;
  ready: RedisReadyList;
  /** Adds a permit that any process may use, once however often it is asked for. */
  passOn(data: JobData, delayMs: number): Promise<void>;
  handler: (threadId: string) => Promise<void>;
}

/** Opens the worker's two connections (one blocks) and begins to take jobs. */
export function startJobWorker(options: JobWorkerOptions): JobWorker {
  const { address, availability, logger, onError, leaseMs, concurrency = DEFAULT_CONCURRENCY } = options;
  const connection = openConnection(address, "worker", availability, PATIENCE);
  const permits = createPermits(options);
  const running = new Set<Promise<unknown>>();

  const use = async (data: unknown): Promise<JobData | null> => {
    try {
      return await permits.use(data);
    } catch (error) {
      if (!(error instanceof ClosingError)) onError(error, "");
      throw new HandlerFailedError("the job could not begin");
    }
  };

  const process = async (job: Job<unknown>) => {
    // From here on the next such job is a new one: this one may have looked already.
    if (job.deduplicationId !== undefined) await job.removeDeduplicationKey();
    const work = use(job.data);
    const done = work.catch(() => {}).finally(() => running.delete(done));
    running.add(done);
    const again = await work;
    if (again === null) return;
    await job.updateData(again);
    throw new HandlerFailedError("the handler has failed");
  };

  const worker = new Worker<unknown>(QUEUE_NAME, process, {
    connection: connection.client,
    prefix: QUEUE_PREFIX,
    concurrency,
    autorun: false,
    skipVersionCheck: true,
    drainDelay: BLOCK_S,
    runRetryDelay: 1_000,
    // A job is ours for that long; it is renewed while its handler runs, however long. When a worker dies,
    // somebody finds its job stalled after both times together: a permit for somebody else's thread then,
    // because the sweep finds the lost one.
    lockDuration: Math.ceil(leaseMs / 2),
    stalledInterval: Math.ceil(leaseMs / 3),
    // It has nothing to do with how often a run may be taken up: the sweep would make a new job.
    maxStalledCount: ATTEMPTS,
  });
  worker.on("error", (error) => {
    if (!isExpected(error)) logger.error({ err: error }, "the job queue failed");
  });
  const loop = worker.run().catch((err: unknown) => logger.error({ err }, "the worker has stopped"));

  return {
    async close() {
      permits.close();
      await worker.pause(true);
      await Promise.all(running);
      if (connection.client.status === "ready") {
        // Ends the wait for a job, so that the loop can.
        await worker.getBackend().disconnectBlocking(false);
        await Promise.race([loop, setTimeout(SETTLE_MS, undefined, { ref: false })]);
      }
      // By force, because BullMQ's own way waits for Redis; nothing is left to wait for.
      await worker.close(true);
      await connection.close();
    },
  };
}

/**
 * A lost connection reports for itself. A lost lock (Redis was away, or this process stood still) means that
 * another worker may get the job as well, which does no harm; BullMQ tells both as plain Errors.
 */
function isExpected(error: Error): boolean {
  return error.constructor === Error || backendError(error, []) instanceof BackendUnavailableError;
}
