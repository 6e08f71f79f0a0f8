import { afterAll, beforeAll } from "vitest";
import type { JobQueueOptions } from "../../../src/adapters/job-options.ts";
import type { DeliveryOptions } from "../../../src/adapters/knowledge-delivery.ts";
import { createAvailability } from "../../../src/adapters/redis/availability.ts";
import { createRedisBackend } from "../../../src/adapters/redis/backend.ts";
import { createCommands } from "../../../src/adapters/redis/commands.ts";
import { openConnection } from "../../../src/adapters/redis/connection.ts";
import { createRedisJobQueue } from "../../../src/adapters/redis/job-queue.ts";
import { createRedisKnowledgeQueue } from "../../../src/adapters/redis/knowledge-queue.ts";
import type { JobQueue } from "../../../src/ports/job-queue.ts";
import type { KnowledgeQueue } from "../../../src/ports/knowledge-queue.ts";
import { backendContract } from "../../contracts/backend.ts";
import type { Harness } from "../../contracts/harness.ts";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";
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

async function makeKnowledgeQueue(options: DeliveryOptions): Promise<KnowledgeQueue> {
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
}

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

backendContract("redis", { backend: makeHarness, knowledge: makeKnowledgeQueue, jobs: makeJobQueue });
