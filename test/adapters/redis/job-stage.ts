import { afterEach, beforeEach, expect, vi } from "vitest";
import {
  createRedisBackend,
  type RedisBackend,
  type RedisBackendOptions,
} from "../../../src/adapters/redis/backend.ts";
import { callCounter } from "../../contracts/harness.ts";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";
import { type RecordingLogger, recordingLogger } from "./recording-logger.ts";

export const AWAY = "error: Redis is unreachable; trying again";
export const BACK = "info: Redis is back";

const LEVELS = ["log", "info", "warn", "error"] as const;

/** A Redis of its own for each test of the file, and backends on it that are closed after the test. */
export function jobStage() {
  const open: RedisBackend[] = [];
  const printed: unknown[] = [];
  let redis: TestRedis;
  let logger: RecordingLogger;

  beforeEach(async () => {
    redis = await startRedis({ appendOnly: true, args: ["--appendfsync", "always"] });
    logger = recordingLogger();
    printed.length = 0;
    for (const level of LEVELS) {
      vi.spyOn(console, level).mockImplementation((...args) => void printed.push(args));
    }
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((backend) => backend.close()));
    await redis.stop();
    vi.restoreAllMocks();
    // BullMQ and ioredis print here what nobody handles.
    expect(printed).toEqual([]);
  });

  return {
    redis: () => redis,
    logger: () => logger,
    connect(options: Partial<RedisBackendOptions> = {}) {
      const { host, port } = redis;
      const quick = { backoffMs: 1, leaseMs: 6_000 };
      const backend = createRedisBackend({ host, port, password: undefined, logger, ...quick, ...options });
      open.push(backend);
      return backend;
    },
  };
}

/** Has the backend work, and counts its jobs by thread. */
export function counting(backend: RedisBackend) {
  const done: string[] = [];
  const calls = callCounter();
  backend.queue.work(async (threadId) => {
    done.push(threadId);
    calls.call();
  });
  return { done, calls };
}
