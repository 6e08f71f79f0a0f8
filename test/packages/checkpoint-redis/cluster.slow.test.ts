import { RedisCheckpointer } from "@aura-platform/checkpoint-redis";
import { Command } from "@langchain/langgraph";
import type { Cluster } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../../helpers/redis-cluster.ts";
import { approvalGraph } from "./approval-graph.ts";
import { at, checkpoint, collect, listed, METADATA, putValues, valuesOf } from "./sample.ts";

let cluster: TestCluster;
let client: Cluster;
beforeAll(async () => {
  cluster = await startCluster(3);
  client = await cluster.client();
});
afterAll(() => cluster.stop());

describe("on a cluster of three", () => {
  it("a run is suspended, resumed, listed and deleted", async () => {
    const saver = new RedisCheckpointer(client, { keyPrefix: "run:", ttlMs: 1_000_000, keep: 10 });
    const threads = Array.from({ length: 20 }, (_, n) => `thread ${n}`);
    await Promise.all(
      threads.map(async (thread_id) => {
        const config = { configurable: { thread_id } };
        await approvalGraph(saver).invoke({ log: ["input"] }, config);
        const { log } = await approvalGraph(saver).invoke(new Command({ resume: "yes" }), config);
        expect(log).toEqual(["input", "planned", "decided: yes", "acted"]);
        const history = await collect(await approvalGraph(saver).getStateHistory(config));
        expect(history.map(({ next }) => next)).toEqual([[], ["act"], ["approve"], ["plan"], ["__start__"]]);
      }),
    );
    const found = await listed(saver, {});
    expect(new Set(found.map(({ config }) => config.configurable?.thread_id))).toEqual(new Set(threads));
    const sizes = await Promise.all(cluster.nodes.map((node) => node.client().dbsize()));
    expect(sizes.filter((size) => size > 0)).toHaveLength(3);

    await Promise.all(threads.map((thread) => saver.deleteThread(thread)));
    expect(await listed(saver, {})).toEqual([]);
    const left = await Promise.all(cluster.nodes.map((node) => node.client().dbsize()));
    expect(left).toEqual([0, 0, 0]);
  });

  it("any thread id works, braces too", async () => {
    const saver = new RedisCheckpointer(client, { keyPrefix: "ids:" });
    const names = ["{}", "{a}", "}{", "a{b", "{", "}", "{}{}", "{thread}:x", "%", "\0"];
    for (const name of names) await putValues(saver, at(name), { name });
    for (const name of names) expect(valuesOf(await saver.getTuple(at(name)))).toEqual({ name });
  });

  it("a client that asks the wrong node gets MOVED, and nothing is written", async () => {
    const wrong = cluster.nodes.map((node) => new RedisCheckpointer(node.client(), { keyPrefix: "moved:" }));
    const stored = checkpoint({ a: 1 });
    const putting = wrong.map((saver) => saver.put(at("t"), stored, METADATA, stored.channel_versions));
    const outcomes = await Promise.allSettled(putting);
    const refused = outcomes.filter(({ status }) => status === "rejected");
    // Thread and index are on one node each, so at least one node has neither.
    expect(refused.length).toBeGreaterThanOrEqual(2);
    for (const outcome of refused) expect(outcome).toMatchObject({ reason: { message: /^MOVED/ } });
    await expect(Promise.all(wrong.map((saver) => saver.getTuple(at("t"))))).rejects.toThrow("MOVED");

    const right = new RedisCheckpointer(client, { keyPrefix: "moved:" });
    const found = await right.getTuple(at("t"));
    if (found !== undefined) expect(valuesOf(found)).toEqual({ a: 1 });
    await right.put(at("t"), stored, METADATA, stored.channel_versions);
    expect(await listed(right, {})).toHaveLength(1);
  });

  it("a slot that moves to another node takes its thread along", async () => {
    const saver = new RedisCheckpointer(client, { keyPrefix: "slot:" });
    const config = await putValues(saver, at("t"), { a: 1 });
    const slot = Number(await client.cluster("KEYSLOT", "slot:thread:t"));
    const nodes = cluster.nodes.map((node) => ({ node, redis: node.client() }));
    const ids = await Promise.all(nodes.map(({ redis }) => redis.call("CLUSTER", "MYID").then(String)));
    const from = await Promise.all(nodes.map(({ redis }) => redis.call("CLUSTER", "COUNTKEYSINSLOT", slot)));
    const source = from.indexOf(1);
    const target = (source + 1) % 3;
    await nodes[target]!.redis.call("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source]!);
    await nodes[source]!.redis.call("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target]!);
    await nodes[source]!.redis.call(
      "MIGRATE",
      "127.0.0.1",
      nodes[target]!.node.port,
      "slot:thread:t",
      0,
      5000,
    );
    // In between: the source knows that it is gone, and asks the client to ask there.
    expect(valuesOf(await saver.getTuple(config))).toEqual({ a: 1 });
    for (const { redis } of nodes) await redis.call("CLUSTER", "SETSLOT", slot, "NODE", ids[target]!);
    const next = await putValues(saver, config, { a: 2 });
    expect(valuesOf(await saver.getTuple(next))).toEqual({ a: 2 });
    expect(await listed(saver, at("t"))).toHaveLength(2);
  });
});
