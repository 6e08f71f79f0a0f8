import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type OpenAiStub, planReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf, openStream, textOf } from "../helpers/sse-client.ts";
import { chat, decide, getJson, headersOf, type Stack, startStack } from "../helpers/stack.ts";

const mailTo = (subject: string) => `Send an email to kim@example.com with subject ${subject} saying hello`;

describe.each(["embedded", "redis"] as const)("runs that belong to no request, %s backend", (backend) => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ backend });
  });
  afterAll(() => stack.close());

  const thread = (name: string) => `runs-${backend}-${name}`;
  const cancel = async (runId: string, person?: { user: string; tenant: string }) =>
    fetch(`${stack.url}/api/aura/runs/${runId}/cancel`, {
      method: "POST",
      headers: without(await headersOf(person)),
    });
  // A POST without a body has no content type.
  const without = ({ "content-type": _, ...headers }: Record<string, string>) => headers;
  const mails = (subject: string) => stack.mailbox.mails().filter((mail) => mail.subject === subject);
  const runIdOf = (stream: { response: Response }) => stream.response.headers.get("x-run-id") ?? "";

  test("cancelling a waiting run voids its approval and ends its stream with E3002", async () => {
    const stream = await chat(stack, { prompt: mailTo("Cancelled"), threadId: thread("cancel") });
    const hitl = await stream.event("hitl");
    const answer = await cancel(runIdOf(stream));
    expect(await answer.json()).toMatchObject({ status: "SUCCESS", data: { status: "cancelled" } });
    const frames = await stream.ended;
    const steps = eventsOf(frames).filter(({ type }) => type === "plan_step");
    expect(steps.at(-1)?.data.status).toBe("failed");
    expect(
      eventsOf(frames)
        .filter(({ type }) => type !== "plan_step")
        .slice(-2),
    ).toMatchObject([
      { type: "tool_execution", data: { status: "failed", toolCallId: hitl.toolCallId } },
      { type: "error", data: { errorCode: "E3002", reason: "cancelled" } },
    ]);
    expect(frames.at(-1)?.event).toBe("error");
    expect(JSON.parse((await stack.get(`hitl:request:${hitl.requestId}`)) ?? "")).toMatchObject({
      status: "rejected",
      outcome: "cancelled",
    });
    expect((await decide(stack, hitl.requestId, "approve")).status).toBe(409);

    expect((await cancel(runIdOf(stream))).status).toBe(200);
    const next = await chat(stack, { prompt: "hello", threadId: thread("cancel") });
    expect((await next.ended).at(-1)?.data).toBe("[DONE]");
    expect(mails("Cancelled")).toEqual([]);
  });

  test("a run that has ended cannot be cancelled, and nobody cancels another's", async () => {
    const stream = await chat(stack, { prompt: "hello", threadId: thread("ended") });
    await stream.ended;
    const answer = await cancel(runIdOf(stream));
    expect([answer.status, ((await answer.json()) as any).errorCode]).toEqual([409, "E3002"]);
    expect((await cancel(runIdOf(stream), { user: "user456", tenant: "2" })).status).toBe(404);
    expect((await cancel("run-unknown")).status).toBe(404);
  });

  test("GET /aura/approvals lists what waits for the caller, and only that", async () => {
    const stream = await chat(stack, { prompt: mailTo("Listed"), threadId: thread("list") });
    const hitl = await stream.event("hitl");
    const of = async (person?: { user: string; tenant: string }) =>
      (await getJson(stack, "/api/aura/approvals", person)).data.items.filter(
        ({ sessionId }: any) => sessionId === thread("list"),
      );
    expect(await of()).toEqual([
      {
        requestId: hitl.requestId,
        sessionId: thread("list"),
        runId: runIdOf(stream),
        actionType: "send_email",
        message: hitl.message,
        context: hitl.context,
        status: "pending",
        createdAt: expect.any(Number),
        expiresAt: expect.any(Number),
      },
    ]);
    expect(await of({ user: "admin", tenant: "1" })).toEqual([]);
    await decide(stack, hitl.requestId, "reject");
    await stream.ended;
    expect(await of()).toEqual([]);
  });

  test("a decision whose signal was lost is found in hitl:request", async () => {
    const stream = await chat(stack, { prompt: mailTo("Found"), threadId: thread("lost") });
    const hitl = await stream.event("hitl");
    const request = JSON.parse((await stack.get(`hitl:request:${hitl.requestId}`)) ?? "");
    await stack.set(
      `hitl:request:${hitl.requestId}`,
      JSON.stringify({ ...request, status: "approved", approvedBy: "user123", approvedAt: Date.now() }),
    );
    expect((await stream.ended).at(-1)?.data).toBe("[DONE]");
    expect(mails("Found")).toHaveLength(1);
  });

  test("the same Idempotency-Key follows the run that it started; another body is 409 E3006", async () => {
    const key = { "idempotency-key": `key-${backend}` };
    const body = { prompt: mailTo("Idempotent"), threadId: thread("idempotent") };
    const first = await chat(stack, body, key);
    const hitl = await first.event("hitl");
    const again = await chat(stack, body, key);
    expect(runIdOf(again)).toBe(runIdOf(first));
    await decide(stack, hitl.requestId, "approve");
    expect(eventsOf(await again.ended)).toEqual(eventsOf(await first.ended));
    expect(mails("Idempotent")).toHaveLength(1);

    const other = await chat(stack, { ...body, prompt: "hello" }, key);
    expect(other.response.status).toBe(409);
    // The key is the caller's own.
    const colleague = await chat(
      stack,
      { prompt: "hello" },
      { ...(await headersOf({ user: "admin", tenant: "1" })), ...key },
    );
    expect(colleague.response.status).toBe(200);
    await colleague.ended;
  });

  test("a run is followed from any place, and a thread over all its runs", async () => {
    const threadId = thread("follow");
    const first = await chat(stack, { prompt: "hello", threadId });
    const frames = await first.ended;
    const headers = await headersOf();
    const from2 = await openStream(`${stack.url}/api/aura/runs/${runIdOf(first)}/stream?after=2`, {
      headers,
    });
    expect(eventsOf(await from2.ended)).toEqual(eventsOf(frames).slice(2));

    const all = await openStream(`${stack.url}/api/aura/threads/${threadId}/stream`, { headers });
    const second = await chat(stack, { prompt: "hello again", threadId });
    const last = eventsOf(await second.ended).at(-1);
    await all.first(({ id, event }) => id === last?.id && event !== undefined);
    expect(eventsOf(all.frames)).toEqual([...eventsOf(frames), ...eventsOf(second.frames)]);
    expect(all.chunks.join("")).not.toContain("[DONE]");
    all.close();

    const resumed = await openStream(`${stack.url}/api/aura/threads/${threadId}/stream`, {
      headers: { ...headers, "last-event-id": eventsOf(frames).at(-2)?.id ?? "" },
    });
    await resumed.first(({ id, event }) => id === last?.id && event !== undefined);
    expect(eventsOf(resumed.frames)).toEqual([...eventsOf(frames).slice(-1), ...eventsOf(second.frames)]);
    resumed.close();
  });

  test("nobody follows somebody else's run or thread", async () => {
    const threadId = thread("mine");
    const stream = await chat(stack, { prompt: "hello", threadId });
    await stream.ended;
    for (const person of [
      { user: "somebody-else", tenant: "1" },
      { user: "user123", tenant: "2" },
    ]) {
      const headers = without(await headersOf(person));
      for (const path of [`runs/${runIdOf(stream)}`, `threads/${threadId}`])
        expect((await fetch(`${stack.url}/api/aura/${path}/stream`, { headers })).status).toBe(404);
    }
  });

  test.each(["/api/aura/runs/run-unknown/stream", "/api/aura/threads/thread-unknown/stream"])(
    "%s is 404",
    async (path) => {
      const response = await fetch(`${stack.url}${path}`, { headers: await headersOf() });
      expect(response.status).toBe(404);
    },
  );
});

