import { isDeepStrictEqual } from "node:util";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { RedisSaver } from "@langchain/langgraph-checkpoint-redis";
import { beforeEach, describe, expect, test } from "vitest";
import { guarded } from "../../../src/adapters/redis/stack-saver.ts";
import { HOSTILE } from "../../helpers/hostile-json.ts";
import { redisStackClient } from "../../helpers/redis-stack-client.ts";
import { at, checkpoint, METADATA, valuesOf, writesOf } from "../../packages/checkpoint-redis/sample.ts";

describe("the official saver, guarded", () => {
  let client: ReturnType<typeof redisStackClient>;
  let official: RedisSaver;
  beforeEach(() => {
    client = redisStackClient();
    official = new RedisSaver(client as any);
  });

  test("gives values and pending writes back as they were", async () => {
    const saver = guarded(official);
    const call = { type: "tool_call" as const, id: "c", name: "x", args: { to: HOSTILE } };
    const values = {
      context: HOSTILE,
      messages: [new HumanMessage("hi"), new AIMessage({ content: "", tool_calls: [call] })],
    };
    const stored = checkpoint(values);
    const config = await saver.put(at("t"), stored, METADATA, stored.channel_versions);
    await saver.putWrites(config, [["context", HOSTILE]], "task");
    const found = await saver.getTuple(at("t"));
    expect(isDeepStrictEqual(valuesOf(found), values)).toBe(true);
    expect(isDeepStrictEqual(writesOf(found), [["task", "context", HOSTILE]])).toBe(true);
    expect(found?.metadata).toEqual(METADATA);
    // Values of an ancestor, which it reads from documents of their own.
    const next = checkpoint(values, stored.channel_versions);
    const later = await saver.getTuple(await saver.put(config, next, METADATA, {}));
    expect(isDeepStrictEqual(valuesOf(later), values)).toBe(true);
  });

  test("reads what was stored without the guard by the closed list", async () => {
    const { "a class of LangChain's": named } = HOSTILE;
    const values = { context: { x: named }, messages: [new HumanMessage({ id: "h", content: "hi" })] };
    const stored = checkpoint(values);
    await official.put(at("t"), stored, METADATA, stored.channel_versions);
    const found = valuesOf(await guarded(official).getTuple(at("t")));
    expect(found).toMatchObject({ context: { x: named } });
    expect(found?.messages).toStrictEqual(values.messages);
  });
});
