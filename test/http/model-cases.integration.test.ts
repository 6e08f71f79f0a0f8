import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { type ChatRequest, planReply, type StubReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf, textOf } from "../helpers/sse-client.ts";
import { chat, decide, getJson, type Stack, startStack } from "../helpers/stack.ts";

// The answers of real servers in test/fixtures/model-server.json, each through the whole service.

const turn = z.object({
  status: z.number(),
  contentType: z.string(),
  body: z.string(),
  when: z.string().optional(),
});
const CASES = z
  .object({ cases: z.array(z.object({ id: z.string(), turns: z.array(turn) })) })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/model-server.json"), "utf8"))).cases;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const isPlan = ({ messages }: ChatRequest) => String(messages[0]?.content).startsWith("TASK:");
const PLAN = planReply({ title: "Do it" }).reply;

/** A turn's answer, as `when` asks for it. */
type Answer = (request: ChatRequest, turns: z.infer<typeof turn>[]) => z.infer<typeof turn> | undefined;

/** A thread on a service whose model server answers with the case's bytes. */
async function openCase(
  id: string,
  { answer = (_, turns) => turns.shift(), env = {} }: { answer?: Answer; env?: Record<string, string> } = {},
) {
  const found = CASES.find((each) => each.id === id);
  if (found === undefined) throw new Error(`there is no case ${id}`);
  const turns = [...found.turns];
  const replies: StubReply[] = [];
  const stub = await startOpenAiStub([], {
    always: (request) => {
      const planned = isPlan(request) && request.stream_options === undefined;
      if (planned || (isPlan(request) && id !== "stream-options-refused")) return PLAN;
      const raw = replies.length > 0 ? undefined : answer(request, turns);
      if (raw !== undefined) return { raw };
      return replies.shift() ?? { text: "again" };
    },
  });
  closers.push(() => stub.close());
  const stack = await startStack({
    backend: "embedded",
    env: { OPENAI_BASE_URL: stub.url, OPENAI_API_KEY: "key", ...env },
  });
  closers.push(() => stack.close());
  const asked = (at = -1) => stub.requests.filter((each) => !isPlan(each)).at(at);
  return { stub, stack, asked, replies };
}

interface Asked {
  prompt?: string;
  context?: Record<string, unknown>;
  /** Decides what is asked. */
  decision?: "approve" | "reject";
}

async function talk(stack: Stack, { prompt = "hello", context = {}, decision }: Asked = {}) {
  const stream = await chat(stack, { prompt, threadId: "case", context });
  if (decision !== undefined) await decide(stack, (await stream.event("hitl")).requestId, decision);
  const events = eventsOf(await stream.ended);
  const runId = (stream.frames[0]?.id ?? "").split(":")[0];
  const { data: run } = await getJson(stack, `/api/aura/runs/${runId}`);
  const of = (type: string) => events.filter((each) => each.type === type).map(({ data }) => data);
  return { events, text: textOf(stream.frames), of, run };
}

const completed = (tool: string) => ({ tool, status: "completed" });

/** Whatever happened before: the thread answers, and what the model is given is what every provider takes. */
async function goesOn({ stack, asked }: Awaited<ReturnType<typeof openCase>>) {
  const { text, run } = await talk(stack, { prompt: "and now?" });
  expect(text).toBe("again");
  expect(run.status).toBe("completed");
  expectAcceptable(asked());
}

