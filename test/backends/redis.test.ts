import { afterAll, beforeAll } from "vitest";
import type { JobQueueOptions } from "../../src/adapters/job-options.ts";
import { createAvailability } from "../../src/adapters/redis/availability.ts";
import { createRedisBackend } from "../../src/adapters/redis/backend.ts";
import { createCommands } from "../../src/adapters/redis/commands.ts";
import { openConnection } from "../../src/adapters/redis/connection.ts";
import { createRedisJobQueue } from "../../src/adapters/redis/job-queue.ts";
import { createRedisKnowledgeQueue } from "../../src/adapters/redis/knowledge-queue.ts";
import type { JobQueue } from "../../src/ports/job-queue.ts";
import { pendingApprovalsContract } from "../contracts/approval-pending.ts";
import { publishedApprovalsContract } from "../contracts/approval-published.ts";
import { replaceContract } from "../contracts/approval-replace.ts";
import { approvalStoreContract } from "../contracts/approval-store.ts";
import { strangeRequestsContract } from "../contracts/approval-strange-requests.ts";
import { supersedeContract } from "../contracts/approval-supersede.ts";
import { callExaminationContract } from "../contracts/call-examination.ts";
import { dueRunsContract } from "../contracts/due-runs.ts";
import { effectLedgerContract } from "../contracts/effect-ledger.ts";
import { eventLogContract } from "../contracts/event-log.ts";
import { fairJobsContract } from "../contracts/fair-jobs.ts";
import type { Harness } from "../contracts/harness.ts";
import { idempotencyContract } from "../contracts/idempotency.ts";
import { jobQueueContract } from "../contracts/job-queue.ts";
import { knowledgeQueueContract } from "../contracts/knowledge-queue.ts";
import { queuedRunsContract } from "../contracts/queued-runs.ts";
import { runControlContract } from "../contracts/run-control.ts";
import { runWorkersContract } from "../contracts/run-workers.ts";
import { signalBusContract } from "../contracts/signal-bus.ts";
import { taskReportsContract } from "../contracts/task-reports.ts";
import { threadArchiveContract } from "../contracts/thread-archive.ts";
import { threadLeaseContract } from "../contracts/thread-lease.ts";
import { threadRegistryContract } from "../contracts/thread-registry.ts";
import { toolBoardContract } from "../contracts/tool-board.ts";
import { startRedis, type TestRedis } from "../helpers/redis.ts";
import { recordingLogger } from "./recording-logger.ts";

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

async function makeHarness(): Promise<Harness> {
  const logger = recordingLogger();
  const make = () => createRedisBackend({ host: redis.host, port: redis.port, password: undefined, logger });
  const client = redis.client();
  await client.flushall();
  const backends = [make(), make()] as const;
  return {
    backends,
    publish: async (channel, message) => void (await client.publish(channel, message)),
    getKey: (key) => client.get(key),
    replaceKey: async (key, value) => void (await client.set(key, value, "KEEPTTL")),
    deleteKey: async (key) => void (await client.del(key)),
    expireLease: async (threadId) => void (await client.pexpire(`aura:lease:${threadId}`, 0)),
    close: async () => {
      await Promise.all(backends.map((backend) => backend.close()));
      client.disconnect();
    },
  };
}

eventLogContract("redis", makeHarness);
threadRegistryContract("redis", makeHarness);
queuedRunsContract("redis", makeHarness);
idempotencyContract("redis", makeHarness);
dueRunsContract("redis", makeHarness);
runWorkersContract("redis", makeHarness);
threadLeaseContract("redis", makeHarness);
threadArchiveContract("redis", makeHarness);
taskReportsContract("redis", makeHarness);
approvalStoreContract("redis", makeHarness);
supersedeContract("redis", makeHarness);
replaceContract("redis", makeHarness);
callExaminationContract("redis", makeHarness);
publishedApprovalsContract("redis", makeHarness);
strangeRequestsContract("redis", makeHarness);
pendingApprovalsContract("redis", makeHarness);
effectLedgerContract("redis", makeHarness);
signalBusContract("redis", makeHarness);
runControlContract("redis", makeHarness);
toolBoardContract("redis", makeHarness);
knowledgeQueueContract("redis", async (options) => {
  const client = redis.client();
  await client.flushall();
  client.disconnect();
  const logger = recordingLogger();
  const availability = createAvailability(logger);
  const connection = openConnection(redis, "commands", availability);
  const commands = createCommands(connection);
  const queue = createRedisKnowledgeQueue({
    ...options,
    address: redis,
    availability,
    redis: commands,
    logger,
  });
  return { ...queue, close: () => queue.close().then(connection.close) };
});
async function makeJobQueue(options: JobQueueOptions): Promise<JobQueue> {
  const client = redis.client();
  await client.flushall();
  client.disconnect();
  const logger = recordingLogger();
  return createRedisJobQueue({
    ...options,
    address: redis,
    availability: createAvailability(logger),
    logger,
  });
}
jobQueueContract("redis", makeJobQueue);
fairJobsContract("redis", makeJobQueue);
