import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { planReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf } from "../helpers/sse-client.ts";
import { chat, decide, type Stack, startStack } from "../helpers/stack.ts";

const NUMBER = "2512292042121000001";

/** A server over HTTP that is written by hand: the SDK's would parse the very bytes that count here. */
async function byteServer(inputSchema: unknown, result: string) {
  const calls: string[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { id, method } = body === "" ? { id: undefined, method: request.method } : JSON.parse(body);
    if (method === "tools/call") calls.push(body);
    const tool = { name: "get", description: "x", inputSchema };
    const results: Record<string, string> = {
      initialize: JSON.stringify({
        protocolVersion: "2025-06-18",
        capabilities: { tools: {} },
        serverInfo: { name: "byte", version: "1" },
      }),
      "tools/list": JSON.stringify({ tools: [tool] }),
      "tools/call": result,
    };
    const answer = results[method];
    if (answer === undefined || id === undefined) {
      response.writeHead(method === "GET" ? 405 : 202).end();
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.end(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${answer}}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, calls };
}

async function called(inputSchema: unknown, args: string, result: string) {
  const far = await byteServer(inputSchema, result);
  const stub = await startOpenAiStub([
    planReply({ title: "Get it" }),
    { reply: { calls: [{ name: "files__get", args }] } },
    { reply: { text: "done" } },
  ]);
  onTestFinished(() => stub.close());
  const stack: Stack = await startStack({
    backend: "embedded",
    env: {
      OPENAI_BASE_URL: stub.url,
      OPENAI_API_KEY: "key",
      AURA_MCP_SERVERS: JSON.stringify({ files: { url: far.url } }),
    },
  });
  onTestFinished(() => stack.close());
  await expect.poll(() => stack.logs.some(({ msg }) => msg === "MCP server connected")).toBe(true);
  const stream = await chat(stack, { prompt: "get it", threadId: "numbers" });
  return { far, stub, stack, stream };
}

test.each([
  ["a number", { type: "integer" }, NUMBER],
  ["a number in a choice", { anyOf: [{ type: "null" }, { type: "number" }] }, NUMBER],
  ["text, where text is taken", { type: ["string", "integer"] }, `"${NUMBER}"`],
])("big-integer: the approver sees, and the tool gets, every digit, as %s", async (_, id, sent) => {
  const schema = { type: "object", properties: { id }, required: ["id"] };
  const text = JSON.stringify({ content: [{ type: "text", text: "found" }] });
  const { far, stub, stack, stream } = await called(schema, `{"id": ${NUMBER}}`, text);
  const hitl = await stream.event("hitl");
  expect(JSON.stringify(hitl.context)).toContain(NUMBER);
  expect(await stack.get(`hitl:request:${hitl.requestId}`)).toContain(NUMBER);
  await decide(stack, hitl.requestId, "approve");
  const events = eventsOf(await stream.ended);
  expect(events.filter(({ type }) => type === "tool_execution").at(-1)?.data).toMatchObject({
    status: "completed",
    parameters: { id: NUMBER },
  });
  expect(far.calls).toHaveLength(1);
  expect(far.calls[0]).toContain(`"arguments":{"id":${sent}}`);
  expect(JSON.stringify(stub.requests.at(-1)?.messages)).toContain(NUMBER);
  stub.verify();
});

test("a number that the server's schema refuses is refused with its reason, and nobody is asked", async () => {
  const schema = { type: "object", properties: { id: { type: "integer", maximum: 100 } } };
  const { far, stream } = await called(schema, `{"id": ${NUMBER}}`, "{}");
  const events = eventsOf(await stream.ended);
  expect(events.some(({ type }) => type === "hitl")).toBe(false);
  expect(events.find(({ type }) => type === "tool_execution")?.data.result).toContain("at most 100");
  expect(far.calls).toEqual([]);
});

test("a number that was rounded in an answer is not told as one", async () => {
  const result = `{"content":[],"structuredContent":{"order":${NUMBER},"page":2}}`;
  const { stack, stream } = await called({ type: "object", properties: {} }, "{}", result);
  await decide(stack, (await stream.event("hitl")).requestId, "approve");
  const events = eventsOf(await stream.ended);
  expect(events.filter(({ type }) => type === "tool_execution").at(-1)?.data.result).toEqual({
    structuredContent: { order: "about 2512292042121000000", page: 2 },
  });
});
