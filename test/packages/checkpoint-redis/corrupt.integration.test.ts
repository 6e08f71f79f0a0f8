import { RedisCheckpointer, StoredDataError } from "@aura-platform/checkpoint-redis";
import type { RunnableConfig } from "@langchain/core/runnables";
import { INTERRUPT } from "@langchain/langgraph-checkpoint";
import type { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { onEmptyRedis } from "../../helpers/redis-of-file.ts";
import { at, checkpoint, listed, METADATA, putValues } from "./sample.ts";

const KEY = "langgraph:thread:t";

let redis: Redis;
let saver: RedisCheckpointer;
/** A thread with two checkpoints; the older one has values and a pending write. */
let parent: RunnableConfig;
let child: RunnableConfig;
onEmptyRedis(async (empty) => {
  redis = empty;
  saver = new RedisCheckpointer(redis, { keep: 100, ttlMs: 1_000_000 });
  parent = await putValues(saver, at("t"), { a: "old" });
  await saver.putWrites(parent, [[INTERRUPT, "may I?"]], "task");
  child = await putValues(saver, parent, {});
});

const everything: Record<string, () => Promise<unknown>> = {
  getTuple: () => saver.getTuple(parent),
  "getTuple, latest": () => saver.getTuple(at("t")),
  list: () => listed(saver, at("t")),
  "list all": () => listed(saver, {}),
  "list, filtered": () => listed(saver, at("t"), { filter: { step: 0 } }),
  history: () => saver.getDeltaChannelHistory({ config: child, channels: ["a", INTERRUPT] }),
  put: () => putValues(saver, at("t"), { a: 1 }),
  putWrites: () => saver.putWrites(parent, [["a", 1]], "task"),
};
const { getTuple, list, history } = everything;
const reads = { getTuple, list, history };

/** What the key holds and for how long: no operation may change it. */
async function expectRefused(
  operations: Record<string, (() => Promise<unknown>) | undefined>,
): Promise<void> {
  await redis.persist(KEY);
  const before = await redis.dumpBuffer(KEY);
  for (const [name, operation] of Object.entries(operations)) {
    const error = await operation?.().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error, name).toBeInstanceOf(StoredDataError);
    expect(error, name).toMatchObject({ key: KEY, message: expect.stringContaining(KEY) });
    expect(JSON.stringify(error), name).not.toContain("may I?");
  }
  expect((await redis.dumpBuffer(KEY))?.equals(before ?? Buffer.of())).toBe(true);
}

describe("a key that is not ours is refused and left alone", () => {
  const foreign: [string, () => Promise<unknown>][] = [
    ["string", () => redis.set(KEY, "x")],
    ["hash", () => redis.hset(KEY, "a", "b")],
    ["list", () => redis.rpush(KEY, "a")],
    ["set", () => redis.sadd(KEY, "a")],
    ["stream", () => redis.xadd(KEY, "*", "a", "b")],
    ["zset", () => redis.zadd(KEY, 0, "a")],
    ["thread of a newer version", () => redis.zadd(KEY, 0, "!langgraph checkpoints, format 2")],
  ];
  it.each(foreign)("%s", async (_, fill) => {
    await redis.del(KEY);
    await fill();
    await expectRefused(everything);
  });
});

/** Replaces the one member that begins like this. */
async function damage(kind: string, change: (member: Buffer) => Buffer): Promise<void> {
  const members = await redis.zrangeBuffer(KEY, 0, "-1");
  const found = members.findLast((member) => member.toString("latin1").startsWith(kind))!;
  await redis.zrem(KEY, found);
  await redis.zadd(KEY, 0, change(found));
}

/** The record's format stands after the name, whose parts NUL ends. */
function withFormat(member: Buffer, parts: number, format: string): Buffer {
  let position = 0;
  for (let part = 0; part < parts; part += 1) position = member.indexOf(0, position) + 1;
  const changed = Buffer.from(member);
  changed.write(format, position);
  return changed;
}

describe("a record that cannot be read is refused and left alone", () => {
  const shorter = (by: number) => (member: Buffer) => member.subarray(0, member.length - by);
  const cases: [string, string, (member: Buffer) => Buffer][] = [
    ["a value of another format", "b", (member) => withFormat(member, 3, "2")],
    ["a value cut off", "b", shorter(2)],
    ["a value cut off at its length", "b", shorter(12)],
    ["a value that goes on", "b", (member) => Buffer.concat([member, Buffer.from("x")])],
    ["a value that is not JSON", "b", (member) => Buffer.concat([shorter(1)(member), Buffer.from("x")])],
    [
      "a value of an unknown encoding",
      "b",
      (member) => Buffer.from(member.toString("latin1").replace("aura1", "aurax"), "latin1"),
    ],
    ["a write of another format", "w", (member) => withFormat(member, 4, "9")],
    ["a write cut off", "w", shorter(1)],
  ];
  it.each(cases)("%s", async (_, kind, change) => {
    await damage(kind, change);
    await expectRefused(reads);
  });

  const ofCheckpoints: [string, (member: Buffer) => Buffer][] = [
    ["of another format", (member) => withFormat(member, 2, "2")],
    ["cut off", shorter(3)],
    ["cut off in its metadata", shorter(30)],
    ["cut off in its JSON", shorter(80)],
    ["nothing but a name", (member) => Buffer.from(member.toString("latin1").slice(0, 40), "latin1")],
    [
      "with damaged JSON",
      (member) => Buffer.from(member.toString("latin1").replace('{"ts"', '{"tx"'), "latin1"),
    ],
    [
      "with metadata that is no object",
      (member) => Buffer.from(member.toString("latin1").replace(/\d+\0\{"source.*$/s, "2\x0042"), "latin1"),
    ],
  ];
  it.each(ofCheckpoints)("a checkpoint %s", async (_, change) => {
    await damage("c", change);
    await expectRefused({
      latest: everything["getTuple, latest"],
      list,
      filtered: everything["list, filtered"],
    });
  });

  it("not even to store the same checkpoint or write again", async () => {
    const stored = { ...checkpoint({}), id: String(child.configurable?.checkpoint_id) };
    await damage("c", (member) => withFormat(member, 2, "2"));
    await damage("w", (member) => withFormat(member, 4, "2"));
    await expectRefused({
      put: () => saver.put(parent, stored, METADATA, {}),
      putWrites: () => saver.putWrites(parent, [[INTERRUPT, "again"]], "task"),
      history: () => saver.getDeltaChannelHistory({ config: child, channels: ["a"] }),
    });
  });

  it("not by pruning either", async () => {
    await putValues(saver, child, {});
    await damage("c", (member) => withFormat(member, 2, "2"));
    const pruning = new RedisCheckpointer(redis, { keep: 1 });
    const before = await redis.zrangeBuffer(KEY, 0, "-1");
    await putValues(pruning, at("t"), {});
    const after = (await redis.zrangeBuffer(KEY, 0, "-1")).map((member) => member.toString("latin1"));
    for (const member of before) expect(after).toContain(member.toString("latin1"));
  });

  it("deleteThread removes it, whatever it is", async () => {
    await redis.set(KEY, "x");
    await saver.deleteThread("t");
    expect(await redis.keys("*")).toEqual([]);
  });
});
