import { afterEach, beforeEach, expect, test } from "vitest";
import { type OpenAiStub, planReply, type StubReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf, isEnd, type SseStream, textOf } from "../helpers/sse-client.ts";
import { chat, decide, headersOf, type Stack, startStack } from "../helpers/stack.ts";

let stub: OpenAiStub;
let stack: Stack;
beforeEach(async () => {
  stub = await startOpenAiStub();
  stack = await startStack({
    backend: "embedded",
    env: { OPENAI_BASE_URL: stub.url, OPENAI_API_KEY: "key", AURA_MAX_OUTPUT: "10000000" },
  });
});
afterEach(async () => {
  await stack.close();
  await stub.close();
});

/** A failed plan falls back to one step, so each failure is answered twice: to the plan and to the agent. */
const failTwice = (reply: StubReply, times = 1) =>
  stub.script(...Array.from({ length: 2 * times }, () => ({ reply })));

const lastEvent = async (stream: SseStream) => {
  const frames = await stream.ended;
  expect(frames.filter(isEnd)).toEqual(frames.slice(-1));
  return eventsOf(frames).at(-1);
};

test("[R3.3] a scripted model's whole conversation: plan, tool call, approval, answer", async () => {
  stub.script(
    planReply({ title: "Send it", tool: "send_email" }, { title: "Report" }),
    {
      reply: {
        reasoning: ["They want ", "a mail."],
        calls: [{ name: "send_email", args: { to: "kim@example.com", subject: "Hi", body: "hello" } }],
      },
    },
    { reply: { text: ["It ", "is ", "sent."] } },
  );
  const before = Math.floor(Date.now() / 1000);
  const stream = await chat(stack, { prompt: "mail kim", threadId: "scripted" });
  const hitl = await stream.event("hitl");
  await decide(stack, hitl.requestId, "approve");
  const events = eventsOf(await stream.ended);
  expect(textOf(stream.frames)).toBe("It is sent.");
  for (const { type, data } of events) {
    if (type === "thought") expect(Object.keys(data).sort()).toEqual(["content", "timestamp"]);
    if (type === "content") expect(Object.keys(data).sort()).toEqual(["content", "format", "messageId"]);
    if (type === "tool_execution") {
      const ended = data.status === "executing" ? [] : ["outcome"];
      const aliases = ["action", "id", "params"];
      expect(Object.keys(data).sort()).toEqual(
        [...ended, ...aliases, "parameters", "result", "status", "tool", "toolCallId"].sort(),
      );
    }
    if (type === "plan_step") {
      expect(data).toMatchObject({
        id: expect.any(String),
        title: expect.any(String),
        confidence: expect.any(Number),
      });
    }
  }
  const thought = events.find(({ type }) => type === "thought");
  expect(thought?.data.timestamp).toBeGreaterThanOrEqual(before);
  expect(thought?.data.timestamp).toBeLessThanOrEqual(Date.now() / 1000);
  expect(
    new Set(events.filter(({ type }) => type === "content").map(({ data }) => data.messageId)).size,
  ).toBe(1);
  stub.verify();
});

test.each<[string, StubReply, string]>([
  ["refuses the key (401)", { status: 401, error: "Incorrect API key sk-secret for: XYZZY" }, "E5000"],
  ["drops the connection in the middle", { cut: "drop", text: ["Half an "] }, "E5000"],
  ["ends its answer without a finish reason", { cut: "end", text: ["Half an "] }, "E5000"],
])(
  "[R5.6] [R8.2] a model that %s ends the run with an error event and nothing behind it",
  async (_, reply, errorCode) => {
    failTwice(reply);
    const stream = await chat(stack, { prompt: "hello", threadId: "broken" });
    expect(await lastEvent(stream)).toMatchObject({
      type: "error",
      data: {
        errorCode,
        message: expect.stringMatching(/[가-힣]/),
        traceId: stream.response.headers.get("x-correlation-id"),
      },
    });
    expect(stream.chunks.join("")).not.toMatch(/127\.0\.0\.1|ECONN|terminated|stack/);
    stub.verify();

    // Providers quote prompts and keys in their errors.
    expect(JSON.stringify(stack.logs)).not.toMatch(/XYZZY|sk-secret/);

    // The thread is still usable.
    stub.script(planReply({ title: "Answer" }), { reply: { text: "Hello." } });
    const again = await chat(stack, { prompt: "hello again", threadId: "broken" });
    await again.ended;
    expect(textOf(again.frames)).toBe("Hello.");
  },
);

