import { CheckpointerError, InvalidIdError, RedisCheckpointer } from "@aura-platform/checkpoint-redis";
import type { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { onEmptyRedis } from "../../helpers/redis-of-file.ts";
import { at, checkpoint, idOf, idsOf, listed, METADATA, putValues, valuesOf, writesOf } from "./sample.ts";

let redis: Redis;
let saver: RedisCheckpointer;
onEmptyRedis((empty) => {
  redis = empty;
  saver = new RedisCheckpointer(redis);
});

const NAMES = [
  "plain",
  ...[
    ":",
    "a:b",
    "{}",
    "{a}",
    "}{",
    "{a}b",
    "*",
    "?",
    "[a-z]",
    "%",
    "%00",
    "%25",
    "a%",
    " ",
    "a b",
    "\n",
    "\t",
  ],
  ...["\0", "a\0b", "\0\0", "\u0001", "\\", "'\"", "thread:", "s", "!", "c", "w", "+inf", "-", "[", "("],
  ...[
    "\u{1F600}",
    "\u{1F600}\u{1F600}",
    "한국어",
    "é",
    "e\u0301",
    "\uFFFF",
    "\u202E",
    "__proto__",
    "constructor",
  ],
  ..."/.,|".split(""),
  "x".repeat(1024),
  `${"x".repeat(1023)}y`,
];
const WRONG: [string, unknown][] = [
  ["", ""],
  ["half of a pair", "a\uD83D"],
  ["a number", 7],
  ["an object", { a: 1 }],
];

describe("any text works", () => {
  it("as thread_id", async () => {
    for (const name of NAMES) await putValues(saver, at(name), { name });
    for (const name of NAMES) {
      expect(valuesOf(await saver.getTuple(at(name))), JSON.stringify(name)).toEqual({ name });
      expect(await listed(saver, at(name))).toHaveLength(1);
    }
    const found = await listed(saver, {});
    expect(found.map(({ config }) => config.configurable?.thread_id).sort()).toEqual([...NAMES].sort());
    for (const name of NAMES) {
      await saver.deleteThread(name);
      expect(await saver.getTuple(at(name))).toBeUndefined();
    }
    expect(await redis.keys("*")).toEqual([]);
  });

  it("as checkpoint_ns", async () => {
    for (const ns of ["", ...NAMES]) await putValues(saver, at("t", ns), { ns });
    for (const ns of ["", ...NAMES]) {
      const [found, ...others] = await listed(saver, at("t", ns));
      expect(others).toEqual([]);
      expect(found?.config.configurable?.checkpoint_ns).toBe(ns);
      expect(found).toEqual(await saver.getTuple(at("t", ns)));
      expect(valuesOf(found)).toEqual({ ns });
    }
    expect(await listed(saver, { configurable: { thread_id: "t" } })).toHaveLength(NAMES.length + 1);
  });

  it("as checkpoint id", async () => {
    for (const id of NAMES) {
      const stored = { ...checkpoint({ id }), id };
      await saver.put(at("t"), stored, METADATA, stored.channel_versions);
      await saver.putWrites(at("t", "", id), [["a", id]], "task");
    }
    for (const id of NAMES) {
      const found = await saver.getTuple(at("t", "", id));
      expect(found?.checkpoint.id, JSON.stringify(id)).toBe(id);
      expect(valuesOf(found)).toEqual({ id });
      expect(writesOf(found)).toEqual([["task", "a", id]]);
    }
    expect(idsOf(await listed(saver, at("t"))).sort()).toEqual([...NAMES].sort());
  });

  it("as task id, task path and channel", async () => {
    const config = await putValues(saver, at("t"), Object.fromEntries(NAMES.map((name) => [name, { name }])));
    for (const name of NAMES) await saver.putWrites(config, [[name, name]], name, name);
    const found = await saver.getTuple(config);
    expect(valuesOf(found)).toEqual(Object.fromEntries(NAMES.map((name) => [name, { name }])));
    expect(writesOf(found)).toHaveLength(NAMES.length);
    for (const write of writesOf(found) ?? []) expect(new Set(write).size).toBe(1);
    const child = await putValues(saver, config, {});
    const history = await saver.getDeltaChannelHistory({ config: child, channels: NAMES });
    for (const name of NAMES) {
      expect(Object.entries(history).find(([channel]) => channel === name)?.[1]).toEqual({
        seed: { name },
        writes: [[name, name, name]],
      });
    }
  });
});

describe("what cannot work is refused before anything is written", () => {
  it.each(WRONG)("%s", async (_, wrong) => {
    const id = wrong as string;
    const good = checkpoint({ a: 1 });
    const versions = good.channel_versions;
    const on = at("t", "", good.id);
    const attempts: Record<string, () => Promise<unknown>> = {
      "put, thread": () => saver.put(at(id), good, METADATA, versions),
      "put, id": () => saver.put(at("t"), { ...good, id }, METADATA, versions),
      "getTuple, thread": () => saver.getTuple(at(id)),
      "list, thread": () => listed(saver, at(id)),
      "putWrites, thread": () => saver.putWrites(at(id, "", good.id), [["a", 1]], "task"),
      "putWrites, id": () => saver.putWrites(at("t", "", id), [["a", 1]], "task"),
      "putWrites, task": () => saver.putWrites(on, [["a", 1]], id),
      deleteThread: () => saver.deleteThread(id),
      touch: () => saver.touch(id),
      // Empty ones are fine here: the root namespace, no parent, the latest checkpoint.
      ...(id === ""
        ? {}
        : {
            "put, ns": () => saver.put(at("t", id), good, METADATA, versions),
            "put, parent": () => saver.put(at("t", "", id), good, METADATA, versions),
            "getTuple, ns": () => saver.getTuple(at("t", id)),
            "getTuple, id": () => saver.getTuple(at("t", "", id)),
            "list, before": () => listed(saver, at("t"), { before: at("t", "", id) }),
          }),
    };
    for (const [name, attempt] of Object.entries(attempts)) {
      await expect(attempt(), name).rejects.toBeInstanceOf(InvalidIdError);
    }
    expect(await redis.keys("*")).toEqual([]);
  });

  it("half characters in channel and task path", async () => {
    const half = "\uDE00";
    await expect(putValues(saver, at("t"), { [half]: 1 })).rejects.toBeInstanceOf(InvalidIdError);
    const writes = saver.putWrites(at("t", "", "id"), [[half, 1]], "task");
    await expect(writes).rejects.toBeInstanceOf(InvalidIdError);
    const path = saver.putWrites(at("t", "", "id"), [["a", 1]], "task", half);
    await expect(path).rejects.toBeInstanceOf(InvalidIdError);
    expect(await redis.keys("*")).toEqual([]);
  });

  it("options", () => {
    for (const options of [
      { keyPrefix: "{a" },
      { keyPrefix: "a}" },
      { ttlMs: 0 },
      { ttlMs: 1.5 },
      { keep: -1 },
    ]) {
      expect(() => new RedisCheckpointer(redis, options)).toThrow(CheckpointerError);
    }
  });

  it("another prefix is another store", async () => {
    const other = new RedisCheckpointer(redis, { keyPrefix: "other*:" });
    const config = await putValues(other, at("t"), { a: 1 });
    expect(await saver.getTuple(config)).toBeUndefined();
    expect(await listed(saver, {})).toEqual([]);
    expect(idsOf(await listed(other, {}))).toEqual([idOf(config)]);
  });
});
