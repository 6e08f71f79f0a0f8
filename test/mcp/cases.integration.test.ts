import { expect, onTestFinished, test } from "vitest";
import { type ChatRequest, planReply, type StubReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf, textOf } from "../helpers/sse-client.ts";
import { chat, decide, type Stack, startStack } from "../helpers/stack.ts";
import { refusals } from "./provider-rules.ts";
import {
  plainTool,
  type RawAnswers,
  type RawMcp,
  type RawRequest,
  startRawMcp,
  stream,
} from "./raw-server.ts";
import { rawStdio } from "./raw-stdio-settings.ts";

// What MCP servers list and answer in practice, each through the whole service: a model server that refuses a
// whole request for one schema that providers refuse, a person who approves, and a next prompt on the same
// thread.

const plan = planReply({ title: "Do it" }).reply;

/** Calls `name` once per prompt, and then says that it is done. */
function model(call: () => { name: string; args: Record<string, unknown> }) {
  return ({ tools, messages }: ChatRequest): StubReply => {
    if (tools === undefined) return plan;
    const wrong = tools.flatMap(({ function: each }) =>
      refusals(each.parameters).map((why) => `${each.name}${why}`),
    );
    if (wrong.length > 0) return { status: 400, error: `Invalid schema for function ${wrong[0]}` };
    return messages.at(-1)?.role === "tool" ? { text: "done" } : { calls: [call()] };
  };
}

interface Walk {
  stack: Stack;
  /** What the model was told of the tool, run by run. */
  told: string[];
  /** The tools that it was offered last. */
  offered(): string[];
}

/** Prompts twice on one thread; every approval is given. The tool's calls are made with these arguments. */
async function walk(
  server: Record<string, unknown>,
  tool: string,
  args: Record<string, unknown> = {},
): Promise<Walk> {
  const requests: ChatRequest[] = [];
  const answer = model(() => ({ name: `far__${tool}`, args }));
  const stub = await startOpenAiStub([], {
    always: (request) => {
      requests.push(request);
      return answer(request);
    },
  });
  onTestFinished(() => stub.close());
  const stack = await startStack({
    backend: "embedded",
    env: {
      OPENAI_BASE_URL: stub.url,
      OPENAI_API_KEY: "key",
      AURA_MCP_SERVERS: JSON.stringify({ far: server }),
    },
  });
  onTestFinished(() => stack.close());
  await expect.poll(() => stack.logs.some(({ msg }) => msg === "MCP server connected")).toBe(true);
  const told: string[] = [];
  for (const prompt of ["go", "again"]) {
    const stream = await chat(stack, { prompt, threadId: "cases", context: { language: "en" } });
    const { requestId } = await stream.event("hitl");
    await decide(stack, requestId, "approve");
    const events = eventsOf(await stream.ended);
    expect(events.filter(({ type }) => type === "error")).toEqual([]);
    expect(textOf(stream.frames)).toBe("done");
    told.push(String(requests.at(-1)?.messages.at(-1)?.content));
  }
  const offered = () => requests.at(-1)?.tools?.map(({ function: { name } }) => name) ?? [];
  return { stack, told, offered };
}

async function served(answers: RawAnswers): Promise<RawMcp> {
  const server = await startRawMcp({
    "tools/call": { content: [{ type: "text", text: "ran" }] },
    ...answers,
  });
  onTestFinished(() => server.close());
  return server;
}

const listing = (properties: Record<string, unknown>, rest: Record<string, unknown> = {}) => ({
  "tools/list": {
    tools: [{ name: "do", description: "x", inputSchema: { type: "object", properties, ...rest } }],
  },
});

test.each<[string, Record<string, unknown>, Record<string, unknown>, Record<string, unknown>]>([
  ["array-without-items", { tags: { type: "array" } }, {}, { tags: ["a", 1] }],
  ["required-true", { url: { type: "string", required: true } }, {}, { url: "https://a" }],
  [
    "pattern-not-unicode",
    { url: { type: "string", pattern: "^https\\:\\/\\/" } },
    { required: ["url"] },
    { url: "https://a" },
  ],
  ["kin: a look-behind", { id: { type: "string", pattern: "(?<=a)b" } }, {}, { id: "x" }],
  [
    "kin: a name that providers refuse",
    { 받는사람: { type: ["string", "null"] } },
    { required: ["받는사람"] },
    { 받는사람: null },
  ],
  [
    "kin: a schema of itself",
    { node: { $ref: "#/$defs/n" } },
    { $defs: { n: { properties: { next: { $ref: "#/$defs/n" } } } } },
    { node: { next: { next: {} } } },
  ],
])(
  "%s: the model server takes it, the tool is called with its own arguments",
  async (_, properties, rest, args) => {
    const server = await served(listing(properties, rest));
    const { told } = await walk({ url: server.url }, "do", args);
    expect(server.calls.map((call) => call.arguments)).toEqual([args, args]);
    expect(told).toEqual([expect.stringContaining("ran"), expect.stringContaining("ran")]);
  },
);

