import { RedisCheckpointer } from "@aura-platform/checkpoint-redis";
import { deltaChannelHistoryTests, specTest } from "@langchain/langgraph-checkpoint-validation";
import type { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";

// The suite takes its test functions from the global scope, at the time it is called.
Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it });

let server: TestRedis;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = server.client();
});
afterAll(() => server.stop());

// The suite skips tests by name: ours is not one that it knows.
const initializer = {
  checkpointerName: "RedisCheckpointer of Aura",
  async createCheckpointer() {
    await redis.flushall();
    return new RedisCheckpointer(redis);
  },
};

specTest(initializer);
deltaChannelHistoryTests(initializer);

describe("the same with every option", () => {
  const withOptions = {
    ...initializer,
    checkpointerName: "RedisCheckpointer of Aura, with ttlMs and keep",
    async createCheckpointer() {
      await redis.flushall();
      return new RedisCheckpointer(redis, { keyPrefix: "x:", ttlMs: 60_000, keep: 100 });
    },
  };
  specTest(withOptions);
  deltaChannelHistoryTests(withOptions);
});
