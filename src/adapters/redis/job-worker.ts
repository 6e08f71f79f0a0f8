import { setTimeout } from "node:timers/promises";
import { type Job, Worker } from "bullmq";
import { z } from "zod";
import { BackendUnavailableError } from "../../errors.ts";
import { ATTEMPTS, DEFAULT_CONCURRENCY } from "../job-options.ts";
import { backendError } from "./commands.ts";
import { openConnection, type Patience } from "./connection.ts";
import type { RedisJobQueueOptions } from "./job-queue.ts";
import { QUEUE_NAME, QUEUE_PREFIX } from "./keys.ts";
import { parseRecord } from "./record-format.ts";

export interface JobWorker {
  /** Takes no more jobs; resolves when the running handlers are done, whether or not Redis is there. */
  close(): Promise<void>;
}

/** For how long a blocking command waits for a job, in s. */
const BLOCK_S = 5;
/** BullMQ's ways: its commands wait for Redis, and one that may have been carried out may be sent again. */
const PATIENCE: Patience = {
  enableOfflineQueue: true,
  autoResendUnfulfilledCommands: true,
  maxRetriesPerRequest: null,
  // A blocking command is silent for BLOCK_S, or for 10 s when BullMQ waits for a job's next attempt.
  socketTimeout: 20_000,
};
/** For how long close() waits until Redis has taken in what became of the last jobs. */
const SETTLE_MS = 2_000;

const jobData = z.looseObject({ v: z.literal(1), threadId: z.string() });

/** What BullMQ stores of a failure. The error itself stays in this process: its text may hold what Redis must not. */
class HandlerFailedError extends Error {}

/** Opens the worker's two connections (one blocks) and begins to take jobs. */
export function startWorker(
  options: RedisJobQueueOptions & { leaseMs: number },
  handler: (threadId: string) => Promise<void>,
): JobWorker {
  const { address, availability, logger, onError, leaseMs, concurrency = DEFAULT_CONCURRENCY } = options;
  const connection = openConnection(address, "worker", availability, PATIENCE);
  const running = new Set<Promise<void>>();
  let closing = false;

  const process = async (job: Job<unknown>) => {
    // From here on the thread's next job is a new one: this one may have looked at the records already.
    await job.removeDeduplicationKey();
    // It was on its way when the worker was told to close: another attempt, elsewhere.
    if (closing) throw new HandlerFailedError("closing");
    const run = handle(job.data, handler, onError);
    const done = run.catch(() => {}).finally(() => running.delete(done));
    running.add(done);
    await run;
  };

  const worker = new Worker<unknown>(QUEUE_NAME, process, {
    connection: connection.client,
    prefix: QUEUE_PREFIX,
    concurrency,
    autorun: false,
    skipVersionCheck: true,
    drainDelay: BLOCK_S,
    runRetryDelay: 1_000,
    // A job is ours for that long; it is renewed while its handler runs, however long. A worker that dies before it
    // has taken the mark off its job keeps others from enqueueing the thread until somebody finds the job stalled:
    // that takes both times together.
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
      closing = true;
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

async function handle(
  data: unknown,
  handler: (threadId: string) => Promise<void>,
  onError: RedisJobQueueOptions["onError"],
): Promise<void> {
  let threadId = "";
  try {
    ({ threadId } = parseRecord(jobData, data, QUEUE_NAME));
    await handler(threadId);
  } catch (error) {
    onError(error, threadId);
    throw new HandlerFailedError("the handler has failed");
  }
}

/**
 * A lost connection reports for itself. A lost lock (Redis was away, or this process stood still) means that another
 * worker may get the job as well, which does no harm; BullMQ tells both as plain Errors.
 */
function isExpected(error: Error): boolean {
  return error.constructor === Error || backendError(error, []) instanceof BackendUnavailableError;
}
