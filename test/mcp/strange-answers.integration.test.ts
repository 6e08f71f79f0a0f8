import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../helpers/eventually.ts";
import {
  type ChatRequest,
  type OpenAiStub,
  type StubReply,
  startOpenAiStub,
} from "../helpers/openai-stub.ts";
import { eventsOf, isEnd, textOf } from "../helpers/sse-client.ts";
import { chat, getJson, type Stack, startStack } from "../helpers/stack.ts";
import { spoilt, strangeObject, strangeText, strangeValue } from "../helpers/strange-json.ts";
import { type Answer, DO, type StrangeMcp, startStrangeMcp, well } from "./strange-server.ts";

/** Calls the server's first tool with what it was told to, once; else answers. */
function replies(argsOf: () => object) {
  return ({ tools, messages }: ChatRequest): StubReply => {
    if (tools === undefined) return { text: '{"steps":[{"title":"Do it","confidence":1}]}' };
    const last = messages.at(-1);
    if (JSON.stringify(last?.content).includes("still there?")) return { text: "Still here." };
    const far = tools.find(({ function: { name } }) => name.startsWith("far__"));
    if (last?.role !== "user" || far === undefined) return { text: "So it was." };
    return { calls: [{ name: far.function.name, args: { ...argsOf() } }] };
  };
}

const CONNECTED = { msg: "MCP server connected" };

const block = fc.oneof(
  fc.record({ type: fc.constant("text"), text: fc.string({ unit: "binary" }) }),
  fc.record({
    type: fc.constant("image"),
    data: fc.base64String(),
    mimeType: fc.string(),
    _meta: strangeObject(),
  }),
  fc.record({
    type: fc.constant("resource"),
    resource: fc.record({ uri: fc.string(), text: fc.string(), _meta: strangeObject() }),
  }),
  fc.record({ type: fc.constant("resource_link"), name: fc.string(), uri: fc.string() }),
);
const result = fc.record(
  {
    content: fc.array(block, { maxLength: 4 }),
    structuredContent: strangeObject(),
    isError: fc.boolean(),
    _meta: strangeObject(),
  },
  { requiredKeys: ["content"] },
);
/** Not too long: the model's server sends them in small pieces. */
const callArgs = strangeObject().filter((made) => JSON.stringify(made).length < 2_000);
const rpcError = fc.record({
  code: fc.oneof(fc.integer(), fc.constantFrom(-32_000, -32_602, -32_042)),
  message: fc.string({ unit: "binary" }),
  data: strangeValue,
});
const listed = fc.record({
  tools: fc.array(
    fc.record(
      {
        name: fc.oneof(fc.constantFrom("do", "send_email", "__proto__", "a b"), fc.string()),
        description: fc.string({ unit: "binary" }),
        inputSchema: strangeObject().map((more) => ({ ...DO.inputSchema, ...more })),
        annotations: fc.oneof(fc.constant({ readOnlyHint: true }), strangeObject()),
      },
      { requiredKeys: ["name", "inputSchema"] },
    ),
    { maxLength: 4 },
  ),
  nextCursor: fc.oneof(fc.constant(undefined), fc.string()),
});

/** An answer to a request that should have been answered with `whole`. */
function answers(whole: fc.Arbitrary<unknown>): fc.Arbitrary<Answer> {
  const body = fc.oneof(
    fc.oneof(whole, spoilt(whole), strangeValue).map((made) => ({ jsonrpc: "2.0", id: "ID", result: made })),
    fc.oneof(rpcError, spoilt(rpcError)).map((error) => ({ jsonrpc: "2.0", id: "ID", error })),
    whole.map((made) => [{ jsonrpc: "2.0", id: 77, result: made }, null, { jsonrpc: "2.0", id: "ID" }]),
  );
  const json = body.map((each) => JSON.stringify(each));
  const bytes = fc.oneof({ weight: 4, arbitrary: json }, { weight: 1, arbitrary: strangeText(body) });
  return fc
    .record({
      text: bytes,
      status: fc.constantFrom(200, 200, 200, 200, 202, 204, 302, 400, 429, 500),
      type: fc.constantFrom("application/json", "application/json", "text/event-stream", "text/plain"),
      isCut: fc.constantFrom(false, false, false, true),
    })
    .map(
      ({ text, status, type, isCut }): Answer =>
        (id, response) => {
          const whole = text.replaceAll('"ID"', JSON.stringify(id));
          const sent = type === "text/event-stream" ? `data: ${whole}\n\n` : whole;
          response.writeHead(status, { "content-type": type, location: "/elsewhere" });
          if (!isCut) return void response.end(status === 204 ? undefined : sent);
          response.write(sent.slice(0, sent.length / 2) || " ", () => response.socket?.destroySoon());
        },
    );
}

