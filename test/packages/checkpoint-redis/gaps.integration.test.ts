import { deserialize, serialize } from "node:v8";
import { RedisCheckpointer, VersionConflictError } from "@aura-platform/checkpoint-redis";
import {
  DeltaSnapshot,
  ERROR,
  INTERRUPT,
  RESUME,
  type SerializerProtocol,
  TASKS,
} from "@langchain/langgraph-checkpoint";
import type { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { onEmptyRedis } from "../../helpers/redis-of-file.ts";
import { delayed } from "./delayed.ts";
import { RICH_VALUES } from "./rich-values.ts";
import { at, checkpoint, idOf, idsOf, listed, METADATA, putValues, valuesOf, writesOf } from "./sample.ts";

let redis: Redis;
let saver: RedisCheckpointer;
onEmptyRedis((empty) => {
  redis = empty;
  saver = new RedisCheckpointer(redis);
});

describe("values", () => {
  it("come back as they were from channels and metadata", async () => {
    const config = await putValues(saver, at("t"), RICH_VALUES, { ...METADATA, ...RICH_VALUES });
    const found = await saver.getTuple(config);
    expect(valuesOf(found)).toStrictEqual(RICH_VALUES);
    expect(found?.metadata).toStrictEqual({ ...METADATA, ...RICH_VALUES });
  });

  it("are what another serializer makes of them, pending writes included", async () => {
    const serde: SerializerProtocol = {
      dumpsTyped: async (value) => ["v8", serialize(value)],
      loadsTyped: async (type, data) => {
        expect(type).toBe("v8");
        return deserialize(Buffer.from(data as Uint8Array));
      },
    };
    const exact = new RedisCheckpointer(redis, { serde });
    const values = { date: new Date(5), big: [2n ** 70n], nan: Number.NaN, none: { deep: undefined } };
    const config = await putValues(exact, at("t"), values, { ...METADATA, ...values });
    await exact.putWrites(config, Object.entries(values), "task");
    const found = await exact.getTuple(config);
    expect(valuesOf(found)).toStrictEqual(values);
    expect(found?.metadata).toStrictEqual({ ...METADATA, ...values });
    expect(writesOf(found)).toStrictEqual(
      Object.entries(values).map(([name, value]) => ["task", name, value]),
    );
  });

  it("of a channel that became empty do not come back from an older version", async () => {
    const parent = await putValues(saver, at("t"), { a: "old", b: "kept" });
    const before = (await saver.getTuple(parent))?.checkpoint.channel_versions ?? {};
    const emptied = checkpoint({ b: "kept" }, { ...before, a: 999 });
    const child = await saver.put(parent, emptied, METADATA, { a: 999 });
    expect(valuesOf(await saver.getTuple(child))).toEqual({ b: "kept" });
    expect(valuesOf(await saver.getTuple(parent))).toEqual({ a: "old", b: "kept" });
  });

  it("are stored once per version", async () => {
    const big = "x".repeat(100_000);
    let config = await putValues(saver, at("t"), { big, n: 0 });
    const { big: version } = (await saver.getTuple(config))?.checkpoint.channel_versions ?? {};
    for (let n = 1; n < 20; n += 1) {
      const next = checkpoint({ big, n }, { big: version ?? 0, n: 1000 + n });
      config = await saver.put(config, next, METADATA, { n: 1000 + n });
    }
    expect(valuesOf(await saver.getTuple(config))).toEqual({ big, n: 19 });
    expect(await redis.memory("USAGE", "langgraph:thread:t", "SAMPLES", 0)).toBeLessThan(200_000);
  });

  it("that would replace another one under the same version are refused", async () => {
    const first = checkpoint({ a: "first" }, { a: 1 });
    await saver.put(at("t"), first, METADATA, { a: 1 });
    const second = checkpoint({ a: "second" }, { a: 1 });
    await expect(saver.put(at("t"), second, METADATA, { a: 1 })).rejects.toBeInstanceOf(VersionConflictError);
    expect(idsOf(await listed(saver, at("t")))).toEqual([first.id]);
    expect(valuesOf(await saver.getTuple(at("t")))).toEqual({ a: "first" });
  });

  it("that a run carries over are not lost when its thread was deleted meanwhile", async () => {
    const parent = await putValues(saver, at("t"), { a: "carried", b: 1 });
    const { a = 0 } = (await saver.getTuple(parent))?.checkpoint.channel_versions ?? {};
    await saver.deleteThread("t");
    const child = await saver.put(parent, checkpoint({ a: "carried", b: 2 }, { a, b: 77 }), METADATA, {
      b: 77,
    });
    expect(valuesOf(await saver.getTuple(child))).toEqual({ a: "carried", b: 2 });
  });
});

describe("pending writes", () => {
  it("stay as first written, unless all of them are special", async () => {
    const config = await putValues(saver, at("t"), {});
    await saver.putWrites(
      config,
      [
        ["a", 1],
        ["a", 2],
      ],
      "task",
    );
    await saver.putWrites(
      config,
      [
        ["a", 10],
        ["a", 20],
        ["a", 30],
      ],
      "task",
    );
    await saver.putWrites(
      config,
      [
        [INTERRUPT, "one"],
        [RESUME, "one"],
      ],
      "waiting",
    );
    await saver.putWrites(
      config,
      [
        [INTERRUPT, "two"],
        [RESUME, "two"],
      ],
      "waiting",
    );
    await saver.putWrites(config, [[ERROR, "first"]], "failing");
    await saver.putWrites(
      config,
      [
        [ERROR, "second"],
        ["a", 1],
      ],
      "failing",
    );
    expect(writesOf(await saver.getTuple(config))).toEqual([
      ["failing", ERROR, "first"],
      ["failing", "a", 1],
      ["task", "a", 1],
      ["task", "a", 2],
      ["task", "a", 30],
      ["waiting", RESUME, "two"],
      ["waiting", INTERRUPT, "two"],
    ]);
  });

  it("come in the order of task path, task and position", async () => {
    const config = await putValues(saver, at("t"), {});
    const many = Array.from({ length: 12 }, (_, n): [string, unknown] => ["a", n]);
    await saver.putWrites(config, [["a", "late"]], "task a", "~2");
    await saver.putWrites(config, many, "task b", "~1");
    await saver.putWrites(config, [["a", "pathless"]], "task c");
    const values = writesOf(await saver.getTuple(config))?.map(([, , value]) => value);
    expect(values).toEqual(["pathless", ...many.map(([, n]) => n), "late"]);
  });

  it("of one task may be very many", async () => {
    const config = await putValues(saver, at("t"), {});
    const many = Array.from({ length: 10_000 }, (_, n): [string, unknown] => ["a", n]);
    await saver.putWrites(config, many, "task");
    expect(writesOf(await saver.getTuple(config))?.map(([, , value]) => value)).toEqual(
      many.map(([, n]) => n),
    );
  });

  it("may come before their checkpoint", async () => {
    const stored = checkpoint({ a: 1 });
    await saver.putWrites(at("t", "", stored.id), [["a", 2]], "task");
    expect(await saver.getTuple(at("t"))).toBeUndefined();
    await saver.put(at("t"), stored, METADATA, stored.channel_versions);
    expect(writesOf(await saver.getTuple(at("t")))).toEqual([["task", "a", 2]]);
  });

  it("of parallel tasks are all there, in whatever order they arrive", async () => {
    for (let round = 0; round < 20; round += 1) {
      const slow = new RedisCheckpointer(delayed(redis, () => Math.random() * 4));
      const stored = checkpoint({ a: 1 });
      const config = at(`t${round}`, "", stored.id);
      const tasks = Array.from({ length: 20 }, (_, n) => `task ${String(n).padStart(2, "0")}`);
      await Promise.all([
        slow.put(at(`t${round}`), stored, METADATA, stored.channel_versions),
        ...tasks.map((task) => slow.putWrites(config, [["a", task]], task)),
        ...tasks.map((task) => slow.putWrites(config, [["a", task]], task)),
      ]);
      const found = await saver.getTuple(at(`t${round}`));
      expect(valuesOf(found)).toEqual({ a: 1 });
      expect(writesOf(found)).toEqual(tasks.map((task) => [task, "a", task]));
    }
  });
});

describe("getDeltaChannelHistory", () => {
  it("walks 500 ancestors in one round trip, along the branch", async () => {
    let config = await putValues(saver, at("t"), { a: new DeltaSnapshot([0]) });
    for (let n = 1; n <= 500; n += 1) {
      await saver.putWrites(
        config,
        [
          ["a", n],
          ["other", n],
        ],
        "task",
      );
      const parent = config;
      config = await putValues(saver, parent, {});
      if (n === 300) await saver.putWrites(await putValues(saver, parent, {}), [["a", "of a fork"]], "task");
    }
    await saver.putWrites(config, [["a", "still pending"]], "task");
    await redis.config("RESETSTAT");
    const { a, other, none } = await saver.getDeltaChannelHistory({
      config,
      channels: ["a", "other", "none"],
    });
    expect(a?.seed).toEqual(new DeltaSnapshot([0]));
    expect(a?.writes.map(([, , value]) => value)).toEqual(Array.from({ length: 500 }, (_, n) => n + 1));
    expect(other).toEqual({ writes: a?.writes.map(([task, , value]) => [task, "other", value]) });
    expect(none).toEqual({ writes: [] });
    expect(await redis.info("commandstats")).toMatch(/cmdstat_evalsha:calls=1,/);
  });

  it("begins at the nearest stored value, for each channel", async () => {
    const first = await putValues(saver, at("t"), { a: "older seed", b: "seed of b" });
    await saver.putWrites(
      first,
      [
        ["a", "before"],
        ["b", 1],
      ],
      "task",
    );
    const second = await putValues(saver, first, { a: "seed of a" });
    await saver.putWrites(
      second,
      [
        ["a", "after"],
        ["b", 2],
      ],
      "task",
    );
    const config = await putValues(saver, second, {});
    expect(await saver.getDeltaChannelHistory({ config, channels: ["a", "b"] })).toEqual({
      a: { seed: "seed of a", writes: [["task", "a", "after"]] },
      b: {
        seed: "seed of b",
        writes: [
          ["task", "b", 1],
          ["task", "b", 2],
        ],
      },
    });
  });

  it("of the newest checkpoint, of no thread, and of none", async () => {
    const parent = await putValues(saver, at("t"), { a: 1 });
    await putValues(saver, parent, {});
    const options = { channels: ["a"] };
    expect(await saver.getDeltaChannelHistory({ ...options, config: at("t") })).toEqual({
      a: { seed: 1, writes: [] },
    });
    expect(await saver.getDeltaChannelHistory({ ...options, config: at("u") })).toEqual({
      a: { writes: [] },
    });
    expect(await saver.getDeltaChannelHistory({ config: at("t"), channels: [] })).toEqual({});
  });
});

describe("a checkpoint of before format 4", () => {
  it("gets its parent's sends as a channel; one of format 4 never does", async () => {
    const versions = { a: 3, b: 7 };
    const parent = await putValues(saver, at("t"), {});
    await saver.putWrites(parent, [[TASKS, "second"]], "task b");
    await saver.putWrites(
      parent,
      [
        [TASKS, "first"],
        ["a", "not a send"],
      ],
      "task a",
    );
    const old = { ...checkpoint({}, versions), v: 3 };
    const child = await saver.put(parent, old, METADATA, {});
    const found = (await saver.getTuple(child))?.checkpoint;
    expect(found?.channel_values[TASKS]).toEqual(["first", "second"]);
    expect(found?.channel_versions).toEqual({ ...versions, [TASKS]: 7 });
    const current = await saver.put(parent, checkpoint({}, versions), METADATA, {});
    expect((await saver.getTuple(current))?.checkpoint.channel_versions).toEqual(versions);
    expect((await listed(saver, at("t"))).map(({ checkpoint: { v } }) => v)).toEqual([4, 3, 4]);
    expect(idOf(child)).toBe(old.id);
  });
});
