import { RedisCheckpointer } from "@aura-platform/checkpoint-redis";
import type { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { onEmptyRedis } from "../../helpers/redis-of-file.ts";
import { at, idOf, idsOf, listed, METADATA, putValues } from "./sample.ts";

const INDEX = "langgraph:threads";

let redis: Redis;
let saver: RedisCheckpointer;
onEmptyRedis((empty) => {
  redis = empty;
  saver = new RedisCheckpointer(redis);
});

const threadsOf = async (options = {}) =>
  (await listed(saver, {}, options)).map(({ config }) => config.configurable?.thread_id);

describe("listing without a thread", () => {
  it("finds all threads, also very many with the same time", async () => {
    const names = Array.from({ length: 600 }, (_, n) => `t${n}`);
    await Promise.all(names.map((name) => putValues(saver, at(name), { name })));
    await redis.zadd(INDEX, ...names.flatMap((name) => [5, name]));
    expect((await threadsOf()).sort()).toEqual([...names].sort());
    expect(await threadsOf({ limit: 550 })).toHaveLength(550);
  });

  it("begins with the thread that was used last, newest checkpoint first, in all namespaces", async () => {
    await putValues(saver, at("a"), {});
    const ids = [idOf(await putValues(saver, at("b"), {})), idOf(await putValues(saver, at("b", "ns"), {}))];
    ids.push(idOf(await putValues(saver, at("b"), {})));
    await redis.zadd(INDEX, 1, "a");
    expect(await threadsOf()).toEqual(["b", "b", "b", "a"]);
    expect(idsOf(await listed(saver, {}, { limit: 3 }))).toEqual(ids.reverse());
    expect(idsOf(await listed(saver, { configurable: { checkpoint_id: ids[0] } }))).toEqual([ids[0]]);
    expect(await listed(saver, { configurable: { checkpoint_ns: "ns" } })).toHaveLength(1);
    const filter = { tag: { deep: [1] } };
    await putValues(saver, at("c"), {}, { ...METADATA, ...filter });
    expect(await threadsOf({ filter })).toEqual(["c"]);
  });

  it("yields threads that are used meanwhile, and move to the front, once", async () => {
    const names = Array.from({ length: 520 }, (_, n) => `t${n}`);
    await Promise.all(names.map((name) => putValues(saver, at(name), {})));
    await redis.zadd(INDEX, ...names.flatMap((name, n) => [n, name]));
    const seen: unknown[] = [];
    for await (const { config } of saver.list({})) {
      // The first page has been read: t0 is not on it, t519 has been yielded.
      if (seen.length === 0) await redis.zadd(INDEX, 1000, "t0", 1001, "t519");
      seen.push(config.configurable?.thread_id);
    }
    expect(seen).toHaveLength(520);
    expect(new Set(seen)).toEqual(new Set(names));
  });

  it("forgets threads that are gone, but not one whose first put may be on its way", async () => {
    await putValues(saver, at("here"), {});
    await redis.zadd(INDEX, 1, "gone", String(Date.now() + 1e14), "coming");
    expect(await threadsOf()).toEqual(["here"]);
    expect((await redis.zrange(INDEX, 0, "-1")).sort()).toEqual(["coming", "here"]);
  });

  it("every acknowledged put is in the index, and a lost index fills again", async () => {
    await putValues(saver, at("t"), {});
    await redis.del(INDEX);
    expect(await threadsOf()).toEqual([]);
    await putValues(saver, at("t"), {});
    expect(await threadsOf()).toEqual(["t", "t"]);
    await redis.del(INDEX);
    await redis.set(INDEX, "foreign");
    await expect(putValues(saver, at("u"), {})).rejects.toThrow("WRONGTYPE");
    expect(await redis.get(INDEX)).toBe("foreign");
  });

  it("with a time to live the index does not outgrow the threads", async () => {
    const mortal = new RedisCheckpointer(redis, { ttlMs: 5_000 });
    await redis.zadd(INDEX, Date.now() - 120_000, "expired long ago", String(Date.now() + 1_000), "alive");
    const config = await putValues(mortal, at("t"), {});
    expect((await redis.zrange(INDEX, 0, "-1")).sort()).toEqual(["alive", "t"]);
    for (const use of [
      () => mortal.getTuple(config),
      () => mortal.putWrites(config, [["a", 1]], "task"),
      () => mortal.touch("t"),
    ]) {
      await redis.zadd(INDEX, 1, "t");
      await use();
      expect(Number(await redis.zscore(INDEX, "t"))).toBeGreaterThan(Date.now());
    }
    await mortal.getTuple(at("never there"));
    expect(await redis.zscore(INDEX, "never there")).toBeNull();
  });
});
