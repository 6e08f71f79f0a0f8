import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRedisBackend, type RedisBackend } from "../../../src/adapters/redis/backend.ts";
import { CheckpointerRefusedError, openSaver, type SaverOptions } from "../../../src/adapters/redis/saver.ts";
import { type RedisOptions, startRedis, type TestRedis } from "../../helpers/redis.ts";
import { type RecordingLogger, recordingLogger } from "./recording-logger.ts";

let redis: TestRedis;
let backend: RedisBackend;
let log: RecordingLogger;

const begin = async (options: RedisOptions = {}) => {
  redis = await startRedis(options);
  log = recordingLogger();
  backend = createRedisBackend({ host: redis.host, port: redis.port, logger: log });
};
const open = (kind: SaverOptions["kind"], allowSwitch = false) => {
  const address = { host: redis.host, port: redis.port };
  return openSaver({
    ...backend,
    kind,
    allowSwitch,
    keep: undefined,
    threadTtlMs: 60_000,
    address,
    logger: log,
  });
};

afterEach(async () => {
  await backend.close();
  await redis.stop();
});

describe("which saver holds the threads", () => {
  beforeEach(() => begin({ appendOnly: true }));

  test("the first choice is recorded, and the same one opens again", async () => {
    await open("redis");
    await open("redis");
    expect(await redis.client().get("aura:checkpointer")).toBe("redis");
  });

  test("another one is refused in one line that says what to do, and nothing changes", async () => {
    await open("redis");
    const refused = await open("memory").catch((error) => error);
    expect(refused).toBeInstanceOf(CheckpointerRefusedError);
    expect(refused.message).toMatch(
      /^AURA_CHECKPOINTER=memory.*AURA_CHECKPOINTER=redis.*AURA_CHECKPOINTER_SWITCH=1/,
    );
    expect(refused.message).not.toContain("\n");
    expect(await redis.client().get("aura:checkpointer")).toBe("redis");
  });

  test("with the switch it opens, is recorded, and the log says what is hidden", async () => {
    await open("redis");
    await open("memory", true);
    expect(await redis.client().get("aura:checkpointer")).toBe("memory");
    expect(log.lines).toContainEqual(expect.stringMatching(/hidden/));
  });

  test("memory keeps nothing, so leaving it needs no switch", async () => {
    await open("memory");
    await open("redis");
    expect(await redis.client().get("aura:checkpointer")).toBe("redis");
  });

  test("two that start at once cannot both win", async () => {
    const opened = await Promise.allSettled([open("redis"), open("redis-stack"), open("redis")]);
    expect(opened.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  test("redis-stack is refused where its commands are missing, and leaves no record", async () => {
    await expect(open("redis-stack")).rejects.toThrow(
      /^AURA_CHECKPOINTER=redis-stack needs a Redis with JSON.SET and FT.SEARCH/,
    );
    expect(await redis.client().get("aura:checkpointer")).toBeNull();
  });
});

describe("a Redis that may lose threads", () => {
  const warnings = async (options: RedisOptions) => {
    await begin(options);
    await open("redis");
    return log.lines.filter((line) => line.startsWith("warn: "));
  };

  test("nothing on disk", async () => {
    expect(await warnings({ args: ["--save", ""] })).toEqual([
      expect.stringMatching(/keeps nothing on disk/),
    ]);
  });

  test("snapshots only", async () => {
    expect(await warnings({ args: ["--save", "900 1"] })).toEqual([
      expect.stringMatching(/since the last snapshot/),
    ]);
  });

  test("eviction", async () => {
    const args = ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"];
    expect(await warnings({ appendOnly: true, args })).toEqual([
      expect.stringMatching(/evicts keys.*allkeys-lru/),
    ]);
  });

  test("durable: no warning; CONFIG forbidden: no warning and no failure", async () => {
    expect(await warnings({ appendOnly: true })).toEqual([]);
    await backend.close();
    await redis.stop();
    expect(await warnings({ args: ["--save", "", "--rename-command", "CONFIG", ""] })).toEqual([]);
  });
});
