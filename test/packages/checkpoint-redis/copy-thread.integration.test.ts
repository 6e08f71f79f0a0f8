import { isDeepStrictEqual } from "node:util";
import { CheckpointSerializer, copyThread, RedisCheckpointer } from "@aura-platform/checkpoint-redis";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { Command } from "@langchain/langgraph";
import { type BaseCheckpointSaver, MemorySaver } from "@langchain/langgraph-checkpoint";
import { RedisSaver } from "@langchain/langgraph-checkpoint-redis";
import type { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { HOSTILE } from "../../helpers/hostile-json.ts";
import { onEmptyRedis } from "../../helpers/redis-of-file.ts";
import { redisStackClient } from "../../helpers/redis-stack-client.ts";
import { approvalGraph } from "./approval-graph.ts";
import { buildGraph, choicesOf, randomSpec } from "./random-graph.ts";
import { at, checkpoint, collect, idsOf, listed, METADATA, putValues, valuesOf } from "./sample.ts";
import { observe } from "./scenario.ts";

let redis: Redis;
let saver: RedisCheckpointer;
onEmptyRedis((empty) => {
  redis = empty;
  saver = new RedisCheckpointer(redis);
});

/** What LangGraph sees of the thread on this saver. */
function historyOf(seed: number, on: BaseCheckpointSaver): Promise<any[]> {
  const graph = buildGraph(randomSpec(choicesOf(seed)), on);
  return collect(graph.getStateHistory({ configurable: { thread_id: `t${seed}` } }));
}

describe("a thread that is copied", () => {
  it("has the same history and goes on as it would have: 60 random graphs, with forks", async () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const memory = new MemorySaver();
      await observe(seed, memory);
      const expected = await historyOf(seed, memory);
      const copied = await copyThread(memory, saver, `t${seed}`);
      expect(copied, `seed ${seed}`).toBeGreaterThanOrEqual(expected.length);
      expect(await historyOf(seed, saver), `seed ${seed}`).toEqual(expected);

      const config = { configurable: { thread_id: `t${seed}` }, recursionLimit: 60 };
      const finish = async (on: BaseCheckpointSaver) => {
        const graph = buildGraph(randomSpec(choicesOf(seed)), on);
        const { tasks } = await graph.getState(config);
        const open: { id: string }[] = tasks.flatMap((task: any) => task.interrupts);
        const resume = Object.fromEntries(open.map(({ id }) => [id, "yes"]));
        const input = open.length === 0 ? null : new Command({ resume });
        const { __interrupt__: asked = [], ...values } = await graph.invoke(input, config);
        // A new task's id is another one on each run.
        return { values, asked: asked.map((one: any) => one.value) };
      };
      expect(await finish(saver), `seed ${seed}`).toEqual(await finish(memory));
    }
  });

  it("is the same when it is copied again", async () => {
    const memory = new MemorySaver();
    await observe(7, memory);
    await copyThread(memory, saver, "t7");
    const dump = await redis.zrangeBuffer("langgraph:thread:t7", "0", "-1");
    await copyThread(memory, saver, "t7");
    expect(await redis.zrangeBuffer("langgraph:thread:t7", "0", "-1")).toEqual(dump);
  });

  // How many each needs: the ends of its branches, and ancestors from which a delta channel is rebuilt.
  it.each([
    [0, 3],
    [3, 1],
    [8, 1],
  ])("leaves nothing of what is not kept, and can be copied again: seed %i", async (seed, expected) => {
    const thread = `t${seed}`;
    const memory = new MemorySaver();
    await observe(seed, memory);
    const keeping = new RedisCheckpointer(redis, { keyPrefix: "keep:", keep: 1 });
    for (let count = 0; count < 2; count += 1) {
      await copyThread(memory, keeping, thread);
      const kept = (await listed(keeping, { configurable: { thread_id: thread } })).map(
        ({ checkpoint }) => checkpoint.id,
      );
      expect(kept).toHaveLength(expected);
      const members = await redis.zrange(`keep:thread:${thread}`, "[w", "(x", "BYLEX");
      expect(members.map((member) => member.split("\0")[1]).filter((id) => !kept.includes(id ?? ""))).toEqual(
        [],
      );
      expect((await historyOf(seed, keeping))[0]).toEqual((await historyOf(seed, memory))[0]);
    }
  });

  it("is of every namespace, and of no other thread", async () => {
    const other = new RedisCheckpointer(redis, { keyPrefix: "other:" });
    await putValues(other, at("t", "sub:1"), { a: 1 });
    await putValues(other, at("t"), { a: 2 });
    await putValues(other, at("t:2"), { a: 3 });
    expect(await copyThread(other, saver, "t")).toBe(2);
    expect(await copyThread(other, saver, "nobody's")).toBe(0);
    expect(valuesOf(await saver.getTuple(at("t", "sub:1")))).toEqual({ a: 1 });
    expect(idsOf(await listed(saver, {}))).toEqual(
      idsOf(await listed(other, { configurable: { thread_id: "t" } })),
    );
  });

  it("may have one version for two values: what had seen it has seen it", async () => {
    const from = new MemorySaver();
    const versions = { a: 3, b: 2, none: 1 };
    const seen = { first: { a: 3, b: 1 }, second: { a: 2 } };
    const branches = ["one", "two"].map((a) => ({
      ...checkpoint({ a, b: "b" }, versions),
      versions_seen: seen,
    }));
    // Of a saver that keeps the values with each checkpoint, as the official one does.
    const list = async function* () {
      for (const branch of branches) yield { config: at("t"), checkpoint: branch, metadata: METADATA };
    };
    await copyThread(Object.assign(from, { list }), saver, "t");
    const [two, one] = (await listed(saver, at("t"))).map((tuple) => tuple.checkpoint);
    expect([one?.channel_values, two?.channel_values]).toEqual([
      { a: "one", b: "b" },
      { a: "two", b: "b" },
    ]);
    expect(one).toMatchObject({ channel_versions: versions, versions_seen: seen });
    const { a = 0, b = 0 } = two?.channel_versions ?? {};
    expect([Math.floor(Number(a)), Math.floor(Number(b)), two?.channel_versions.none]).toEqual([3, 2, 1]);
    expect(a).not.toBe(3);
    expect(two?.versions_seen).toEqual({ first: { a, b: 1 }, second: { a: 2 } });
  });
});