function expectAcceptable(request: ChatRequest | undefined): void {
  const used = new Set<string>();
  const { messages = [] } = request ?? {};
  expect(messages.length).toBeGreaterThan(0);
  expect(JSON.stringify(messages)).not.toMatch(/\\ud[89a-f]/);
  const open: string[] = [];
  for (const message of messages) {
    expect(message.content !== "" || message.tool_calls !== undefined).toBe(true);
    if (message.role === "tool") expect(message.tool_call_id).toBe(open.shift());
    else expect(open).toEqual([]);
    for (const { id, function: called } of message.tool_calls ?? []) {
      expect(called.name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
      expect(JSON.parse(called.arguments)).toBeTypeOf("object");
      expect(id).not.toBe("");
      expect(used.has(id)).toBe(false);
      used.add(id);
      open.push(id);
    }
  }
}

test.each([
  ["arguments-object", { timeZone: "Asia/Seoul" }],
  ["role-empty", {}],
  ["fragments-null", { timeZone: "Asia/Seoul" }],
  ["arguments-after-empty-object", { timeZone: "Asia/Seoul" }],
])("%s: the call is made as it was meant", async (id, parameters) => {
  const opened = await openCase(id);
  const { of, text, run } = await talk(opened.stack);
  expect(of("tool_execution").at(-1)).toMatchObject({ ...completed("current_time"), parameters });
  expect(text).toBe("done");
  expect(run.status).toBe("completed");
  await goesOn(opened);
});

test.each(["delta-absent", "data-null", "usage-nulls"])("%s: the answer is whole", async (id) => {
  const opened = await openCase(id);
  const { text, of, run } = await talk(opened.stack);
  expect(text).toBe("done");
  expect(of("error")).toEqual([]);
  expect(run).toMatchObject({ status: "completed", answered: { model: expect.any(String) } });
  // The plan's answer alone has told its tokens.
  if (id === "usage-nulls") expect(run.usage).toMatchObject({ totalTokens: 15 });
  await goesOn(opened);
});

test.each(["finish-empty-string", "finish-error"])("%s: half an answer is never a whole one", async (id) => {
  const opened = await openCase(id);
  const { text, of, run } = await talk(opened.stack);
  expect(text).toMatch(/^half of an ans/);
  expect(of("error")).toMatchObject([
    { errorCode: "E5000", message: expect.stringContaining("끝맺지 못했습니다") },
  ]);
  expect(run.status).toBe("failed");
  await goesOn(opened);
});

test("null-optionals: null counts as not given, and what is asked is what is sent", async () => {
  const opened = await openCase("null-optionals");
  const { of, text } = await talk(opened.stack, { decision: "approve" });
  expect(of("hitl")).toMatchObject([{ context: { to: "kim@example.com", subject: "Hi", body: "hello" } }]);
  expect(of("hitl")[0]?.context).not.toHaveProperty("cc");
  expect(of("tool_execution").at(-1)).toMatchObject(completed("send_email"));
  expect(text).toBe("sent");
  expect(opened.stack.mailbox.mails()).toMatchObject([{ to: ["kim@example.com"], cc: [] }]);
  await goesOn(opened);
});

test("stream-options-refused: asked again without, and never again with it", async () => {
  const opened = await openCase("stream-options-refused", {
    answer: (request, turns) => turns[request.stream_options === undefined ? 1 : 0],
  });
  expect((await talk(opened.stack)).text).toBe("done");
  const withOption = () => opened.stub.requests.filter((each) => each.stream_options !== undefined).length;
  expect(withOption()).toBe(1);
  expect((await talk(opened.stack)).text).toBe("done");
  expect(withOption()).toBe(1);
});

test("think-tags: the reasoning is thought, and the words are words", async () => {
  const opened = await openCase("think-tags");
  const { text, of } = await talk(opened.stack);
  expect(text).toBe("The answer is 4");
  expect(of("thought").map(({ content }) => content)).toContain("The user wants X.");
  expect(JSON.stringify(of("content"))).not.toContain("think");
  await goesOn(opened);
});

test("length: the user is told in words, and the run's record says so", async () => {
  const opened = await openCase("length");
  const { text, run } = await talk(opened.stack);
  expect(text).toMatch(/^1\. Ask Kim\. 2\. Then, do not\n\n\(길이 제한에 걸려/);
  expect(run).toMatchObject({ status: "completed", answered: { ending: "length" } });
  await goesOn(opened);
});

test("thought-signature: what only the server knows goes back to it, on the same call", async () => {
  const opened = await openCase("thought-signature");
  expect((await talk(opened.stack)).text).toBe("done");
  const sent = opened.asked()?.messages.find((each) => each.tool_calls !== undefined);
  expect(sent?.tool_calls?.[0]).toMatchObject({
    id: "c1",
    extra_content: { google: { thought_signature: "c2ln" } },
  });
  await goesOn(opened);
  const kept = opened.asked()?.messages.find((each) => each.tool_calls !== undefined);
  expect(kept?.tool_calls?.[0]).toHaveProperty("extra_content");
});

test.each(["tool-name-channel", "tool-name-empty"])("%s: the model is told, and nothing runs", async (id) => {
  const opened = await openCase(id);
  const { text, of } = await talk(opened.stack);
  expect(text).toBe("done");
  expect(of("tool_execution")).toMatchObject([{ status: "failed", outcome: "not_executed" }]);
  expect(opened.asked()?.messages.at(-1)?.content).toContain("Tools: send_email");
  expectAcceptable(opened.asked());
  await goesOn(opened);
});

test("lone-surrogate: what goes to the model is well-formed, wherever halves come from", async () => {
  const opened = await openCase("lone-surrogate");
  const context = { note: "😀".repeat(5_000), half: "\udc00", "\ud83d": "key" };
  const { text } = await talk(opened.stack, { prompt: "cut emoji \ud83d", context });
  expect(text).toBe("done");
  expectAcceptable(opened.asked());
  await goesOn(opened);
});

test("small-context: what the server says it reads is learned, and the request made again, shorter", async () => {
  const long = "긴 글 ".repeat(1_400);
  const sizes: number[] = [];
  const opened = await openCase("small-context", {
    answer: (request, turns) => {
      const size = JSON.stringify(request.messages).length;
      sizes.push(size);
      return turns[size > 8_192 ? 0 : 1];
    },
  });
  for (const at of [1, 2, 3]) {
    const { text } = await talk(opened.stack, { prompt: `${at} ${at === 3 ? "short" : long}` });
    expect(text).toBe("done");
  }
  expect(sizes.some((size) => size > 8_192)).toBe(true);
  // Learned: the last run fits at once.
  expect(sizes.at(-1)).toBeLessThanOrEqual(8_192);

  const { of, run } = await talk(opened.stack, { prompt: "가나다 ".repeat(7_000) });
  expect(of("error")).toMatchObject([
    { errorCode: "E4000", message: expect.stringContaining("읽을 수 있는 길이를 넘습니다") },
  ]);
  expect(run.status).toBe("failed");
  expect((await talk(opened.stack, { prompt: "short again" })).text).toBe("done");
});

test("after-approval-model-fails: the mail is sent, and nothing says that it was not", async () => {
  const opened = await openCase("after-approval-model-fails");
  const { of, run } = await talk(opened.stack, { decision: "approve" });
  expect(of("tool_execution").map(({ status, outcome }) => [status, outcome])).toEqual([
    ["executing", undefined],
    ["completed", "completed"],
  ]);
  expect(of("error")).toMatchObject([{ errorCode: "E5000" }]);
  expect(run).toMatchObject({ status: "failed", tools: [{ outcome: "completed" }] });
  expect(opened.stack.mailbox.mails()).toHaveLength(1);
  await goesOn(opened);
  const answer = opened.asked()?.messages.find(({ role }) => role === "tool");
  expect(answer?.content).not.toMatch(/ERROR|NOT EXECUTED/);
});
