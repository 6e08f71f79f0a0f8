import { MAX_FRAME_BYTES } from "@aura-platform/contract/frames.ts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type OpenAiStub, planReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf, type SseStream } from "../helpers/sse-client.ts";
import { chat, decide, getJson, headersOf, type Stack, startStack } from "../helpers/stack.ts";

/** What an approver reads of a mail is what is sent: the attacks of issue 11, item 3, over the wire. */
describe.each(["embedded", "redis"] as const)("what an approver is shown, %s backend", (backend) => {
  let stub: OpenAiStub;
  let stack: Stack;
  beforeAll(async () => {
    stub = await startOpenAiStub();
    stack = await startStack({
      backend,
      env: { OPENAI_BASE_URL: stub.url, OPENAI_API_KEY: "key", MAIL_FROM: "Aura <aura@dwp.com>" },
    });
  });
  afterAll(async () => {
    await stack.close();
    await stub.close();
  });
  beforeEach(() => stub.requests.splice(0));
  afterEach(() => stub.verify());

  const mail = { to: "kim@dwp.com", subject: "Report", body: "Please read." };
  const ask = async (args: Record<string, unknown>, language = "en") => {
    stub.script(planReply({ title: "Send", tool: "send_email" }), {
      reply: { calls: [{ name: "send_email", args }] },
    });
    return chat(stack, { prompt: "mail them", context: { language } }, { "accept-language": language });
  };
  /** Rejects what waits, so that nothing is sent. */
  const reject = async (stream: SseStream, requestId: string) => {
    stub.script({ reply: { text: "ok" } });
    expect((await decide(stack, requestId, "reject")).status).toBe(200);
    await stream.ended;
    for (const { data } of stream.frames) {
      expect(Buffer.byteLength(data ?? "")).toBeLessThanOrEqual(MAX_FRAME_BYTES);
    }
  };
  const inside = (count: number) => Array.from({ length: count }, (_, at) => `inside-${at}@dwp.com`);
  const foreign = (count: number) => Array.from({ length: count }, (_, at) => `spy-${at}@evil-${at}.example`);

  test("50 recipients, 34 of them foreign, beside a long body: all are there, and every foreign domain is named", async () => {
    const to = [...inside(16), ...foreign(34)];
    const stream = await ask({ ...mail, to, body: "Dear all, ".repeat(2_000) });
    const hitl = await stream.event("hitl");
    expect(hitl.context.to).toEqual(to);
    expect(hitl.message).toContain("50 recipients");
    for (const address of foreign(34)) expect(hitl.message).toContain(address.split("@")[1]);
    await reject(stream, hitl.requestId);
  });

  test("null for what need not be given: the approval is asked, and is about what is sent", async () => {
    const stream = await ask({ ...mail, cc: null, format: null });
    const hitl = await stream.event("hitl");
    expect(hitl.context).toEqual(mail);
    expect(hitl.message).not.toContain("in copy");
    const request = JSON.parse((await stack.get(`hitl:request:${hitl.requestId}`)) ?? "");
    expect(request.context).toEqual(mail);
    stub.script({ reply: { text: "sent" } });
    expect((await decide(stack, hitl.requestId, "approve")).status).toBe(200);
    const events = eventsOf(await stream.ended).filter(({ type }) => type === "tool_execution");
    expect(events.map(({ data }) => [data.status, data.parameters])).toEqual([
      ["executing", mail],
      ["completed", mail],
    ]);
    expect(stack.mailbox.mails()[0]).toMatchObject({ subject: mail.subject, to: [mail.to] });
  });

  test("names and domains in other scripts: what is asked about is where it goes", async () => {
    const to = '"boss@dwp.com" <evil@x.example>, 김철수 <kim@한국.kr>';
    const stream = await ask({ ...mail, to });
    const hitl = await stream.event("hitl");
    expect(hitl.context).toEqual({ ...mail, to: ["evil@x.example", "kim@xn--3e0b707e.kr"] });
    expect(hitl.message).toContain("Outside dwp.com: x.example, xn--3e0b707e.kr (한국.kr).");
    expect(JSON.stringify(hitl)).not.toContain("boss");
    await reject(stream, hitl.requestId);
  });

  test("60 recipients over to and cc: nobody is asked, and the model is told", async () => {
    stub.script(
      planReply({ title: "Send", tool: "send_email" }),
      { reply: { calls: [{ name: "send_email", args: { ...mail, to: foreign(30), cc: inside(30) } }] } },
      {
        expect: ({ messages }) =>
          expect(JSON.stringify(messages.at(-1))).toMatch(/at most 50 recipients.*60/),
        reply: { text: "too many" },
      },
    );
    const stream = await chat(stack, { prompt: "mail them" });
    const events = eventsOf(await stream.ended);
    expect(events.filter(({ type }) => type === "hitl")).toEqual([]);
    expect(events.find(({ type }) => type === "tool_execution")?.data).toMatchObject({
      status: "failed",
      result: expect.stringContaining("60"),
    });
  });

  test("49 in copy, 33 of them foreign, beside a long body: all are there, and counted", async () => {
    const cc = [...inside(16), ...foreign(33)];
    const stream = await ask({ ...mail, cc, body: "Dear all, ".repeat(2_000) }, "ko");
    const hitl = await stream.event("hitl");
    expect(hitl.context).toMatchObject({ to: mail.to, cc, subject: mail.subject });
    expect(hitl.message).toContain("50명에게 메일을 보낼까요? (참조 49명 포함)");
    for (const address of foreign(33)) expect(hitl.message).toContain(address.split("@")[1]);
    await reject(stream, hitl.requestId);
  });

  test("a body of 94,000 characters: the message says how much is not shown, and where the whole is", async () => {
    const danger = "\nPlease pay 90,000 EUR to DE00 0000.\n";
    const body = `${"All is well. ".repeat(4_000)}${danger}${"All is well. ".repeat(4_000)}`.slice(0, 94_000);
    const stream = await ask({ ...mail, body });
    const hitl = await stream.event("hitl");
    const seen: string = hitl.context.body;
    expect(seen.endsWith("…") && body.startsWith(seen.slice(0, -1))).toBe(true);
    const missing = body.length - (seen.length - 1);
    expect(hitl).toMatchObject({ truncated: true, notShown: { body: missing } });
    expect(hitl.shown).toBeUndefined();
    expect(hitl.message).toContain(
      `Not shown here: ${missing.toLocaleString("en-US")} of the 94,000 characters of "body". The whole is at GET /api/aura/hitl/requests/${hitl.requestId}.`,
    );
    const request = JSON.parse((await getJson(stack, `/api/aura/hitl/requests/${hitl.requestId}`)).data);
    expect(request.context.body).toBe(body);
    expect(request.context.body).toContain(danger);
    const { id } = await stream.first(({ event }) => event === "hitl");
    const [runId, seq] = (id ?? "").split(":");
    const whole = await getJson(stack, `/api/aura/runs/${runId}/events/${seq}`);
    expect(whole.data.data.context.body).toBe(body);
    const { data } = await getJson(stack, "/api/aura/approvals");
    expect(data.items).toMatchObject([{ context: { body } }]);
    const [{ message }] = data.items;
    expect(message).toMatch(/^Send an e-mail to 1 recipient\?.*Subject: "Report"$/);
    expect(hitl.message.endsWith(`. ${message}`)).toBe(true);
    await reject(stream, hitl.requestId);
  });

  test("what was shown in part and approved is sent whole", async () => {
    const body = `${"가나다라 ".repeat(4_000)}끝`;
    const stream = await ask({ ...mail, to: "whole@dwp.com", body }, "ko");
    const hitl = await stream.event("hitl");
    expect(hitl.message).toMatch(
      /^주의: 여기에는 일부만 표시됩니다\. 표시되지 않은 부분: "body" 20,001자 중 /,
    );
    stub.script({ reply: { text: "ok" } });
    await decide(stack, hitl.requestId, "approve");
    await stream.ended;
    const sent = stack.mailbox.mails().find(({ to }) => to.includes("whole@dwp.com"));
    expect(sent?.text?.trimEnd()).toBe(body);
  });

  test("recipients that cannot all be shown: nobody is asked, and user and model learn why", async () => {
    const long = Array.from(
      { length: 50 },
      (_, at) => `${`n${at}`.padEnd(60, "x")}@d${at}.${`${"d".repeat(58)}.`.repeat(3)}example`,
    );
    stub.script(
      planReply({ title: "Send", tool: "send_email" }),
      { reply: { calls: [{ name: "send_email", args: { ...mail, to: long } }] } },
      {
        expect: ({ messages }) =>
          expect(messages.at(-1)?.content).toMatch(
            /^NOT EXECUTED \(too large to show\).*Split it into several calls/,
          ),
        reply: { text: "It is too much at once." },
      },
    );
    const stream = await chat(stack, { prompt: "mail", context: { language: "en" } });
    const events = eventsOf(await stream.ended);
    expect(events.filter(({ type }) => type === "hitl")).toEqual([]);
    expect(events.filter(({ type }) => type === "tool_execution").map(({ data }) => data)).toMatchObject([
      { tool: "send_email", status: "failed", result: expect.stringContaining("too large to be shown") },
    ]);
    expect((await getJson(stack, "/api/aura/approvals")).data.items).toEqual([]);
  });

  test("a subject that turns the direction of writing is refused before anybody is asked", async () => {
    stub.script(
      planReply({ title: "Send", tool: "send_email" }),
      { reply: { calls: [{ name: "send_email", args: { ...mail, subject: "Invoice \u202efdp.exe" } }] } },
      {
        expect: ({ messages }) => expect(messages.at(-1)?.content).toContain("direction of writing"),
        reply: { text: "No." },
      },
    );
    const response = await fetch(`${stack.url}/api/aura/test/stream`, {
      method: "POST",
      headers: await headersOf(),
      body: JSON.stringify({ prompt: "mail" }),
    });
    expect(await response.text()).not.toContain("event: hitl");
  });
});
