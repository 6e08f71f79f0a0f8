import { afterEach, expect, test } from "vitest";
import { type OpenAiStub, planReply, type StubReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf, textOf } from "../helpers/sse-client.ts";
import { chat, decide, type Stack, startStack } from "../helpers/stack.ts";

let close: () => Promise<unknown> = async () => {};
afterEach(() => close());

async function start(
  env: NodeJS.ProcessEnv,
  backend: "embedded" | "redis" = "embedded",
): Promise<{ stack: Stack; stub: OpenAiStub }> {
  const stub = await startOpenAiStub();
  const stack = await startStack({
    backend,
    env: { OPENAI_BASE_URL: stub.url, OPENAI_API_KEY: "key", ...env },
  });
  close = async () => {
    await stack.close();
    await stub.close();
  };
  return { stack, stub };
}

const mailCall: StubReply = {
  calls: [{ name: "send_email", args: { to: "kim@example.com", subject: "Hi", body: "hello" } }],
};
test.each<[string, NodeJS.ProcessEnv, StubReply, string, RegExp]>([
  ["text", { AURA_MAX_OUTPUT: "5000" }, { endless: { content: "more " } }, "E5000", /5000 characters/],
  ["thoughts", { AURA_MAX_OUTPUT: "5000" }, { endless: { reasoning_content: "hm " } }, "E5000", /5000 char/],
  ["events", { AURA_MAX_EVENTS: "500" }, { endless: { content: "m" } }, "E5000", /500 events/],
  ["empty deltas", { AURA_MAX_RUN_SECONDS: "2" }, { endless: { content: "" } }, "E5001", /2 seconds/],
  ["comments", { AURA_MAX_RUN_SECONDS: "2" }, { endless: ": still here\n\n" }, "E5001", /2 seconds/],
])(
  "[R5.6] an endless answer (%s) ends the run with a word on the limit, and nothing else",
  async (...row) => {
    const [, env, reply, errorCode, message] = row;
    const { stack, stub } = await start(env);
    stub.script(planReply({ title: "Tell" }), { reply });
    const body = { prompt: "tell me", threadId: "endless", context: { language: "en" } };
    const stream = await chat(stack, body, { "accept-language": "en" });
    const health = await fetch(`${stack.aura.url}/health`);
    expect(health.status).toBe(200);
    const frames = await stream.ended;
    expect(frames.at(-1)?.event).toBe("error");
    const events = eventsOf(frames);
    expect(events.at(-1)).toMatchObject({
      type: "error",
      data: { errorCode, message: expect.stringMatching(message) },
    });
    expect(events.filter(({ type }) => type === "content").length).toBeLessThan(1_100);
    await expect.poll(() => stub.sending()).toBe(0);
    stub.script(planReply({ title: "Again" }), { reply: { text: "Here." } });
    expect(textOf(await (await chat(stack, { ...body, prompt: "again" })).ended)).toBe("Here.");
    stub.verify();
  },
);

test("[R5.6] the limit is told in Korean, and a report of the run has it", async () => {
  const { stack, stub } = await start({ AURA_MAX_OUTPUT: "1000" });
  stub.script(planReply({ title: "말하기" }), { reply: { endless: { content: "계속 " } } });
  const frames = await (await chat(stack, { prompt: "말해 줘", threadId: "korean" })).ended;
  expect(eventsOf(frames).at(-1)?.data.message).toBe(
    "모델의 출력이 한 번의 실행에서 허용되는 1000자를 넘어 실행을 중단했습니다. 요청을 나누어 다시 말씀해 주세요.",
  );
});

test.each(["embedded", "redis"] as const)(
  "[R4.1] the wait for a person is no time of the run, what was worked before it is (%s)",
  async (backend) => {
    const { stack, stub } = await start({ AURA_MAX_RUN_SECONDS: "6" }, backend);
    stub.script(planReply({ title: "Send it", tool: "send_email" }), {
      reply: { ...mailCall, pauseMs: 100 },
    });
    const stream = await chat(stack, { prompt: "mail kim", threadId: "slow-person" });
    const hitl = await stream.event("hitl");
    // Longer than a run may take.
    await new Promise((resolve) => setTimeout(resolve, 6_500));
    stub.script({ reply: { text: ["It ", "is ", "sent."] } });
    await decide(stack, hitl.requestId, "approve");
    expect(textOf(await stream.ended)).toBe("It is sent.");
    expect(stack.mailbox.mails()).toHaveLength(1);
    stub.verify();
  },
);

test("[R4.1] a run whose time is over still does what was approved, and then asks the model nothing", async () => {
  const { stack, stub } = await start({ AURA_MAX_RUN_SECONDS: "3" });
  stub.script(planReply({ title: "Send it", tool: "send_email" }), { reply: mailCall });
  const stream = await chat(stack, { prompt: "mail kim", threadId: "late" });
  const hitl = await stream.event("hitl");
  stub.script({ reply: { endless: { content: "" } } });
  await decide(stack, hitl.requestId, "approve");
  const events = eventsOf(await stream.ended);
  expect(stack.mailbox.mails()).toHaveLength(1);
  expect(events.find(({ data }) => data.tool === "send_email" && data.status === "completed")).toBeDefined();
  expect(events.at(-1)).toMatchObject({ type: "error", data: { errorCode: "E5001" } });
});
