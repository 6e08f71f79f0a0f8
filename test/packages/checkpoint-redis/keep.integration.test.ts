import { RedisCheckpointer } from "@aura-platform/checkpoint-redis";
import type { RunnableConfig } from "@langchain/core/runnables";
import { Annotation, Command, DeltaChannel, END, START, StateGraph } from "@langchain/langgraph";
import { INTERRUPT, TASKS } from "@langchain/langgraph-checkpoint";
import type { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { onEmptyRedis } from "../../helpers/redis-of-file.ts";
import { approvalGraph } from "./approval-graph.ts";
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

const KEY = "langgraph:thread:t";

let redis: Redis;
onEmptyRedis((empty) => {
  redis = empty;
});

/** A chain of checkpoints, oldest first. */
async function chain(
  saver: RedisCheckpointer,
  from: RunnableConfig,
  length: number,
): Promise<RunnableConfig[]> {
  const configs: RunnableConfig[] = [];
  for (let n = 0; n < length; n += 1) {
    const parent = configs.at(-1) ?? from;
    configs.push(await putValues(saver, parent, { n: `value ${n}` }));
    await saver.putWrites(configs.at(-1) ?? from, [["n", n]], "task");
  }
  return configs;
}

describe("keep", () => {
  it("keeps the newest of each namespace, and nothing of the others", async () => {
    const saver = new RedisCheckpointer(redis, { keep: 3 });
    const root = await chain(saver, at("t"), 10);
    const sub = await chain(saver, at("t", "sub:1"), 5);
    expect(idsOf(await listed(saver, at("t")))).toEqual(root.slice(-3).reverse().map(idOf));
    expect(idsOf(await listed(saver, at("t", "sub:1")))).toEqual(sub.slice(-3).reverse().map(idOf));
    expect(valuesOf(await saver.getTuple(at("t")))).toEqual({ n: "value 9" });
    // marker, and per checkpoint: itself, its value, its write
    expect(await redis.zcard(KEY)).toBe(1 + 6 * 3);
  });

  it("keeps a value that an old checkpoint stored and a kept one still has", async () => {
    const saver = new RedisCheckpointer(redis, { keep: 1 });
    let config = await putValues(saver, at("t"), { old: "still here", n: 0 });
    const { old = 0 } = (await saver.getTuple(config))?.checkpoint.channel_versions ?? {};
    for (let n = 1; n < 8; n += 1) {
      const next = checkpoint({ old: "still here", n }, { old, n: n + 1000 });
      config = await saver.put(config, next, METADATA, { n: n + 1000 });
    }
    expect(await listed(saver, at("t"))).toHaveLength(1);
    expect(valuesOf(await saver.getTuple(at("t")))).toEqual({ old: "still here", n: 7 });
    expect(await redis.zcard(KEY)).toBe(1 + 1 + 2);
  });

  it("never removes the end of a branch, on which an interrupt waits", async () => {
    const saver = new RedisCheckpointer(redis, { keep: 1 });
    const base = await putValues(saver, at("t"), { a: "base" });
    const waiting = await putValues(saver, base, { a: "waiting" });
    const other = await chain(saver, base, 6);
    // The write may come long after its checkpoint, from a slow run.
    await saver.putWrites(waiting, [[INTERRUPT, "may I?"]], "task");
    await chain(saver, other.at(-1) ?? base, 6);
    const found = await saver.getTuple(waiting);
    expect(valuesOf(found)).toEqual({ a: "waiting" });
    expect(writesOf(found)).toEqual([["task", INTERRUPT, "may I?"]]);
    expect(await listed(saver, at("t"))).toHaveLength(2);
  });

  it("keeps the sends of a checkpoint of before format 4", async () => {
    const saver = new RedisCheckpointer(redis, { keep: 1 });
    const first = await putValues(saver, at("t"), {});
    const parent = await putValues(saver, first, {});
    await saver.putWrites(parent, [[TASKS, "send"]], "task");
    const child = await saver.put(parent, { ...checkpoint({}), v: 3 }, METADATA, {});
    expect((await saver.getTuple(child))?.checkpoint.channel_values).toEqual({ [TASKS]: ["send"] });
    expect(idsOf(await listed(saver, at("t")))).toEqual([idOf(child), idOf(parent)]);
  });

  it("does not change what a graph does: approvals", async () => {
    const saver = new RedisCheckpointer(redis, { keep: 1 });
    const graph = approvalGraph(saver);
    const config = { configurable: { thread_id: "t" } };
    for (let round = 1; round <= 3; round += 1) {
      await graph.invoke({ log: [`input ${round}`] }, config);
      const [task] = (await graph.getState(config)).tasks;
      expect(task?.interrupts.map(({ value }) => value)).toEqual(["may I?"]);
      const { log } = await graph.invoke(new Command({ resume: "yes" }), config);
      expect(log).toEqual(
        Array.from({ length: round }, (_, n) => [
          `input ${n + 1}`,
          "planned",
          "decided: yes",
          "acted",
        ]).flat(),
      );
      expect(await collect(await graph.getStateHistory(config))).toHaveLength(1);
    }
  });

  it.each([1, 3, 1000])(
    "does not change what a graph does: deltas, a snapshot every %i",
    async (snapshotFrequency) => {
      const saver = new RedisCheckpointer(redis, { keep: 2 });
      const State = Annotation.Root({
        n: Annotation<number>(),
        log: new DeltaChannel<string[], string[]>((all, writes) => [...all, ...writes.flat()], {
          snapshotFrequency,
        }) as any,
      });
      const graph = new StateGraph(State)
        .addNode("step", ({ n }) => ({ n: n + 1, log: [`step ${n}`] }))
        .addEdge(START, "step")
        .addConditionalEdges("step", ({ n }) => (n % 10 === 0 ? END : "step"))
        .compile({ checkpointer: saver });
      const config = { configurable: { thread_id: "t" } };
      for (let round = 0; round < 3; round += 1) await graph.invoke({ n: round * 10 }, config);
      const expected = Array.from({ length: 30 }, (_, n) => `step ${n}`);
      expect((await graph.getState(config)).values.log).toEqual(expected);
      const history = await collect(await graph.getStateHistory(config));
      expect(history[0]?.values.log).toEqual(expected);
      if (snapshotFrequency === 1) expect(history).toHaveLength(2);
      if (snapshotFrequency === 3) expect(history.length).toBeLessThan(8);
    },
  );
});
