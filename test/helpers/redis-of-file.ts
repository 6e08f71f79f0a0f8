import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { startRedis, type TestRedis } from "./redis.ts";

/**
 * A Redis for the tests of the file or `describe` in which this is called: empty before each of them, and `setUp`
 * then makes ready what they need on it.
 */
export function onEmptyRedis(setUp: (redis: Redis, server: TestRedis) => unknown): void {
  let server: TestRedis | undefined;
  beforeAll(async () => {
    server = await startRedis();
  });
  let redis: Redis | undefined;
  beforeEach(async () => {
    if (server === undefined) throw new Error("there is no Redis");
    redis ??= server.client();
    await redis.flushall();
    await setUp(redis, server);
  });
  afterAll(() => server?.stop());
}