let model: OpenAiStub;
let server: StrangeMcp;
let args: object = {};
let count = 0;
const died: unknown[] = [];
const onDeath = (reason: unknown) => died.push(reason);

beforeAll(async () => {
  process.on("unhandledRejection", onDeath);
  server = await startStrangeMcp();
  model = await startOpenAiStub([], { always: replies(() => args) });
});
afterAll(async () => {
  await Promise.all([model.close(), server.close()]);
  process.off("unhandledRejection", onDeath);
});

/** The SDK's schemas leave a key out that an assignment would take for something else. */
const plain = (value: unknown) =>
  JSON.parse(JSON.stringify(value), (key, each) => (key === "__proto__" ? undefined : each));

/** Some answers are none: the call waits for them as long as this, and its outcome is unknown then. */
const IMPATIENT = { timeoutMs: 150 };

const start = (backend: "embedded" | "redis", patience: { timeoutMs?: number }) => {
  const far = { url: server.url, approval: { do: "never" }, ...patience };
  const AURA_MCP_SERVERS = JSON.stringify({ far });
  return startStack({
    backend,
    env: { OPENAI_API_KEY: "x", OPENAI_BASE_URL: model.url, AURA_MCP_SERVERS },
  });
};

/**
 * The events of a run that calls the server, if it has a tool; the thread has answered a next prompt then.
 */
const prompts = async (stack: Stack) => {
  count += 1;
  const threadId = `strange-${count}`;
  const stream = await chat(stack, { prompt: "do it", threadId, context: {} });
  expect((await fetch(`${stack.aura.url}/health`)).status).toBe(200);
  await stream.first((frame) => frame.event === "hitl" || isEnd(frame));
  const next = await chat(stack, { prompt: "still there?", threadId, context: {} });
  expect(textOf(await next.ended)).toBe("Still here.");
  const { messages } = (await getJson(stack, `/api/aura/threads/${threadId}`)).data;
  for (const { content } of messages) expect(typeof content).toBe("string");
  expect(died).toEqual([]);
  return eventsOf(await stream.ended);
};

/** As it is told: whatever was behind a number that a double rounds, it is not told as that number. */
const told = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_key, each: unknown) =>
    typeof each === "number" && Math.abs(each) > Number.MAX_SAFE_INTEGER ? `about ${each}` : each,
  );

describe.each(["embedded", "redis"] as const)("what an MCP server answers a call, %s backend", (backend) => {
  let stack: Stack;
  const connected = async (patience: { timeoutMs?: number }) => {
    server.list(well({ tools: [DO] }));
    stack = await start(backend, patience);
    await eventually(() => expect(stack.logs).toContainEqual(expect.objectContaining(CONNECTED)));
  };
  afterEach(() => stack.close());

  test("is its result or its failure, whatever it is, and the thread goes on", async () => {
    await connected(IMPATIENT);
    const drawn = fc.asyncProperty(answers(result), callArgs, async (answer, drawnArgs) => {
      server.call(answer);
      args = drawnArgs;
      const ends = (await prompts(stack)).filter(
        ({ type, data }) => type === "tool_execution" && data.status !== "executing",
      );
      expect(ends).toHaveLength(1);
    });
    await fc.assert(drawn, { numRuns: 40, endOnFailure: true });
  });

  test("stays data where the protocol allows any", async () => {
    await connected({});
    const drawn = fc.asyncProperty(strangeObject(), async (structuredContent) => {
      server.call(well({ content: [], structuredContent }));
      args = {};
      const end = (await prompts(stack)).findLast(({ type }) => type === "tool_execution")?.data;
      expect(end.status).toBe("completed");
      if (end.result.omitted !== undefined || end.truncated === true) return;
      expect(plain(end.result.structuredContent)).toEqual(plain(told(structuredContent)));
    });
    await fc.assert(drawn, { numRuns: 40, endOnFailure: true });
  });
});

test("what an MCP server lists costs it its tools at most", async () => {
  const drawn = fc.asyncProperty(answers(listed), async (answer) => {
    server.list(answer);
    server.call(well({ content: [] }));
    args = {};
    const before = server.listed();
    const stack = await start("embedded", IMPATIENT);
    await eventually(() => expect(server.listed()).toBeGreaterThan(before));
    await prompts(stack);
    await stack.close();
  });
  await fc.assert(drawn, { numRuns: 15, endOnFailure: true });
});
