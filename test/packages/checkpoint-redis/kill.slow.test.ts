import { once } from "node:events";
import { RedisCheckpointer } from "@aura-platform/checkpoint-redis";
import type { RunnableConfig } from "@langchain/core/runnables";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";
import { at, checkpoint, idOf, listed, METADATA, valuesOf, writesOf } from "./sample.ts";

interface Acknowledged {
  puts: { config: RunnableConfig; values: Record<string, unknown> }[];
  writes: { config: RunnableConfig; task: string }[];
}

/** One thread after another, each with a few checkpoints and writes, until Redis is gone. */
async function burst(saver: RedisCheckpointer, name: string, acknowledged: Acknowledged): Promise<void> {
  for (let thread = 0; ; thread += 1) {
    let config = at(`${name} ${thread}`);
    for (let n = 0; n < 5; n += 1) {
      const values = { n, text: `${name} ${thread} ${n}`.repeat(50), list: Array.from({ length: n }) };
      const stored = checkpoint(values);
      const attempts = [
        saver.put(config, stored, METADATA, stored.channel_versions).then((stored) => {
          acknowledged.puts.push({ config: stored, values });
        }),
        ...["task a", "task b"].map(async (task) => {
          const on = at(`${name} ${thread}`, "", stored.id);
          await saver.putWrites(
            on,
            [
              ["n", task],
              ["text", task],
            ],
            task,
          );
          acknowledged.writes.push({ config: on, task });
        }),
      ];
      const outcomes = await Promise.allSettled(attempts);
      if (outcomes.some(({ status }) => status === "rejected")) return;
      config = at(`${name} ${thread}`, "", stored.id);
    }
  }
}

async function strictClient({ host, port }: TestRedis): Promise<Redis> {
  const client = new Redis({
    host,
    port,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  client.on("error", () => {});
  await once(client, "ready");
  return client;
}

describe("Redis is killed in the middle of a burst", () => {
  it.each([1, 2, 3])("every acknowledged write is there, and nothing is half there (%i)", async (round) => {
    const server = await startRedis({ appendOnly: true, args: ["--appendfsync", "always"] });
    try {
      const acknowledged: Acknowledged = { puts: [], writes: [] };
      const client = await strictClient(server);
      const saver = new RedisCheckpointer(client, { keep: 4 });
      const bursts = Array.from({ length: 10 }, (_, n) => burst(saver, `burst ${n}`, acknowledged));
      // Not after a time, but in the middle of something: right when an acknowledgement arrives.
      const killed = new Promise<void>((resolve, reject) => {
        const push = acknowledged.puts.push.bind(acknowledged.puts);
        acknowledged.puts.push = (...items) => {
          const length = push(...items);
          if (length === 100 * round) server.kill9().then(resolve, reject);
          return length;
        };
      });
      await Promise.all(bursts);
      await killed;

      await server.up();
      const after = new RedisCheckpointer(server.client());
      for (const { config, values } of acknowledged.puts) {
        const found = await after.getTuple(config);
        // The first of five may have been pruned by the fifth.
        if (found === undefined)
          expect(await listed(after, at(config.configurable?.thread_id))).toHaveLength(4);
        else expect(valuesOf(found)).toEqual(values);
      }
      for (const { config, task } of acknowledged.writes) {
        const found = await after.getTuple(config);
        const ours = writesOf(found)?.filter(([id]) => id === task);
        if (found !== undefined)
          expect(ours).toEqual([
            [task, "n", task],
            [task, "text", task],
          ]);
      }
      const acknowledgedIds = new Set(acknowledged.puts.map(({ config }) => idOf(config)));
      const all = await listed(after, {});
      for (const tuple of all) {
        expect(Object.keys(valuesOf(tuple) ?? {}).sort()).toEqual(["list", "n", "text"]);
        expect((writesOf(tuple)?.length ?? 0) % 2).toBe(0);
      }
      // At most the puts that were under way are there without having been acknowledged.
      expect(all.filter(({ checkpoint: { id } }) => !acknowledgedIds.has(id)).length).toBeLessThanOrEqual(10);
      expect(acknowledged.puts.length).toBeGreaterThanOrEqual(100 * round);
    } finally {
      await server.stop();
    }
  });
});
