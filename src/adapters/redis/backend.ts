import { BackendUnavailableError } from "../../errors.ts";
import type { Backend } from "../../ports/backend.ts";
import type { BackendLogger } from "../backend-logger.ts";
import { reportTo, type WorkOptions } from "../job-options.ts";
import { DEFAULT_THREAD_TTL_MS } from "../retention.ts";
import { createRedisApprovalStore } from "./approval-store.ts";
import { createAvailability } from "./availability.ts";
import { createRedisCallExamination } from "./call-examination.ts";
import { createCommands, isRedisOutage, type RedisCommands } from "./commands.ts";
import { openConnection, type RedisAddress, type RedisConnection } from "./connection.ts";
import { createRedisEffectLedger } from "./effect-ledger.ts";
import { createRedisEventBus } from "./event-bus.ts";
import { createRedisEventLog } from "./event-log.ts";
import { createRedisJobQueue } from "./job-queue.ts";
import { PROBE_KEY } from "./keys.ts";
import { createRedisKnowledgeQueue } from "./knowledge-queue.ts";
import { createRedisRunControl } from "./run-control.ts";
import { createRedisSignalBus } from "./signal-bus.ts";
import { createSubscriber } from "./subscriber.ts";
import { createRedisTaskReports } from "./task-reports.ts";
import { createRedisThreadArchive } from "./thread-archive.ts";
import { createRedisThreadLeases } from "./thread-lease.ts";
import { createRedisThreadRegistry } from "./thread-registry.ts";
import { createRedisToolBoard } from "./tool-board.ts";
import { createTouch } from "./touch.ts";

export interface RedisBackendOptions extends RedisAddress, WorkOptions {
  logger: BackendLogger;
  /** How long everything of a thread is kept after its last use, in ms. */
  threadTtlMs?: number;
  /** For how long a worker that has died may keep its jobs, in ms. */
  leaseMs?: number;
}

const PING_TIMEOUT_MS = 2_000;

/** A Backend, and how its Redis is reached: the checkpoint saver shares the connection. */
export interface RedisBackend extends Backend {
  readonly connection: RedisConnection;
  readonly redis: RedisCommands;
}

/**
 * Everything in one Redis (plain, no modules), over three connections: for commands, for subscriptions, for
 * adding jobs; a process that works on jobs opens two more, one that indexes events another. Returns at once;
 * until Redis answers, ping() tells.
 */
export function createRedisBackend(options: RedisBackendOptions): RedisBackend {
  const { logger, threadTtlMs = DEFAULT_THREAD_TTL_MS, host, port, password } = options;
  const address = { host, port, password };
  const availability = createAvailability(logger);
  const connection = openConnection(address, "commands", availability);
  const redis = createCommands(connection);
  const subscriber = createSubscriber(openConnection(address, "subscriber", availability), logger);
  const queue = createRedisJobQueue({
    ...options,
    address,
    availability,
    onError: reportTo(logger),
  });
  const knowledge = createRedisKnowledgeQueue({ address, availability, redis, logger });
  return {
    name: "redis",
    connection,
    redis,
    queue,
    examination: createRedisCallExamination(redis, subscriber, logger),
    knowledge,
    events: createRedisEventBus(subscriber),
    eventLog: createRedisEventLog(redis, subscriber, threadTtlMs),
    threads: createRedisThreadRegistry(redis, subscriber, threadTtlMs),
    leases: createRedisThreadLeases(redis),
    approvals: createRedisApprovalStore(redis),
    ledger: createRedisEffectLedger(redis),
    archive: createRedisThreadArchive(redis, threadTtlMs),
    reports: createRedisTaskReports(redis),
    signals: createRedisSignalBus(subscriber),
    control: createRedisRunControl(redis, subscriber),
    board: createRedisToolBoard(redis),
    touch: createTouch(redis, threadTtlMs),
    // All: a process that cannot write, hear signals, wake its readers or hand over work is not ready.
    ping: () => inTime(Promise.all([probe(redis), subscriber.ping(), queue.ping()])),
    isOutage: isRedisOutage,
    async close() {
      // Its handlers may still need the rest.
      await Promise.all([queue.close(), knowledge.close()]);
      await Promise.all([subscriber.close(), connection.close()]);
    },
  };
}

/** A write: a Redis that is full, or a replica, answers every PING. */
async function probe(redis: RedisCommands): Promise<void> {
  await redis.command("SET", [PROBE_KEY, 1, "PX", 1_000]);
}

async function inTime(answers: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const error = new BackendUnavailableError(new Error(`no answer within ${PING_TIMEOUT_MS} ms`));
    timer = setTimeout(() => reject(error), PING_TIMEOUT_MS);
  });
  try {
    await Promise.race([answers, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
