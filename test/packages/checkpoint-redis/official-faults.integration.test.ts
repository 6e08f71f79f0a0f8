import { RedisCheckpointer, UnserializableValueError } from "@aura-platform/checkpoint-redis";
import { Command, INTERRUPT } from "@langchain/langgraph";
import type { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { onEmptyRedis } from "../../helpers/redis-of-file.ts";
import { approvalGraph } from "./approval-graph.ts";
import { delayed } from "./delayed.ts";
import { RICH_VALUES } from "./rich-values.ts";
import {
  at,
  checkpoint,
  collect,
  idOf,
  idsOf,
  listed,
  METADATA,
  putValues,
  valuesOf,
  writesOf,
} from "./sample.ts";

let redis: Redis;
let saver: RedisCheckpointer;
onEmptyRedis((empty) => {
  redis = empty;
  saver = new RedisCheckpointer(redis);
});

/** How often each command ran since the last reset. */
async function commandCounts(): Promise<Record<string, number>> {
  const lines = (await redis.info("commandstats")).matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm);
  return Object.fromEntries([...lines].map(([, name, calls]) => [name, Number(calls)]));
}

describe("what the official saver gets wrong", () => {
  it("row 1: both branches of a fork keep their values", async () => {
    const graph = approvalGraph(saver);
    const config = { configurable: { thread_id: "t" } };
    await graph.invoke({ log: ["input"] }, config);
    const { config: suspended } = await graph.getState(config);

    const first = await graph.updateState(suspended, { log: ["one"] }, "approve");
    const second = await graph.updateState(suspended, { log: ["two"] }, "approve");

    expect((await graph.getState(first)).values.log).toEqual(["input", "planned", "one"]);
    expect((await graph.getState(second)).values.log).toEqual(["input", "planned", "two"]);
  });

  it("row 1: two branches never get the same version", () => {
    const versions = Array.from({ length: 1000 }, () => saver.getNextVersion(7));
    expect(new Set(versions).size).toBe(1000);
    expect(versions.every((version) => version > 7 && saver.getNextVersion(version) > version)).toBe(true);
    expect(saver.getNextVersion(undefined)).toBeGreaterThanOrEqual(1);
  });

  it("row 2: ids that contain each other are different threads", async () => {
    await putValues(saver, at("user"), { a: "user" });
    await putValues(saver, at("user:42"), { a: "user:42" });
    await putValues(saver, at("user", "42"), { a: "user in 42" });
    expect(valuesOf(await saver.getTuple(at("user", "42")))).toEqual({ a: "user in 42" });
    expect(valuesOf(await saver.getTuple(at("user:42")))).toEqual({ a: "user:42" });

    await saver.deleteThread("user");

    expect(await saver.getTuple(at("user"))).toBeUndefined();
    expect(await saver.getTuple(at("user", "42"))).toBeUndefined();
    expect(valuesOf(await saver.getTuple(at("user:42")))).toEqual({ a: "user:42" });
  });

  it("row 3: an interrupt is visible whenever its write arrives", async () => {
    const timings = Array.from({ length: 81 }, (_, n) => [n % 9, Math.floor(n / 9)] as const);
    await Promise.all(
      timings.map(async ([putDelay, writeDelay], n) => {
        const late = (ms: number) => new RedisCheckpointer(delayed(redis, () => ms));
        const stored = checkpoint({ a: 1 });
        const config = at(`t${n}`, "", stored.id);
        await Promise.all([
          late(putDelay).put(at(`t${n}`), stored, METADATA, stored.channel_versions),
          late(writeDelay).putWrites(config, [[INTERRUPT, "wait"]], "task"),
          late(4).putWrites(config, [["a", 2]], "other task"),
        ]);
        expect(writesOf(await saver.getTuple(at(`t${n}`))), `timing ${n}`).toEqual([
          ["other task", "a", 2],
          ["task", INTERRUPT, "wait"],
        ]);
      }),
    );
  });

  it("row 4: pending writes come back as they were", async () => {
    const config = await putValues(saver, at("t"), {});
    const writes = Object.entries(RICH_VALUES);
    await saver.putWrites(config, writes, "task");
    const found = writesOf(await saver.getTuple(config));
    expect(found).toStrictEqual(writes.map(([channel, value]) => ["task", channel, value]));
    // The default serializer would store a remark in place of the whole value.
    const putting = saver.putWrites(config, [["a", { deep: [1n] }]], "task 2");
    await expect(putting).rejects.toBeInstanceOf(UnserializableValueError);
  });

  it("row 5: list has no limit of its own and pages past any `before`", async () => {
    const ids: string[] = [];
    let config = at("t");
    for (let n = 0; n < 150; n += 1) {
      config = await putValues(saver, config, { n });
      ids.unshift(idOf(config));
    }
    expect(idsOf(await listed(saver, at("t")))).toEqual(ids);
    expect(idsOf(await listed(saver, at("t"), { limit: 130 }))).toEqual(ids.slice(0, 130));
    const before = at("t", "", ids[120]);
    expect(idsOf(await listed(saver, at("t"), { before }))).toEqual(ids.slice(121));
    expect(idsOf(await listed(saver, at("t"), { before, limit: 5 }))).toEqual(ids.slice(121, 126));
    expect(idsOf(await listed(saver, at("t", "", ids[70])))).toEqual([ids[70]]);
    expect(idsOf(await listed(saver, at("t", "", ids[70]), { before }))).toEqual([]);
    expect(await listed(saver, at("t"), { limit: 0 })).toEqual([]);
  });

  it("row 5: list filters by anything that metadata hold", async () => {
    const tags = [
      { flag: true },
      { flag: false },
      { owner: { id: 1 } },
      { owner: { id: 2 } },
      { n: 0, none: null },
    ];
    for (const tag of tags) await putValues(saver, at("t"), {}, { ...METADATA, ...tag });
    for (const filter of tags) {
      const found = await listed(saver, at("t"), { filter });
      expect(found.map(({ metadata }) => metadata)).toEqual([{ ...METADATA, ...filter }]);
    }
    expect(await listed(saver, at("t"), { filter: { flag: "true" } })).toEqual([]);
    expect(await listed(saver, at("t"), { filter: { source: "loop" }, limit: 3 })).toHaveLength(3);
  });

  it("row 5: list sorts by id, not by the time of storing", async () => {
    const [older, newer] = [checkpoint({ a: 1 }), checkpoint({ a: 2 })];
    await saver.put(at("t"), newer, METADATA, newer.channel_versions);
    await saver.put(at("t"), older, METADATA, older.channel_versions);
    expect(idsOf(await listed(saver, at("t")))).toEqual([newer.id, older.id]);
    expect((await saver.getTuple(at("t")))?.checkpoint.id).toBe(newer.id);
  });

  it("row 6: everything of a thread lives equally long", async () => {
    const mortal = new RedisCheckpointer(redis, { ttlMs: 1_000_000 });
    const key = "langgraph:thread:t";
    const config = await putValues(mortal, at("t"), { a: 1 });
    const uses: Record<string, () => Promise<unknown>> = {
      put: () => putValues(mortal, config, { a: 2 }),
      putWrites: () => mortal.putWrites(config, [[INTERRUPT, "wait"]], "task"),
      getTuple: () => mortal.getTuple(config),
      list: () => listed(mortal, at("t")),
      history: () => mortal.getDeltaChannelHistory({ config, channels: ["a"] }),
      touch: () => mortal.touch("t"),
    };
    for (const [name, use] of Object.entries(uses)) {
      await redis.pexpire(key, 5_000);
      await use();
      expect(await redis.pttl(key), name).toBeGreaterThan(900_000);
    }
    expect((await redis.keys("*")).sort()).toEqual([key, "langgraph:threads"]);
    // As if the time were over: nothing of the thread is left, and nobody lists it.
    await redis.pexpire(key, 0);
    expect(await mortal.getTuple(at("t"))).toBeUndefined();
    expect(await listed(mortal, {})).toEqual([]);
  });

  it("row 7: nothing scans the keyspace", async () => {
    await redis.config("RESETSTAT");
    const graph = approvalGraph(saver);
    const config = { configurable: { thread_id: "t" } };
    await graph.invoke({ log: [] }, config);
    await graph.invoke(new Command({ resume: "yes" }), config);
    await collect(graph.getStateHistory(config));
    await listed(saver, {});
    await saver.deleteThread("t");
    const counts = await commandCounts();
    expect(Object.keys(counts).filter((name) => /^(keys|scan|sscan|hscan|zscan|sort)$/.test(name))).toEqual(
      [],
    );
  });

  it("row 8: one round trip per operation", async () => {
    const stored = await putValues(saver, at("t"), { a: 1 });
    const child = checkpoint({ a: 2 });
    const operations: Record<string, () => Promise<unknown>> = {
      put: () => saver.put(stored, child, METADATA, child.channel_versions),
      putWrites: () => saver.putWrites(stored, [["a", 1]], "task"),
      getTuple: () => saver.getTuple(at("t")),
      history: () => saver.getDeltaChannelHistory({ config: stored, channels: ["a"] }),
      "list of 20": () => listed(saver, at("t"), { limit: 20 }),
    };
    await Promise.all(Object.values(operations).map((operation) => operation()));
    for (const [name, operation] of Object.entries(operations)) {
      await redis.config("RESETSTAT");
      await operation();
      const { evalsha = 0, eval: evals = 0, zadd = 0, ...others } = await commandCounts();
      expect([evalsha, evals], name).toEqual([1, 0]);
      // The script's own ZADDs count as well; what is a trip of its own would show as another command.
      expect(zadd, name).toBeLessThanOrEqual(name.startsWith("put") ? 4 : 0);
      expect(Object.keys(others).filter((other) => /^(unlink|del|hset|set|get|exists)$/.test(other))).toEqual(
        [],
      );
    }
  });

  it("row 8: few commands to the first interrupt of a 3-node graph, and to resume it", async () => {
    const graph = approvalGraph(saver);
    const config = { configurable: { thread_id: "t" } };
    const sent = { count: 0 };
    const count = () => {
      sent.count += 1;
      return undefined;
    };
    const counting = new RedisCheckpointer(delayed(redis, count));
    const counted = approvalGraph(counting);
    await graph.invoke({ log: [] }, { configurable: { thread_id: "warm the scripts up" } });
    await counted.invoke({ log: [] }, config);
    expect(sent.count).toBeLessThanOrEqual(12);
    sent.count = 0;
    await counted.invoke(new Command({ resume: "yes" }), config);
    expect(sent.count).toBeLessThanOrEqual(12);
  });
});