describe("time and partial answers", () => {
  let stub: OpenAiStub;
  let stack: Stack;
  beforeAll(async () => {
    stub = await startOpenAiStub();
    stack = await startStack({
      backend: "redis",
      env: {
        OPENAI_BASE_URL: stub.url,
        OPENAI_API_KEY: "k",
        AURA_APPROVAL_TTL: "1",
        AURA_RECONCILE_MS: "100",
      },
    });
  });
  afterAll(async () => {
    await stack.close();
    await stub.close();
  });

  test("an approval that nobody decides expires: no mail, the model is told, the run ends with content", async () => {
    stub.script(
      planReply({ title: "Send", tool: "send_email" }),
      {
        reply: {
          calls: [{ name: "send_email", args: { to: "kim@example.com", subject: "Late", body: "x" } }],
        },
      },
      {
        expect: ({ messages }) => expect(JSON.stringify(messages.at(-1))).toContain("expired"),
        reply: { text: "Nobody decided in time." },
      },
    );
    const stream = await chat(stack, { prompt: "mail kim", threadId: "expiring" });
    const hitl = await stream.event("hitl");
    const frames = await stream.ended;
    expect(eventsOf(frames).filter(({ type }) => type === "tool_execution")).toMatchObject([
      { data: { status: "failed" } },
    ]);
    expect(textOf(frames)).toBe("Nobody decided in time.");
    expect((await decide(stack, hitl.requestId, "approve")).status).not.toBe(200);
    expect(stack.mailbox.mails()).toEqual([]);
    stub.verify();
  });

  test("cancelling while the model speaks stops it and keeps what it had said", async () => {
    stub.script(planReply({ title: "Tell" }), { reply: { stall: "body", text: ["Once ", "upon "] } });
    const stream = await chat(stack, { prompt: "tell me a story", threadId: "story" });
    await stream.first(() => textOf(stream.frames).endsWith("upon "));
    const runId = stream.response.headers.get("x-run-id");
    const { "content-type": _, ...headers } = await headersOf();
    await fetch(`${stack.url}/api/aura/runs/${runId}/cancel`, { method: "POST", headers });
    const frames = await stream.ended;
    expect(eventsOf(frames).at(-1)).toMatchObject({
      type: "error",
      data: { errorCode: "E3002", reason: "cancelled" },
    });
    expect(textOf(frames)).toBe("Once upon ");

    stub.script(planReply({ title: "Go on" }), {
      expect: ({ messages }) => expect(messages.map(({ content }) => content)).toContain("Once upon "),
      reply: { text: "a time." },
    });
    const next = await chat(stack, { prompt: "go on", threadId: "story" });
    expect(textOf(await next.ended)).toBe("a time.");
    stub.verify();
  });
});
