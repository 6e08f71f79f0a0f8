import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type OpenAiStub, planReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf } from "../helpers/sse-client.ts";
import { chat, decide, headersOf, type Stack, startStack } from "../helpers/stack.ts";

describe.each(["embedded", "redis"] as const)("edits of several calls at once, %s backend", (backend) => {
  let stub: OpenAiStub;
  let stack: Stack;
  beforeAll(async () => {
    stub = await startOpenAiStub();
    const env = { OPENAI_BASE_URL: stub.url, OPENAI_API_KEY: "key", MAIL_FROM: "Aura <aura@dwp.com>" };
    stack = await startStack({ backend, env });
  });
  afterAll(async () => {
    await stack.close();
    await stub.close();
  });
  afterEach(() => stub.verify());

  const mail = (subject: string) => ({ to: "kim@dwp.com", subject, body: "Please read." });
  const ask = async (...calls: Record<string, unknown>[]) => {
    stub.script(planReply({ title: "Send", tool: "send_email" }), {
      reply: { calls: calls.map((args) => ({ name: "send_email", args })) },
    });
    const stream = await chat(stack, { prompt: "mail them" }, { "accept-language": "ko" });
    const byId = new Map<string, any>();
    await stream.first(({ event, data = "" }) => {
      const hitl = event === "hitl" ? JSON.parse(data).data : undefined;
      if (hitl !== undefined) byId.set(hitl.requestId, hitl);
      return byId.size === calls.length;
    });
    const asked = [...byId.values()];
    return { stream, asked };
  };
  const edit = async (requestId: string, args: Record<string, unknown>) => {
    const response = await fetch(`${stack.url}/api/aura/approvals/${requestId}/edit`, {
      method: "POST",
      headers: { ...(await headersOf()), "accept-language": "en" },
      body: JSON.stringify({ arguments: args }),
    });
    return { http: response.status, ...((await response.json()) as any) };
  };
  const sent = () => stack.mailbox.mails().map(({ subject }) => subject);

  test("a sibling that is decided first asks for the others again, and the edited one stays edited", async () => {
    const { stream, asked } = await ask(mail("one"), mail("two"), mail("three"));
    const bySubject = new Map(asked.map((hitl) => [hitl.context.subject, hitl.requestId as string]));
    const edited = await edit(bySubject.get("two") ?? "", mail("two, edited"));
    expect(edited).toMatchObject({ http: 200, data: { context: { subject: "two, edited" } } });
    expect((await decide(stack, bySubject.get("one") ?? "", "approve")).status).toBe(200);
    await stream.first(({ event, data = "" }) => event === "tool_execution" && data.includes('"completed"'));
    const again = await edit(edited.data.requestId, mail("two, edited again"));
    expect(again.http).toBe(200);
    expect((await decide(stack, bySubject.get("three") ?? "", "reject")).status).toBe(200);
    stub.script({
      expect: ({ messages }) => {
        const answers = messages.filter(({ role }) => role === "tool").map(({ content }) => String(content));
        expect(answers).toHaveLength(3);
        expect(answers.filter((text) => /changed the arguments.*two, edited again/s.test(text))).toHaveLength(
          1,
        );
      },
      reply: { text: "done" },
    });
    expect((await decide(stack, again.data.requestId, "approve")).status).toBe(200);
    const events = eventsOf(await stream.ended);
    expect(sent().toSorted()).toEqual(["one", "two, edited again"]);
    const hitls = events.filter(({ type }) => type === "hitl").map(({ data }) => data);
    expect(hitls).toHaveLength(5);
    expect(hitls.filter(({ editOf }) => editOf !== undefined).map(({ editOf }) => editOf)).toEqual([
      bySubject.get("two"),
      edited.data.requestId,
    ]);
    // The run speaks Korean, whatever language the editor's client asks for.
    for (const { message } of hitls) expect(message).toMatch(/[가-힣]/);
  });

  test("a long body that was shown in part can be replaced whole, and not edited in part", async () => {
    const body = `${"회의 😀😀 ".repeat(4_000)}끝`;
    const { stream, asked } = await ask({ ...mail("long"), body });
    const [hitl] = asked;
    expect(hitl.truncated).toBe(true);
    const inPart = await edit(hitl.requestId, { ...hitl.context, subject: "longer" });
    expect(inPart).toMatchObject({
      ...{ http: 400, errorCode: "E4000" },
      data: { issues: [{ path: "arguments/body", message: expect.stringContaining(hitl.requestId) }] },
    });
    const whole = await edit(hitl.requestId, { ...hitl.context, subject: "longer", body: `${body}!` });
    expect(whole).toMatchObject({ http: 200, data: { context: { body: `${body}!` } } });
    stub.script({ reply: { text: "ok" } });
    await decide(stack, whole.data.requestId, "approve");
    await stream.ended;
    expect(stack.mailbox.mails()[0]).toMatchObject({ subject: "longer" });
    expect(stack.mailbox.mails()[0]?.text?.trimEnd()).toBe(`${body}!`);
  });
});
