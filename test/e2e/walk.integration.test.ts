import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventsOf, type SseStream, textOf } from "../helpers/sse-client.ts";
import { chat, decide, getJson, type Stack, startStack } from "../helpers/stack.ts";

const MAIL = "Send an email to kim@example.com with subject Hi saying hello there";

describe.each(["embedded", "redis"] as const)("the main job through the Gateway, %s backend", (backend) => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ backend });
  });
  afterAll(() => stack.close());

  const session = (name: string) => `session-${backend}-${name}`;

  const untilHitl = async (threadId: string, prompt = MAIL): Promise<{ stream: SseStream; hitl: any }> => {
    const stream = await chat(stack, { prompt, threadId });
    return { stream, hitl: await stream.event("hitl") };
  };

  test("[R3.4] [R4.3] a prompt stops at the mail, an approval lets the same stream go on, and the mail is sent", async () => {
    const { stream, hitl } = await untilHitl(session("approve"));
    expect(hitl).toMatchObject({
      actionType: "send_email",
      context: { to: "kim@example.com", subject: "Hi", body: "hello there" },
      requiresApproval: true,
      message: expect.stringContaining("kim@example.com"),
    });
    expect(eventsOf(stream.frames).at(-1)?.type).toBe("hitl");
    expect(stack.mailbox.mails().filter(({ subject }) => subject === "Hi")).toEqual([]);

    expect((await decide(stack, hitl.requestId, "approve")).status).toBe(200);
    const frames = await stream.ended;
    const types = eventsOf(frames).map(({ type }) => type);
    const after = eventsOf(frames).slice(types.indexOf("hitl") + 1);
    expect(after.filter(({ type }) => type === "tool_execution").map(({ data }) => data)).toMatchObject([
      { tool: "send_email", toolCallId: hitl.toolCallId, status: "executing", result: null },
      { tool: "send_email", toolCallId: hitl.toolCallId, status: "completed", parameters: hitl.context },
    ]);
    expect(new Set(types)).toEqual(new Set(["thought", "plan_step", "hitl", "tool_execution", "content"]));
    expect(frames.at(-1)).toEqual({ id: eventsOf(frames).at(-1)?.id, data: "[DONE]" });
    expect(stack.mailbox.mails().filter(({ subject }) => subject === "Hi")).toMatchObject([
      { to: ["kim@example.com"], text: expect.stringContaining("hello there") },
    ]);
  });

  test("[R4.4] a rejection sends no mail, and the answer says so with the reason", async () => {
    const { stream, hitl } = await untilHitl(session("reject"), MAIL.replace("Hi", "Rejected"));
    expect((await decide(stack, hitl.requestId, "reject", "wrong recipient")).status).toBe(200);
    const frames = await stream.ended;
    const tools = eventsOf(frames).filter(({ type }) => type === "tool_execution");
    expect(tools.map(({ data }) => data)).toMatchObject([
      { toolCallId: hitl.toolCallId, status: "failed", result: expect.stringContaining("wrong recipient") },
    ]);
    expect(textOf(frames)).toContain("wrong recipient");
    expect(frames.at(-1)?.data).toBe("[DONE]");
    expect(stack.mailbox.mails().filter(({ subject }) => subject === "Rejected")).toEqual([]);
  });

  test("[R4.1] [R4.2] [R8.5] when hitl is sent, the request and the session are there to be read", async () => {
    const threadId = session("request");
    const { stream, hitl } = await untilHitl(threadId);
    // Its AgentTask is named there a moment later, whenever Main Service has answered.
    const withoutTask = (text: string | null) => ({ ...JSON.parse(text ?? "null"), taskId: undefined });
    const request = withoutTask(await stack.get(`hitl:request:${hitl.requestId}`));
    expect(request).toEqual({
      requestId: hitl.requestId,
      sessionId: threadId,
      userId: "user123",
      tenantId: "1",
      actionType: "send_email",
      context: hitl.context,
      status: "pending",
      createdAt: expect.any(Number),
    });
    expect(await stack.get(`hitl:session:${threadId}`)).toBe(hitl.requestId);
    const answer = await getJson(stack, `/api/aura/hitl/requests/${hitl.requestId}`);
    expect(withoutTask(answer.data)).toEqual(request);
    stream.close();
  });

  test("[R4.5] the signal's copy is kept for whoever asks", async () => {
    const threadId = session("signal");
    const { stream, hitl } = await untilHitl(threadId);
    await decide(stack, hitl.requestId, "reject");
    await stream.ended;
    const answer = await getJson(stack, `/api/aura/hitl/signals/${threadId}`);
    expect(JSON.parse(answer.data)).toMatchObject({
      type: "rejection",
      requestId: hitl.requestId,
      status: "rejected",
    });
  });

  test("[R8.7] a second decision is 409 with the one that stands, and the mail is sent once", async () => {
    const { stream, hitl } = await untilHitl(session("twice"), MAIL.replace("Hi", "Once"));
    const answers = await Promise.all([
      decide(stack, hitl.requestId, "approve"),
      decide(stack, hitl.requestId, "approve"),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    await stream.ended;
    expect((await decide(stack, hitl.requestId, "reject")).status).toBe(409);
    expect(stack.mailbox.mails().filter(({ subject }) => subject === "Once")).toHaveLength(1);
  });

  test("several approvals of one turn are decided in any order", async () => {
    const threadId = session("several");
    const stream = await chat(stack, {
      threadId,
      prompt:
        "Send an email to lee@example.com with subject First saying one. Send an email to park@example.com with subject Second saying two.",
    });
    await stream.first(() => eventsOf(stream.frames).filter(({ type }) => type === "hitl").length === 2);
    const [first, second] = eventsOf(stream.frames).filter(({ type }) => type === "hitl");
    await decide(stack, second?.data.requestId, "approve");
    await stream.first(
      (frame) => frame.data?.includes('"status":"completed"') === true && frame.event === "tool_execution",
    );
    await decide(stack, first?.data.requestId, "reject", "not this one");
    const frames = await stream.ended;
    expect(eventsOf(frames).filter(({ type }) => type === "hitl")).toHaveLength(2);
    const executions = eventsOf(frames).filter(({ type }) => type === "tool_execution");
    expect(executions.map(({ data }) => [data.parameters.subject, data.status])).toEqual([
      ["Second", "executing"],
      ["Second", "completed"],
      ["First", "failed"],
    ]);
    expect(stack.mailbox.mails().map(({ subject }) => subject)).toContain("Second");
    expect(stack.mailbox.mails().map(({ subject }) => subject)).not.toContain("First");
  });

  test("[R3.5] plan steps move forward only, and none is left open", async () => {
    const { stream, hitl } = await untilHitl(session("plan"));
    await decide(stack, hitl.requestId, "approve");
    const rank = { pending: 0, in_progress: 1, completed: 2, failed: 2 };
    const seen = new Map<string, any[]>();
    for (const { type, data } of eventsOf(await stream.ended)) {
      if (type === "plan_step") seen.set(data.id, [...(seen.get(data.id) ?? []), data]);
    }
    expect(seen.size).toBeGreaterThan(0);
    for (const steps of seen.values()) {
      const ranks = steps.map(({ status }) => rank[status as keyof typeof rank]);
      expect(ranks).toEqual([...ranks].sort());
      expect(ranks.at(0)).toBe(0);
      expect(ranks.at(-1)).toBe(2);
      expect(steps.at(-1)).toMatchObject({ completedAt: expect.any(Number) });
      expect(steps.at(-1).completedAt).toBeLessThan(10_000_000_000);
    }
  });

  test("[R8.8] [R8.3] a client that leaves misses nothing: the run goes on, and it follows from where it was", async () => {
    const { stream, hitl } = await untilHitl(session("leave"), MAIL.replace("Hi", "Left"));
    const before = [...stream.frames];
    stream.close();
    await decide(stack, hitl.requestId, "approve");
    const again = await chat(
      stack,
      { prompt: MAIL.replace("Hi", "Left"), threadId: session("leave") },
      { "last-event-id": before.at(-1)?.id ?? "" },
    );
    const frames = await again.ended;
    expect(again.response.headers.get("x-run-id")).toBe(stream.response.headers.get("x-run-id"));
    const seqs = [...eventsOf(before), ...eventsOf(frames)].map(({ id }) => Number(id.split(":")[1]));
    expect(seqs).toEqual(seqs.map((_, i) => i + 1));
    expect(stack.mailbox.mails().filter(({ subject }) => subject === "Left")).toHaveLength(1);
  });

  test("a new message on a waiting thread gives the approval up: the old stream ends, the late approval changes nothing", async () => {
    const threadId = session("supersede");
    const { stream, hitl } = await untilHitl(threadId, MAIL.replace("Hi", "Superseded"));
    const next = await chat(stack, { prompt: "hello", threadId });
    const old = await stream.ended;
    expect(eventsOf(old).at(-1)).toMatchObject({
      type: "error",
      data: { errorCode: "E3002", reason: "superseded" },
    });
    expect(old.at(-1)?.event).toBe("error");
    expect(textOf(await next.ended)).not.toBe("");
    expect((await decide(stack, hitl.requestId, "approve")).status).toBe(409);
    expect(stack.mailbox.mails().filter(({ subject }) => subject === "Superseded")).toEqual([]);
  });

  test("a new message gives up only what is undecided: the sibling that was approved stays done", async () => {
    const threadId = session("half");
    const stream = await chat(stack, {
      threadId,
      prompt:
        "Send an email to lee@example.com with subject Done saying one. Send an email to park@example.com with subject Undecided saying two.",
    });
    await stream.first(() => eventsOf(stream.frames).filter(({ type }) => type === "hitl").length === 2);
    const [first] = eventsOf(stream.frames).filter(({ type }) => type === "hitl");
    await decide(stack, first?.data.requestId, "approve");
    await stream.first(
      (frame) => frame.data?.includes('"status":"completed"') === true && frame.event === "tool_execution",
    );
    // The run waits again once the approved call is over: until then the thread is busy.
    const runId = stream.response.headers.get("x-run-id");
    await expect
      .poll(async () => (await getJson(stack, `/api/aura/runs/${runId}`)).data.status)
      .toBe("waiting");
    const next = await chat(stack, { prompt: "hello", threadId });
    const old = eventsOf(await stream.ended).filter(({ type }) => type !== "plan_step");
    expect(old.at(-2)).toMatchObject({
      type: "tool_execution",
      data: { status: "failed", parameters: { subject: "Undecided" } },
    });
    expect(old.at(-1)).toMatchObject({ type: "error", data: { errorCode: "E3002" } });
    expect((await next.ended).at(-1)?.data).toBe("[DONE]");
    const subjects = stack.mailbox.mails().map(({ subject }) => subject);
    expect(subjects).toContain("Done");
    expect(subjects).not.toContain("Undecided");
  });

  test("a thread remembers: the next prompt runs on the same history", async () => {
    const threadId = session("memory");
    const first = await chat(stack, { prompt: "hello", threadId });
    expect((await first.ended).at(-1)?.data).toBe("[DONE]");
    const { stream, hitl } = await untilHitl(threadId, MAIL.replace("Hi", "Later"));
    await decide(stack, hitl.requestId, "approve");
    expect((await stream.ended).at(-1)?.data).toBe("[DONE]");
    expect(stack.mailbox.mails().filter(({ subject }) => subject === "Later")).toHaveLength(1);
  });

  test("Korean prompts work the same way", async () => {
    const { stream, hitl } = await untilHitl(
      session("korean"),
      "kim@example.com 에게 제목 회의 내용 내일 3시 회의입니다 라고 메일 보내줘",
    );
    expect(hitl.context).toMatchObject({ to: "kim@example.com", subject: "회의" });
    expect(hitl.message).toMatch(/[가-힣]/);
    await decide(stack, hitl.requestId, "approve");
    expect(textOf(await stream.ended)).toMatch(/[가-힣]/);
  });
});
