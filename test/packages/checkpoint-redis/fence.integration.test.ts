import { RedisCheckpointer } from "@aura-platform/checkpoint-redis";
import type { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { onEmptyRedis } from "../../helpers/redis-of-file.ts";
import { at, checkpoint, idsOf, listed, METADATA, putValues, valuesOf, writesOf } from "./sample.ts";

class RefusedError extends Error {}

describe("a fence", () => {
  let redis: Redis;
  let saver: RedisCheckpointer;
  onEmptyRedis(async (empty) => {
    redis = empty;
    await redis.hset("lease", "holder", "a");
    saver = new RedisCheckpointer(redis, {
      fence: ({ holder }) =>
        typeof holder === "string"
          ? { key: "lease", field: "holder", value: holder, refusal: () => new RefusedError() }
          : undefined,
    });
  });

  const by = (holder: string, config = at("t")) => ({ configurable: { ...config.configurable, holder } });

  it("lets through whom it names, and who has none", async () => {
    const first = await putValues(saver, by("a"), { n: 1 });
    const second = await putValues(saver, by("a", first), { n: 2 });
    await saver.putWrites(by("a", second), [["n", 3]], "task");
    await putValues(saver, first, { n: 4 });
    expect(writesOf(await saver.getTuple(second))).toEqual([["task", "n", 3]]);
    expect(await listed(saver, at("t"))).toHaveLength(3);
    await saver.deleteThread("t", { holder: "a" });
    expect(await redis.exists("langgraph:thread:t")).toBe(0);
  });

  it.each(["another one", "nobody"])(
    "refuses every write when it names %s, in the same step",
    async (who) => {
      const base = await putValues(saver, by("a"), { n: 1 });
      if (who === "nobody") await redis.del("lease");
      else await redis.hset("lease", "holder", "b");
      const before = await redis.dumpBuffer("langgraph:thread:t");

      const stale = checkpoint({ n: 2 });
      await expect(saver.put(by("a", base), stale, METADATA, stale.channel_versions)).rejects.toThrow(
        RefusedError,
      );
      await expect(saver.putWrites(by("a", base), [["n", 2]], "task")).rejects.toThrow(RefusedError);
      await expect(saver.deleteThread("t", { holder: "a" })).rejects.toThrow(RefusedError);
      expect(await redis.dumpBuffer("langgraph:thread:t")).toEqual(before);
      expect(valuesOf(await saver.getTuple(by("a")))).toEqual({ n: 1 });
    },
  );

  it("refuses a checkpoint whose parent is gone as well", async () => {
    const parent = await putValues(saver, by("a"), { kept: 1, n: 1 });
    const versions = (await saver.getTuple(parent))?.checkpoint.channel_versions ?? {};
    await saver.deleteThread("t");
    await redis.hset("lease", "holder", "b");
    const stale = checkpoint({ kept: 1, n: 2 }, { ...versions, n: 999 });
    await expect(saver.put(by("a", parent), stale, METADATA, { n: 999 })).rejects.toThrow(RefusedError);
    expect(idsOf(await listed(saver, at("t")))).toEqual([]);
  });
});