describe("a thread of the official saver", () => {
  const official = () => {
    const stored = new RedisSaver(redisStackClient() as any);
    stored.serde = new CheckpointSerializer();
    return stored;
  };

  it("waits for its approval after the move, and is approved", async () => {
    const from = official();
    const config = { configurable: { thread_id: "t" } };
    await approvalGraph(from).invoke({ log: ["input"] }, config);
    const before = await approvalGraph(from).getState(config);
    expect(await copyThread(from, saver, "t")).toBe(3);
    expect(await approvalGraph(saver).getState(config)).toEqual(before);
    const { log } = await approvalGraph(saver).invoke(new Command({ resume: "yes" }), config);
    expect(log).toEqual(["input", "planned", "decided: yes", "acted"]);
  });

  it("keeps both branches of a fork, which have the same versions there", async () => {
    const from = official();
    const graph = approvalGraph(from);
    await graph.invoke({ log: ["input"] }, { configurable: { thread_id: "t" } });
    const { config: suspended } = await graph.getState({ configurable: { thread_id: "t" } });
    const branches = [
      await graph.updateState(suspended, { log: ["one"] }, "approve"),
      await graph.updateState(suspended, { log: ["two"] }, "approve"),
    ];
    await copyThread(from, saver, "t");
    await copyThread(from, saver, "t");
    const states = await Promise.all(branches.map((branch) => approvalGraph(saver).getState(branch)));
    expect(states.map(({ values, next }) => [values.log.at(-1), next])).toEqual([
      ["one", ["act"]],
      ["two", ["act"]],
    ]);
    for (const branch of branches) {
      const { log } = await approvalGraph(saver).invoke(null, branch);
      expect(log.at(-1)).toBe("acted");
    }
  });

  it("has more than ten checkpoints, and data that look like classes stay data", async () => {
    const from = official();
    const { "a class of LangChain's": named, "a secret": secret } = HOSTILE;
    const messages = [
      new HumanMessage({ id: "h", content: "hi" }),
      new AIMessage({ id: "a", content: "yes" }),
    ];
    let config = at("t");
    for (let n = 0; n < 25; n += 1) {
      const stored = checkpoint({ n, context: { named, secret }, messages });
      config = await from.put(config, stored, METADATA, stored.channel_versions);
    }
    expect(await copyThread(from, saver, "t")).toBe(25);
    const found = valuesOf(await saver.getTuple(at("t")));
    expect(isDeepStrictEqual(found?.context, { named, secret })).toBe(true);
    expect(found?.messages).toStrictEqual(messages);
  });
});