test("pattern-not-unicode, kin: a pattern that no engine of ours reads is not checked, and the log says so", async () => {
  const server = await served(listing({ id: { type: "string", pattern: "^(?!x)(a)\\1$" } }));
  const { stack } = await walk({ url: server.url }, "do", { id: "anything" });
  expect(server.calls).toHaveLength(2);
  const unchecked = stack.logs.filter(({ msg }) => /^arguments of an MCP tool are not checked/.test(msg));
  expect(unchecked).toEqual([expect.objectContaining({ server: "far", tool: "do" })]);
});

test.each<[string, Record<string, unknown>, string[]]>([
  ["cursor-empty", { tools: [plainTool("do"), plainTool("two")], nextCursor: "" }, ["far__do", "far__two"]],
  ["cursor-null", { tools: [plainTool("do")], nextCursor: null }, ["far__do"]],
  [
    "hints-null",
    { tools: [{ ...plainTool("do"), annotations: { readOnlyHint: null, title: null } }] },
    ["far__do"],
  ],
  [
    "kin: a cursor that repeats",
    { tools: [plainTool("do"), plainTool("two")], nextCursor: "x" },
    ["far__do", "far__two"],
  ],
  ["kin: a tool that is null", { tools: [null, plainTool("do")] }, ["far__do"]],
])("%s: the tools are there, once, and ask", async (_, list, names) => {
  const server = await served({ "tools/list": list });
  const { offered } = await walk({ url: server.url, trust: true }, "do");
  expect(offered().filter((name) => name.startsWith("far__"))).toEqual(names);
  expect(server.calls).toHaveLength(2);
});

test("session-400: a new session, and the call is made in it, once", async () => {
  const server = await served({ "tools/list": { tools: [plainTool("do")] } });
  server.answer({
    "tools/call": ({ request }: RawRequest) => {
      // After the first call the server is restarted.
      if (request.headers["mcp-session-id"] === "session-1") setImmediate(forget);
      return { content: [{ type: "text", text: "ran" }] };
    },
  });
  const forget = () =>
    server.forget(({ response }) => {
      response.writeHead(400, { "content-type": "application/json" });
      const error = { code: -32_000, message: "Bad Request: No valid session ID provided" };
      response.end(JSON.stringify({ jsonrpc: "2.0", error, id: null }));
    });
  const { told } = await walk({ url: server.url }, "do");
  expect(server.calls).toHaveLength(2);
  expect(server.sessions()).toBe(2);
  expect(told).toEqual([expect.stringContaining("ran"), expect.stringContaining("ran")]);
});

test("content-unknown: the model learns what was answered", async () => {
  const server = await served({
    "tools/list": { tools: [plainTool("do")] },
    "tools/call": { content: [{ type: "json", json: { order: "A-17" } }] },
  });
  const { told } = await walk({ url: server.url }, "do");
  for (const each of told) {
    expect(each).toContain("A-17");
    expect(each).not.toContain("outcome unknown");
  }
});

test("stream-ends-early: told at once that the outcome is unknown", async () => {
  const server = await served({
    "tools/list": { tools: [plainTool("do")] },
    "tools/call": (each: RawRequest) => stream(each).end(),
  });
  const { told } = await walk({ url: server.url, timeoutMs: 3_600_000 }, "do");
  expect(told).toEqual([
    expect.stringContaining("outcome unknown"),
    expect.stringContaining("outcome unknown"),
  ]);
});

test("slow-start: it joins when it is up, and the log says what it waits for", async () => {
  const settings = rawStdio({
    startMs: 12_000,
    "tools/list": { tools: [plainTool("do")] },
    "tools/call": { content: [{ type: "text", text: "ran" }] },
  });
  const { told, stack } = await walk(settings, "do");
  expect(told).toEqual([expect.stringContaining("ran"), expect.stringContaining("ran")]);
  const lines = stack.logs.filter(({ msg }) => /^MCP server/.test(msg)).map(({ msg }) => msg);
  expect(lines).toEqual(["MCP server has not answered yet; waiting for it to start", "MCP server connected"]);
});
