import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ChatRequest,
  type OpenAiStub,
  type StubReply,
  startOpenAiStub,
} from "../helpers/openai-stub.ts";
import { eventsOf, isEnd, openStream, textOf } from "../helpers/sse-client.ts";
import { chat, decide, getJson, headersOf, type Stack, startStack } from "../helpers/stack.ts";
import { spoilt, strangeObject, strangeValue } from "../helpers/strange-json.ts";

const STEP = { title: "Mail", description: "Mail Kim", tool: "send_email", confidence: 0.9 };
const MAIL = { to: "kim@example.com", subject: "Hello", body: "as agreed" };

/** Asks for a mail, until it reads what came of one or somebody asks whether the thread lives. */
function always({ tools, messages }: ChatRequest): StubReply {
  if (tools === undefined) return { text: JSON.stringify({ steps: [STEP] }) };
  const last = messages.at(-1);
  if (last?.role !== "user") return { text: "So it was." };
  if (JSON.stringify(last.content).includes("still there?")) return { text: "Still here." };
  return { calls: [{ name: "send_email", args: MAIL }] };
}

// Ids of the thread's own messages are drawn as numbers: which ones there are is only known when it has run.
const ownId = fc.nat(9).map((n) => `own ${n}`);
const id = fc.oneof({ weight: 3, arbitrary: ownId }, fc.string({ maxLength: 8 }));
const optional = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { requiredKeys: [] });
const sendEmail = fc
  .record({ ...MAIL_ARGS(), more: fc.constant(undefined) })
  .map(({ more: _, ...args }) => ({ name: "send_email", args }));
const call = fc
  .tuple(fc.oneof(sendEmail, fc.record({ name: fc.string({ maxLength: 9 }), args: strangeObject() })), id)
  .map(([made, callId]) => ({ id: callId, ...made }));
const message = fc
  .tuple(
    fc.oneof(
      fc.record({ role: fc.constant("user"), content: fc.string() }),
      fc.record({
        role: fc.constant("assistant"),
        content: fc.string(),
        toolCalls: fc.array(call, { maxLength: 3 }),
      }),
      fc.record({ role: fc.constant("tool"), content: fc.string(), toolCallId: id }),
      fc.record({ remove: fc.constant(true) }),
    ),
    id,
  )
  .map(([fields, messageId]) => ({ id: messageId, ...fields }));
const step = fc.record({
  id: fc.constantFrom("step-1", "step-2", ""),
  title: fc.string(),
  description: fc.string(),
  status: fc.constantFrom("pending", "in_progress", "completed", "failed"),
  confidence: fc.double({ min: 0, max: 1, noNaN: true }),
});
const wellFormed = optional({
  messages: fc.array(message, { maxLength: 3 }),
  steps: fc.array(step, { maxLength: 3 }),
  context: strangeObject(),
  language: fc.constantFrom("ko", "en"),
});
const edits = fc.oneof(
  { weight: 3, arbitrary: wellFormed },
  { weight: 2, arbitrary: spoilt(wellFormed) },
  { weight: 1, arbitrary: strangeValue },
);

const user = (messageId: string) => ({ id: messageId, role: "user", content: "x" });

/** Arguments that are sent as they are, so that what arrives can be compared with what was shown. */
function MAIL_ARGS() {
  return {
    to: fc.constantFrom("lee@example.com", "kim@example.com"),
    subject: fc.constantFrom("Edited", "Once more", "수정"),
    body: fc.constantFrom("another text", "as agreed"),
  };
}

