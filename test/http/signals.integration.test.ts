import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventsOf } from "../helpers/sse-client.ts";
import { chat, decide, type Stack, startStack } from "../helpers/stack.ts";

const mailTo = (subject: string) => `Send an email to kim@example.com with subject ${subject} saying hello`;

describe.each(["embedded", "redis"] as const)("signals on hitl:channel, %s backend", (backend) => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ backend });
  });
  afterAll(() => stack.close());

  const waitingRun = async (subject: string) => {
    const threadId = `signals-${backend}-${subject}`;
    const stream = await chat(stack, { prompt: mailTo(subject), threadId });
    const hitl = await stream.event("hitl");
    return { threadId, stream, requestId: hitl.requestId as string };
  };
  const publish = (threadId: string, signal: unknown) =>
    stack.publish(`hitl:channel:${threadId}`, typeof signal === "string" ? signal : JSON.stringify(signal));
  const approval = (requestId: string) => ({
    type: "approval",
    requestId,
    status: "approved",
    timestamp: 1706152860,
  });
  const mailsAbout = (subject: string) => stack.mailbox.mails().filter((mail) => mail.subject === subject);
  const ignored = (sessionId: string) =>
    stack.logs.filter((line) => line.msg === "signal ignored" && line.sessionId === sessionId);

  test("[R4.3] a well-formed signal alone is enough to resume, as redis-cli would send it", async () => {
    const { threadId, stream, requestId } = await waitingRun("Alone");
    await publish(threadId, approval(requestId));
    expect((await stream.ended).at(-1)?.data).toBe("[DONE]");
    expect(mailsAbout("Alone")).toHaveLength(1);
  });

  test("what is no signal for this session's pending request is logged once and changes nothing", async () => {
    const { threadId, stream, requestId } = await waitingRun("Noise");
    const other = await waitingRun("Other");
    const noise = [
      "not json",
      "null",
      "[]",
      "{}",
      JSON.stringify({ ...approval(requestId), type: "maybe" }),
      JSON.stringify({ ...approval(requestId), requestId: "req-unknown" }),
      JSON.stringify(approval(other.requestId)),
      "x".repeat(1_000_000),
    ];
    for (const payload of noise) await publish(threadId, payload);
    await expect.poll(() => ignored(threadId)).toHaveLength(noise.length);
    expect(ignored(threadId).map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(["not JSON", "too large", "unknown request", "request of another session"]),
    );
    expect(mailsAbout("Noise")).toEqual([]);

    for (const one of [{ threadId, stream, requestId }, other]) {
      await publish(one.threadId, approval(one.requestId));
      expect((await one.stream.ended).at(-1)?.data).toBe("[DONE]");
    }
    expect(mailsAbout("Noise")).toHaveLength(1);
  });

  test("a signal that comes five times resumes once", async () => {
    const { threadId, stream, requestId } = await waitingRun("Five");
    await Promise.all(Array.from({ length: 5 }, () => publish(threadId, approval(requestId))));
    await stream.ended;
    await expect.poll(() => ignored(threadId)).toHaveLength(4);
    expect(mailsAbout("Five")).toHaveLength(1);
    expect(eventsOf(stream.frames).filter(({ data }) => data.status === "executing")).toHaveLength(1);
  });

  test("[R8.6] when hitl:request says rejected, an approval on the channel does not send the mail", async () => {
    const { threadId, stream, requestId } = await waitingRun("Wins");
    const request = JSON.parse((await stack.get(`hitl:request:${requestId}`)) ?? "");
    await stack.set(
      `hitl:request:${requestId}`,
      JSON.stringify({ ...request, status: "rejected", rejectedBy: "boss", reason: "not today" }),
    );
    await publish(threadId, approval(requestId));
    const tools = eventsOf(await stream.ended).filter(({ type }) => type === "tool_execution");
    expect(tools.map(({ data }) => data)).toMatchObject([
      { status: "failed", result: expect.stringContaining("not today") },
    ]);
    expect(mailsAbout("Wins")).toEqual([]);
  });

  test("[R8.6] when hitl:request names another tenant, the signal is refused", async () => {
    const { threadId, stream, requestId } = await waitingRun("Tenant");
    const text = (await stack.get(`hitl:request:${requestId}`)) ?? "";
    await stack.set(`hitl:request:${requestId}`, JSON.stringify({ ...JSON.parse(text), tenantId: "2" }));
    await publish(threadId, approval(requestId));
    await expect.poll(() => ignored(threadId)).toHaveLength(1);
    await stack.set(`hitl:request:${requestId}`, text);
    expect((await decide(stack, requestId, "approve")).status).toBe(200);
    await stream.ended;
    expect(mailsAbout("Tenant")).toHaveLength(1);
  });

  test("[R4.1] a decision made as soon as the request can be read, before hitl is sent, is not lost", async () => {
    const threadId = `signals-${backend}-early`;
    const stream = await chat(stack, { prompt: mailTo("Early"), threadId });
    // Reads the key that Main Service reads, without waiting for the event.
    await expect.poll(() => stack.get(`hitl:session:${threadId}`), { interval: 1 }).not.toBeNull();
    const requestId = (await stack.get(`hitl:session:${threadId}`)) ?? "";
    expect((await decide(stack, requestId, "approve")).status).toBe(200);
    const types = eventsOf(await stream.ended).map(({ type }) => type);
    expect(types.indexOf("hitl")).toBeGreaterThan(0);
    expect(types.indexOf("hitl")).toBeLessThan(types.indexOf("tool_execution"));
    expect(mailsAbout("Early")).toHaveLength(1);
  });

  test("[R5.5] a prompt on a thread that is executing is refused with the run that executes", async () => {
    const threadId = `signals-${backend}-busy`;
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => chat(stack, { prompt: "hello", threadId })),
    );
    const started = answers.filter(({ response }) => response.status === 200);
    expect(started).toHaveLength(1);
    const runId = started[0]?.response.headers.get("x-run-id");
    for (const { response } of answers) if (response.status !== 200) expect(response.status).toBe(409);
    const busy = stack.logs.filter((line) => line.errorCode === "E3001");
    expect(busy).toHaveLength(4);
    await started[0]?.ended;
    expect(runId).toMatch(/^run-/);
  });
});
