import { afterEach, beforeEach, expect, test } from "vitest";
import { type OpenAiStub, planReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf, openStream } from "../helpers/sse-client.ts";
import { headersOf, type Stack, startStack } from "../helpers/stack.ts";

let stub: OpenAiStub;
let stack: Stack;
beforeEach(async () => {
  stub = await startOpenAiStub();
  stack = await startStack({
    backend: "embedded",
    env: { OPENAI_BASE_URL: stub.url, OPENAI_API_KEY: "key" },
  });
});
afterEach(async () => {
  await stack.close();
  await stub.close();
});

test.each(["2512292042121000001", "-9007199254740993", "1e400", "0.1234567890123456789"])(
  "a number of a client's context reaches the model with all its digits: %s",
  async (number) => {
    stub.script(planReply({ title: "Answer" }), { reply: { text: "ok" } });
    const stream = await openStream(`${stack.url}/api/aura/test/stream`, {
      method: "POST",
      headers: await headersOf(),
      body: `{"prompt":"which item?","context":{"itemId":${number},"page":1.0}}`,
    });
    expect(eventsOf(await stream.ended).some(({ type }) => type === "error")).toBe(false);
    const system = String(stub.requests.at(-1)?.messages[0]?.content);
    expect(system).toContain(`"itemId":"${number}","page":1}`);
    stub.verify();
  },
);

test("names that reach a prototype are refused beside such a number as well", async () => {
  for (const body of [
    '{"prompt":"x","context":{"n":2512292042121000001,"__proto__":{"a":1}}}',
    '{"prompt":"x","context":{"n":2512292042121000001,"constructor":{"prototype":{"a":1}}}}',
  ]) {
    const response = await fetch(`${stack.url}/api/aura/test/stream`, {
      method: "POST",
      headers: await headersOf(),
      body,
    });
    expect(response.status).toBe(400);
  }
});
