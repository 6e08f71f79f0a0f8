import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ChatRequest, type OpenAiStub, planReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf, type SseStream, textOf } from "../helpers/sse-client.ts";
import { chat, decide, getJson, headersOf, type Stack, startStack } from "../helpers/stack.ts";

describe.each(["embedded", "redis"] as const)("what is said last of a call, %s backend", (backend) => {
  let stack: Stack;
  let stub: OpenAiStub;
  beforeAll(async () => {
    stub = await startOpenAiStub();
    stack = await startStack({ backend, env: { OPENAI_BASE_URL: stub.url, OPENAI_API_KEY: "key" } });
  });
  afterAll(async () => {
    await stack.close();
    await stub.close();
  });

  const thread = (name: string) => `words-${backend}-${name}`;
  const mail = (subject: string) => ({
    name: "send_email",
    args: { to: "kim@example.com", subject, body: "x" },
  });
  const runIdOf = (stream: SseStream) => stream.response.headers.get("x-run-id") ?? "";
  const cancel = async (stream: SseStream) => {
    const { "content-type": _, ...headers } = await headersOf();
    await fetch(`${stack.url}/api/aura/runs/${runIdOf(stream)}/cancel`, { method: "POST", headers });
  };
  /** What each surface says of every call that was asked about, by subject. */
  const told = async (stream: SseStream, name: string) => {
    const tools = eventsOf(stream.frames).filter(({ type }) => type === "tool_execution");
    const audit = (await getJson(stack, `/api/aura/threads/${thread(name)}/audit`)).data.items;
    const report = (await getJson(stack, `/api/aura/runs/${runIdOf(stream)}`)).data.tools;
    return audit.map(({ toolCallId, arguments: { subject }, outcome }: any) => ({
      subject,
      stream: tools.filter(({ data }) => data.toolCallId === toolCallId).map(({ data }) => data.status),
      audit: outcome.state,
      report: report.find((tool: any) => tool.toolCallId === toolCallId)?.status,
    }));
  };
  /** The answers to calls that the model reads with the thread's next prompt. */
  const readNext = async (name: string) => {
    let answers: unknown[] = [];
    const expectation = ({ messages }: ChatRequest) => {
      answers = messages.filter(({ role }) => role === "tool").map(({ content }) => content);
    };
    stub.script(planReply({ title: "Answer" }), { expect: expectation, reply: { text: "So it was." } });
    const stream = await chat(stack, { prompt: "and?", threadId: thread(name) });
    expect(textOf(await stream.ended)).toBe("So it was.");
    stub.verify();
    return answers;
  };

  test("a mail that was sent stays sent when the model fails afterwards", async () => {
    stub.script(
      planReply({ title: "Send", tool: "send_email" }),
      { reply: { calls: [mail("Then it failed")] } },
      { reply: { status: 400, error: "no more" } },
    );
    const stream = await chat(stack, { prompt: "mail kim", threadId: thread("failed") });
    const { requestId } = await stream.event("hitl");
    await decide(stack, requestId, "approve");
    await stream.ended;
    expect(eventsOf(stream.frames).at(-1)).toMatchObject({ type: "error", data: { errorCode: "E5000" } });
    expect(await told(stream, "failed")).toEqual([
      {
        subject: "Then it failed",
        stream: ["executing", "completed"],
        audit: "completed",
        report: "completed",
      },
    ]);
    expect(await readNext("failed")).toEqual([expect.stringContaining("messageId")]);
  });

  test("a mail that was sent stays sent when the user stops the answer about it", async () => {
    stub.script(
      planReply({ title: "Send", tool: "send_email" }),
      { reply: { calls: [mail("Then it was stopped")] } },
      { reply: { stall: "body", text: ["I have "] } },
    );
    const stream = await chat(stack, { prompt: "mail kim", threadId: thread("stopped") });
    const { requestId } = await stream.event("hitl");
    await decide(stack, requestId, "approve");
    await stream.first(() => textOf(stream.frames) === "I have ");
    await cancel(stream);
    await stream.ended;
    expect(eventsOf(stream.frames).at(-1)).toMatchObject({ type: "error", data: { errorCode: "E3002" } });
    expect(await told(stream, "stopped")).toEqual([
      {
        subject: "Then it was stopped",
        stream: ["executing", "completed"],
        audit: "completed",
        report: "completed",
      },
    ]);
    expect(await readNext("stopped")).toEqual([expect.stringContaining("messageId")]);
  });

  test("of several calls each keeps its own word when the user stops the run that waits for the rest", async () => {
    stub.script(planReply({ title: "Send", tool: "send_email" }), {
      reply: { calls: [mail("Sent"), mail("Refused"), mail("Open")] },
    });
    const stream = await chat(stack, { prompt: "mail three", threadId: thread("several") });
    const asked = () => eventsOf(stream.frames).filter(({ type }) => type === "hitl");
    await stream.first(() => asked().length === 3);
    const of = (subject: string) =>
      asked().find(({ data }) => data.context.subject === subject)?.data.requestId;
    const over = (count: number) => () =>
      eventsOf(stream.frames).filter(
        ({ type, data }) => type === "tool_execution" && data.status !== "executing",
      ).length === count;
    await decide(stack, of("Sent"), "approve");
    await stream.first(over(1));
    await decide(stack, of("Refused"), "reject", "not this one");
    await stream.first(over(2));
    await cancel(stream);
    await stream.ended;
    const words = await told(stream, "several");
    expect(words.toSorted((a: any, b: any) => (a.subject < b.subject ? -1 : 1))).toEqual([
      { subject: "Open", stream: ["failed"], audit: "not_executed", report: "failed" },
      { subject: "Refused", stream: ["failed"], audit: "not_executed", report: "failed" },
      { subject: "Sent", stream: ["executing", "completed"], audit: "completed", report: "completed" },
    ]);
    expect(await readNext("several")).toEqual([
      expect.stringContaining("messageId"),
      expect.stringContaining("NOT EXECUTED (rejected)"),
      expect.stringContaining("NOT EXECUTED (cancelled)"),
    ]);
  });
});