describe.each(["embedded", "redis"] as const)("edits that strangers send, %s backend", (backend) => {
  let stack: Stack;
  let model: OpenAiStub;
  /** Every checkpoint of a thread whose mail was sent, and of one whose mail waits for its approval. */
  let places: { threadId: string; checkpointId: string }[];
  let ownIds: string[];
  const died: unknown[] = [];
  const onDeath = (reason: unknown) => died.push(reason);

  beforeAll(async () => {
    process.on("unhandledRejection", onDeath);
    model = await startOpenAiStub([], { always });
    const env = { OPENAI_API_KEY: "x", OPENAI_BASE_URL: model.url, AURA_MODEL: "stub" };
    stack = await startStack({ backend, env });
    const done = await chat(stack, { prompt: "Mail Kim", threadId: `done-${backend}` });
    await decide(stack, (await done.event("hitl")).requestId, "approve");
    await done.ended;
    const waiting = await chat(stack, { prompt: "Mail Kim", threadId: `waiting-${backend}` });
    await waiting.event("hitl");
    const ofThreads = await Promise.all(
      [`done-${backend}`, `waiting-${backend}`].map(async (threadId) => {
        const { items } = (await get(`/threads/${threadId}/history?limit=200`)).data;
        return items.map(({ checkpointId }: any) => ({ threadId, checkpointId }));
      }),
    );
    places = ofThreads.flat();
    ownIds = (await get(`/threads/done-${backend}`)).data.messages.map((each: any) => each.id);
  });
  afterAll(async () => {
    await stack.close();
    await model.close();
    process.off("unhandledRejection", onDeath);
  });

  const get = (path: string) => getJson(stack, `/api/aura${path}`);
  const healthy = async () => expect((await fetch(`${stack.aura.url}/health`)).status).toBe(200);
  const fork = async (place: { threadId: string; checkpointId: string }, body: object) =>
    openStream(`${stack.url}/api/aura/threads/${place.threadId}/fork`, {
      method: "POST",
      headers: await headersOf(),
      body: JSON.stringify({ checkpointId: place.checkpointId, ...body }),
    });
  const withOwnIds = (value: unknown) =>
    JSON.parse(
      JSON.stringify(value).replaceAll(/"own (\d)"/g, (_, n) => JSON.stringify(ownIds[n % ownIds.length])),
    );
  const mails = () => stack.mailbox.mails().length;

  /** What was shown of each mail is what was sent, when it was approved; nothing is sent otherwise. */
  const decided = async (stream: Awaited<ReturnType<typeof fork>>, approves: boolean) => {
    const before = mails();
    await stream.first((frame) => frame.event === "hitl" || isEnd(frame));
    const asked = () => eventsOf(stream.frames).filter(({ type }) => type === "hitl");
    if (asked().length === 0 || !approves) {
      expect(mails()).toBe(before);
      return;
    }
    const shown: any[] = [];
    while (!stream.frames.some(isEnd)) {
      const next = asked()[shown.length];
      if (next === undefined) {
        await stream.first((frame) => isEnd(frame) || asked().length > shown.length);
        continue;
      }
      shown.push(next.data.context);
      expect((await decide(stack, next.data.requestId, "approve")).status).toBe(200);
    }
    const sent = stack.mailbox.mails().slice(0, mails() - before);
    const told = sent.map(({ to, subject, text }) => JSON.stringify({ to, subject, body: text.trim() }));
    const seen = shown.map(({ to, subject, body }) => JSON.stringify({ to: [to].flat(), subject, body }));
    expect(told.toSorted()).toEqual(seen.toSorted());
  };

  test.each([
    ["is nowhere", () => [{ id: "nowhere", remove: true }]],
    ["comes only after the checkpoint", () => [{ id: ownIds.at(-1), remove: true }]],
    ["is added behind its removal", () => [{ id: "new", remove: true }, user("new")]],
    ["stands beside good ones", () => [user("new"), { id: "", remove: true }]],
  ])("are refused when they remove a message that %s, and nothing is left of the copy", async (_, made) => {
    const first = places.findLast(({ threadId }) => threadId === `done-${backend}`)!;
    const { next } = (await get(`/threads/${first.threadId}/history?limit=200`)).data.items.at(-1);
    expect(next).toEqual(["__start__"]);
    const client = stack.redis?.client();
    const keys = async () => (await client?.keys("*thread-*"))?.length;
    const before = await keys();
    const stream = await fork(first, { edits: { messages: made() }, prompt: "Mail Kim again" });
    expect(stream.response.status).toBe(400);
    await stream.ended.catch(() => {});
    expect(await keys()).toBe(before);
    client?.disconnect();
  });

  test("are taken or refused; nothing of them is built, sent unasked, or the end of a thread", async () => {
    const drawn = fc.asyncProperty(edits, fc.nat(), fc.boolean(), fc.boolean(), async (...draw) => {
      const [edit, at, hasPrompt, approves] = draw;
      const place = places[at % places.length]!;
      const sentEdits = withOwnIds(edit ?? null);
      const [stream] = await Promise.all([
        fork(place, { edits: sentEdits, ...(hasPrompt ? { prompt: "Mail Kim again" } : {}) }),
        healthy(),
      ]);
      const { status, headers } = stream.response;
      if (status !== 200) {
        expect([400, 409, 413]).toContain(status);
        await stream.ended.catch(() => {});
        return;
      }
      await decided(stream, approves);
      const threadId = headers.get("x-thread-id") ?? "";
      const next = await chat(stack, { prompt: "still there?", threadId, context: {} });
      expect(textOf(await next.ended)).toBe("Still here.");
      if (sentEdits?.context === undefined) return;
      const { items } = (await get(`/threads/${threadId}/history?values=true&limit=200`)).data;
      const contexts = items
        .flatMap(({ changed }: any) => changed)
        .filter(({ key }: any) => key === "context");
      expect(contexts.map(({ value }: any) => value)).toContainEqual(sentEdits.context);
    });
    await fc.assert(drawn, { numRuns: 80, endOnFailure: true });
    await healthy();
    expect(died).toEqual([]);
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain("polluted");
  });
});