test("[R5.6] a model that is down is E5000", async () => {
  await stub.close();
  const stream = await chat(stack, { prompt: "hello" });
  expect(await lastEvent(stream)).toMatchObject({ type: "error", data: { errorCode: "E5000" } });
});

test("a 429 is retried, and nobody notices", async () => {
  stub.script({ reply: { status: 429, headers: { "retry-after": "0" } } }, planReply({ title: "Answer" }), {
    reply: { text: "Hello." },
  });
  const stream = await chat(stack, { prompt: "hello" });
  await stream.ended;
  expect(textOf(stream.frames)).toBe("Hello.");
  stub.verify();
});

test("arguments that are not JSON are told to the model, and nobody is asked to approve them", async () => {
  stub.script(
    planReply({ title: "Send", tool: "send_email" }),
    { reply: { calls: [{ name: "send_email", args: '{"to":"kim@exam' }] } },
    { reply: { text: "I could not." } },
  );
  const stream = await chat(stack, { prompt: "mail kim" });
  const events = eventsOf(await stream.ended);
  expect(events.some(({ type }) => type === "hitl")).toBe(false);
  expect(events.find(({ type }) => type === "tool_execution")?.data.status).toBe("failed");
  expect(textOf(stream.frames)).toBe("I could not.");
  stub.verify();
});

test("with SMTP down the tool fails visibly, the model is told, and the thread goes on", async () => {
  await stack.mailbox.close();
  stub.script(
    planReply({ title: "Send", tool: "send_email" }),
    {
      reply: {
        calls: [{ name: "send_email", args: { to: "kim@example.com", subject: "Hi", body: "hello" } }],
      },
    },
    {
      expect: ({ messages }) => expect(JSON.stringify(messages.at(-1))).toContain("ERROR"),
      reply: { text: "The mail server is down." },
    },
  );
  const stream = await chat(stack, { prompt: "mail kim", threadId: "smtp-down" });
  await decide(stack, (await stream.event("hitl")).requestId, "approve");
  const tools = eventsOf(await stream.ended).filter(({ type }) => type === "tool_execution");
  expect(tools.map(({ data }) => data.status)).toEqual(["executing", "failed"]);
  expect(textOf(stream.frames)).toBe("The mail server is down.");
  stub.verify();
});

test("an event too long for a frame is cut on the stream and whole by GET", async () => {
  const body = "긴 내용 ".repeat(4_000);
  stub.script(planReply({ title: "Send", tool: "send_email" }), {
    reply: { calls: [{ name: "send_email", args: { to: "kim@example.com", subject: "Long", body } }] },
  });
  const stream = await chat(stack, { prompt: "mail kim" });
  const hitl = await stream.event("hitl");
  expect(hitl.truncated).toBe(true);
  for (const { data } of stream.frames) expect(Buffer.byteLength(data ?? "")).toBeLessThan(16 * 1024);
  const { id } = await stream.first(({ event }) => event === "hitl");
  const [runId, seq] = (id ?? "").split(":");
  const response = await fetch(`${stack.url}/api/aura/runs/${runId}/events/${seq}`, {
    headers: await headersOf(),
  });
  expect(await response.json()).toMatchObject({ data: { type: "hitl", data: { context: { body } } } });
});

test("[R8.1] a slow reader behind the Gateway gets whole events: no foreign id falls into one", async () => {
  const deltas = Array.from({ length: 1_000 }, (_, index) => `${index} ${"x".repeat(7_500)} `);
  stub.script(planReply({ title: "Talk" }), { reply: { text: deltas } });
  const live = await chat(stack, { prompt: "talk" });
  const frames = await live.ended;

  const replay = await fetch(`${stack.url}/api/aura/test/stream`, {
    method: "POST",
    headers: { ...(await headersOf()), "last-event-id": frames[0]?.id ?? "" },
    body: JSON.stringify({ prompt: "talk" }),
  });
  const decoder = new TextDecoder();
  let text = "";
  let chunks = 0;
  for await (const chunk of replay.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    chunks += 1;
    // A reader that lags: what it has not taken piles up before it, and is cut into chunks at any place.
    if (chunks % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const data = text.split("\n").filter((line) => line.startsWith("data: {"));
  const said = data.map((line) => JSON.parse(line.slice(6))).filter(({ type }) => type === "content");
  expect(said.map((event) => event.data.content).join("")).toBe(deltas.join(""));
});
