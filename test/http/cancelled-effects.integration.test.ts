import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../helpers/eventually.ts";
import { type HeldMail, type HoldingSmtp, startHoldingSmtp } from "../helpers/holding-smtp.ts";
import { type ChatRequest, type OpenAiStub, planReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf, openStream, type SseStream, textOf } from "../helpers/sse-client.ts";
import { chat, decide, getJson, headersOf, type Stack, startStack } from "../helpers/stack.ts";

describe.each(["embedded", "redis"] as const)(
  "a run cancelled while its mail is held, %s backend",
  (backend) => {
    let stack: Stack;
    let stub: OpenAiStub;
    let smtp: HoldingSmtp;
    beforeAll(async () => {
      stub = await startOpenAiStub();
      smtp = await startHoldingSmtp();
      const env = { OPENAI_BASE_URL: stub.url, OPENAI_API_KEY: "key", SMTP_URL: smtp.url };
      stack = await startStack({ backend, env });
    });
    afterAll(async () => {
      await stack.close();
      await stub.close();
      await smtp.close();
    });

    const get = async (path: string) => (await getJson(stack, `/api/aura${path}`)).data;
    const runIdOf = (stream: SseStream) => stream.response.headers.get("x-run-id") ?? "";

    /** A run that has been cancelled while the mail server holds its mail. */
    const cancelledInTheMiddle = async (threadId: string) => {
      stub.script(planReply({ title: "Send", tool: "send_email" }), {
        reply: {
          calls: [{ name: "send_email", args: { to: "kim@example.com", subject: threadId, body: "x" } }],
        },
      });
      const stream = await chat(stack, { prompt: "mail kim", threadId });
      await decide(stack, (await stream.event("hitl")).requestId, "approve");
      const mail = await smtp.next();
      expect(mail.subject).toBe(threadId);
      const { "content-type": _, ...headers } = await headersOf();
      const cancel = `${stack.url}/api/aura/runs/${runIdOf(stream)}/cancel`;
      expect((await fetch(cancel, { method: "POST", headers })).status).toBe(200);
      return { stream, mail };
    };

    /** What each surface says of the call. */
    const told = async (stream: SseStream, threadId: string) => {
      const lastIn = (frames: SseStream["frames"]) =>
        eventsOf(frames).findLast(({ type }) => type === "tool_execution")?.data;
      const replay = await openStream(`${stack.url}/api/aura/threads/${threadId}/replay`, {
        method: "POST",
        headers: await headersOf(),
        body: JSON.stringify({ speed: 0 }),
      });
      expect(lastIn(await replay.ended)).toEqual(lastIn(stream.frames));
      const { outcome } = (await get(`/threads/${threadId}/audit`)).items[0];
      const [tool] = (await get(`/runs/${runIdOf(stream)}`)).tools;
      const words = [lastIn(stream.frames)?.outcome, outcome.state, tool.outcome];
      expect([lastIn(stream.frames)?.status, tool.status]).toEqual(
        Array(2).fill(words[0] === "completed" ? "completed" : "failed"),
      );
      return { words, later: outcome.later?.state };
    };

    /** What the model reads of the call with the thread's next prompt. */
    const readNext = async (threadId: string) => {
      let read: unknown;
      const expectation = ({ messages }: ChatRequest) => {
        read = messages.find(({ role }) => role === "tool")?.content;
      };
      stub.script(planReply({ title: "Answer" }), { expect: expectation, reply: { text: "So it was." } });
      const next = await chat(stack, { prompt: "and?", threadId });
      expect(textOf(await next.ended)).toBe("So it was.");
      stub.verify();
      return read;
    };

    test.each<[string, (mail: HeldMail) => void, string, RegExp]>([
      ["taken", (mail) => mail.take(), "completed", /messageId/],
      ["refused", (mail) => mail.refuse(), "failed", /^ERROR: .*550/],
      ["lost with its connection", (mail) => mail.cut(), "unknown", /outcome unknown/],
    ])("that is then %s: every surface says what happened", async (name, what, word, reads) => {
      const threadId = `held-${backend}-${word}`;
      const { stream, mail } = await cancelledInTheMiddle(threadId);
      what(mail);
      expect(eventsOf(await stream.ended).at(-1)).toMatchObject({
        type: "error",
        data: { reason: "cancelled" },
      });
      expect(await told(stream, threadId), name).toEqual({ words: [word, word, word], later: undefined });
      expect(await readNext(threadId)).toMatch(reads);
      expect((await told(stream, threadId)).words).toEqual([word, word, word]);
    });

    test.each<[string, (mail: HeldMail) => void]>([
      ["completed", (mail) => mail.take()],
      ["failed", (mail) => mail.refuse()],
    ])(
      "until nobody waits for it any more: unknown stays the last word, and the audit has what came (%s)",
      async (later, what) => {
        const threadId = `late-${backend}-${later}`;
        const { stream, mail } = await cancelledInTheMiddle(threadId);
        await stream.ended;
        const words = ["unknown", "unknown", "unknown"];
        expect(await told(stream, threadId)).toEqual({ words, later: undefined });
        what(mail);
        await mail.over;
        await eventually(async () => expect(await told(stream, threadId)).toEqual({ words, later }));
        expect(await readNext(threadId)).toMatch(/outcome unknown/);
      },
    );
  },
);
