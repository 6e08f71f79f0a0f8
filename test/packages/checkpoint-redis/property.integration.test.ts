import { RedisCheckpointer } from "@aura-platform/checkpoint-redis";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";
import { FORWARD, observe } from "./scenario.ts";

const SEEDS = 200;
const PER_TEST = 20;

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

describe("random graphs look the same on MemorySaver and on Redis", () => {
  const blocks = Array.from({ length: SEEDS / PER_TEST }, (_, block) => block * PER_TEST);
  it.each(blocks)("seeds from %i", async (first) => {
    const saver = new RedisCheckpointer(server.client());
    for (let seed = first; seed < first + PER_TEST; seed += 1) {
      const expected = await observe(seed, new MemorySaver());
      expect(await observe(seed, saver), `seed ${seed}`).toEqual(expected);
    }
  });

  it("also when only the last checkpoint is kept: 40 seeds", async () => {
    const saver = new RedisCheckpointer(server.client(), { keyPrefix: "keep:", keep: 1 });
    for (let seed = 1000; seed < 1040; seed += 1) {
      const { operations } = await observe(seed, new MemorySaver(), FORWARD);
      expect((await observe(seed, saver, FORWARD)).operations, `seed ${seed}`).toEqual(operations);
    }
  });
});
