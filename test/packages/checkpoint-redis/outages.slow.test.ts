import { once } from "node:events";
import { RedisCheckpointer } from "@aura-platform/checkpoint-redis";
import { INTERRUPT } from "@langchain/langgraph-checkpoint";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TestRedis } from "../../helpers/redis.ts";
import { onEmptyRedis } from "../../helpers/redis-of-file.ts";
import { type FaultyProxy, startFaultyProxy } from "../../helpers/tcp-proxy.ts";
import { at, checkpoint, listed, METADATA, putValues, valuesOf, writesOf } from "./sample.ts";

let server: TestRedis;
let redis: Redis;
let saver: RedisCheckpointer;
onEmptyRedis((empty, itsServer) => {
  redis = empty;
  server = itsServer;
  saver = new RedisCheckpointer(redis);
});

/** What is asked of a saver while Redis cannot do it, on a thread that has a checkpoint already. */
function operationsOn(broken: RedisCheckpointer, parent: ReturnType<typeof at>) {
  const next = checkpoint({ a: "new", b: "new" });
  const writes: Record<string, () => Promise<unknown>> = {
    put: () => broken.put(parent, next, METADATA, next.channel_versions),
    putWrites: () =>
      broken.putWrites(
        parent,
        [
          [INTERRUPT, 1],
          ["a", 2],
        ],
        "task",
      ),
    deleteThread: () => broken.deleteThread("t"),
  };
  const reads: Record<string, () => Promise<unknown>> = {
    getTuple: () => broken.getTuple(parent),
    list: () => listed(broken, at("t")),
    "list all": () => listed(broken, {}),
    history: () => broken.getDeltaChannelHistory({ config: parent, channels: ["a"] }),
  };
  return { next, writes, reads };
}

describe("Redis refuses", () => {
  it("NOSCRIPT: the script is sent again, the caller notices nothing", async () => {
    const parent = await putValues(saver, at("t"), { a: 1 });
    const { writes, reads, next } = operationsOn(saver, parent);
    for (const [name, operation] of Object.entries({ ...reads, ...writes })) {
      if (name === "deleteThread") continue;
      await redis.script("FLUSH");
      await expect(operation(), name).resolves.not.toThrow();
    }
    expect(valuesOf(await saver.getTuple(at("t")))).toEqual(next.channel_values);
    expect(writesOf(await saver.getTuple(parent))).toHaveLength(2);
  });

  it("read-only: writes fail and change nothing, reads go on", async () => {
    const parent = await putValues(saver, at("t"), { a: 1 });
    const { writes, reads } = operationsOn(saver, parent);
    const before = await redis.dumpBuffer("langgraph:thread:t");
    await redis.replicaof("127.0.0.1", 1);
    try {
      for (const [name, write] of Object.entries(writes))
        await expect(write(), name).rejects.toThrow("READONLY");
      for (const [name, read] of Object.entries(reads)) await expect(read(), name).resolves.toBeDefined();
    } finally {
      await redis.replicaof("NO", "ONE");
    }
    expect(await redis.dumpBuffer("langgraph:thread:t")).toEqual(before);
  });

  it("out of memory: puts fail and change nothing, reads go on, deleting helps", async () => {
    const parent = await putValues(saver, at("t"), { a: 1 });
    const { writes, reads } = operationsOn(saver, parent);
    const before = await redis.dumpBuffer("langgraph:thread:t");
    await redis.config("SET", "maxmemory", "1");
    try {
      const { put, putWrites, deleteThread } = writes;
      await expect(put?.()).rejects.toThrow("OOM");
      await expect(putWrites?.()).rejects.toThrow("OOM");
      for (const [name, read] of Object.entries(reads)) await expect(read(), name).resolves.toBeDefined();
      expect(await redis.dumpBuffer("langgraph:thread:t")).toEqual(before);
      await deleteThread?.();
    } finally {
      await redis.config("SET", "maxmemory", "0");
    }
    expect(await redis.dbsize()).toBe(0);
  });

  it("no error carries the conversation", async () => {
    await redis.config("SET", "maxmemory", "1");
    try {
      const error = await putValues(saver, at("t"), { a: "secret" }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("secret");
      expect(error).not.toHaveProperty("command");
    } finally {
      await redis.config("SET", "maxmemory", "0");
    }
  });
});

describe("the connection is lost in the middle of a call", () => {
  let proxy: FaultyProxy;
  let client: Redis;
  beforeEach(async () => {
    proxy = await startFaultyProxy(server);
    // As the service opens it: a command is sent at once or rejected, and never sent twice.
    client = new Redis({
      host: "127.0.0.1",
      port: proxy.port,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => 1,
    });
    client.on("error", () => {});
    await once(client, "ready");
  });
  afterEach(async () => {
    client.disconnect();
    await proxy.close();
  });

  const names = ["put", "putWrites", "deleteThread", "getTuple", "list", "list all", "history"];
  it.each(names)(
    "%s: the caller gets an error; what is stored is the old or the new, whole",
    async (name) => {
      for (const moment of ["cutBeforeRequest", "cutBeforeReply"] as const) {
        await redis.flushall();
        const parent = await putValues(saver, at("t"), { a: "old", b: "old" });
        const broken = new RedisCheckpointer(client);
        const { next, writes, reads } = operationsOn(broken, parent);
        if (client.status !== "ready") await once(client, "ready");
        proxy[moment]();
        await expect({ ...writes, ...reads }[name]?.(), moment).rejects.toThrow(/closed|max retries/);

        const found = await saver.getTuple(at("t"));
        const isNew = found?.checkpoint.id === next.id;
        if (name !== "deleteThread") {
          expect(valuesOf(found)).toEqual(isNew ? next.channel_values : { a: "old", b: "old" });
          expect([0, 2]).toContain(writesOf(await saver.getTuple(parent))?.length);
        }
        if (moment === "cutBeforeRequest")
          expect(found?.checkpoint.id).toBe(parent.configurable?.checkpoint_id);
        // It was done, only the answer got lost.
        if (moment === "cutBeforeReply" && name === "putWrites") {
          expect(writesOf(await saver.getTuple(parent))).toHaveLength(2);
        }

        // Back on line, the same again succeeds and leaves one of each.
        if (client.status !== "ready") await once(client, "ready");
        await { ...writes, ...reads }[name]?.();
        const count = { put: 2, deleteThread: 0 }[name] ?? 1;
        expect(await listed(saver, {})).toHaveLength(count);
      }
    },
  );
});
