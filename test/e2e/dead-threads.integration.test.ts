import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Direct, directly, RECORDED_USER } from "../helpers/direct.ts";
import { type ChatRequest, type OpenAiStub, planReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { startRedis } from "../helpers/redis.ts";
import { restoreRedis } from "../helpers/redis-fixture.ts";
import { textOf } from "../helpers/sse-client.ts";
import { type Stack, startStack } from "../helpers/stack.ts";

/**
 * What providers are strict about, as they say it; undefined when the request is one that all of them take.
 */
function refusalOf({ messages }: ChatRequest): string | undefined {
  if (/\\ud[89a-f]/.test(JSON.stringify(messages))) return "the body is no well-formed Unicode";
  for (const [at, { content, tool_calls = [] }] of messages.entries()) {
    if (tool_calls.some((call) => !/^[a-zA-Z0-9_-]{1,64}$/.test(call.function.name))) {
      return `messages.${at}.tool_calls: string does not match pattern`;
    }
    if (tool_calls.length === 0 && String(content).trim() === "") return `messages.${at}: content is empty`;
  }
  return undefined;
}

/**
 * A Redis that commit 67b8361 wrote, from model servers that answered with names that are none, half
 * characters and silence. A strict server refused every later prompt on these threads.
 */
describe("threads that a saved history had killed", () => {
  let stack: Stack;
  let service: Direct;
  let stub: OpenAiStub;

  beforeAll(async () => {
    stub = await startOpenAiStub([], {
      always: (request) => {
        if (String(request.messages[0]?.content).startsWith("TASK:")) return planReply({ title: "x" }).reply;
        const error = refusalOf(request);
        return error === undefined ? { text: "alive" } : { status: 400, error };
      },
    });
    const redis = await startRedis();
    await restoreRedis(redis.client(), "redis-67b8361");
    stack = await startStack({
      backend: "redis",
      redis,
      env: { OPENAI_BASE_URL: stub.url, OPENAI_API_KEY: "key" },
    });
    service = directly(stack, RECORDED_USER);
  });
  afterAll(async () => {
    await stack.close();
    await stub.close();
  });

  test.each(["bad-name", "empty-name", "half-character", "says-nothing"])(
    "%s answers again",
    async (threadId) => {
      const before = (await service.getJson(`/aura/threads/${threadId}`)).data.messages;
      expect(before.length).toBeGreaterThan(2);
      const stream = await service.chat({ prompt: "and now?", threadId });
      await stream.ended;
      expect(textOf(stream.frames)).toBe("alive");
      // What the model was given is the old history, and all of it.
      const roles = stub.requests.at(-1)?.messages.map(({ role }) => role);
      expect(roles?.slice(1)).toHaveLength(before.length + 1);
    },
  );
});
