import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { HOSTILE } from "../helpers/hostile-json.ts";
import { type OpenAiStub, planReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { startRedis } from "../helpers/redis.ts";
import { eventsOf, textOf } from "../helpers/sse-client.ts";
import { chat, decide, getJson, headersOf, type Stack, startStack } from "../helpers/stack.ts";

const SECRET = "the-key-that-nobody-must-see";

const MAIL = { to: "kim@example.com", subject: "Hello", body: "as agreed" };

describe.each(["embedded", "redis"] as const)("JSON that looks like an object, %s backend", (backend) => {
  let stack: Stack;
  let model: OpenAiStub;
  const died: unknown[] = [];
  const onDeath = (reason: unknown) => died.push(reason);

  beforeAll(async () => {
    vi.stubEnv("LANGSMITH_API_KEY", SECRET);
    process.on("unhandledRejection", onDeath);
    model = await startOpenAiStub();
    const env = {
      OPENAI_API_KEY: "x",
      OPENAI_BASE_URL: model.url,
      AURA_MODEL: "stub",
      AURA_RECONCILE_MS: "200",
    };
    const redis = backend === "redis" ? { redis: await startRedis({ appendOnly: true }) } : {};
    stack = await startStack({ backend, env, ...redis });
  });
  afterAll(async () => {
    await stack.close();
    await model.close();
    process.off("unhandledRejection", onDeath);
    vi.unstubAllEnvs();
  });

  const get = (path: string) => getJson(stack, `/api/aura${path}`);
  const post = async (path: string, body: unknown) =>
    fetch(`${stack.url}/api/aura${path}`, {
      method: "POST",
      headers: await headersOf(),
      body: JSON.stringify(body),
    });
  const answers = async (threadId: string) => {
    model.script(planReply({ title: "Answer" }), { reply: { text: "Still here." } });
    const frames = await (await chat(stack, { prompt: "still there?", threadId, context: {} })).ended;
    expect(textOf(frames)).toBe("Still here.");
  };
  /** A prompt with all of it in its context and in a call's arguments, up to the approval of another call. */
  const untilApproval = async (threadId: string) => {
    model.script(planReply({ title: "Mail", tool: "send_email" }, { title: "Answer" }), {
      reply: {
        calls: [
          { name: "send_email", args: { ...MAIL, to: HOSTILE["a class of LangChain's"] } },
          { name: "send_email", args: { ...HOSTILE } },
          { name: "send_email", args: MAIL },
        ],
      },
    });
    const stream = await chat(stack, { prompt: "Mail Kim", threadId, context: HOSTILE });
    return { stream, hitl: await stream.event("hitl") };
  };
  const contexts = async (threadId: string) => {
    const { items } = (await get(`/threads/${threadId}/history?values=true`)).data;
    return items
      .flatMap(({ changed }: any) => changed)
      .filter(({ key }: any) => key === "context")
      .map(({ value }: any) => value);
  };

  test("is answered, approved, exported, imported and forked like any other", async () => {
    const threadId = `hostile-${backend}`;
    const { stream, hitl } = await untilApproval(threadId);
    model.script({ reply: { text: "Sent." } });
    expect((await decide(stack, hitl.requestId, "approve")).status).toBe(200);
    const frames = await stream.ended;
    expect(textOf(frames)).toBe("Sent.");
    expect(frames.at(-1)?.data).toBe("[DONE]");
    const failed = eventsOf(frames).filter(
      ({ type, data }) => type === "tool_execution" && data.status === "failed",
    );
    expect(failed).toHaveLength(2);
    expect(stack.mailbox.mails()).toHaveLength(1);
    expect(await contexts(threadId)).toContainEqual(HOSTILE);

    const shown = (await get(`/threads/${threadId}`)).data;
    expect(shown.messages[1].toolCalls.map(({ args }: any) => args)).toEqual([
      { ...MAIL, to: HOSTILE["a class of LangChain's"] },
      HOSTILE,
      MAIL,
    ]);
    const document = (await get(`/threads/${threadId}/export`)).data;
    expect(JSON.stringify(document)).not.toContain(SECRET);
    // Its runs and requests are here already: the copy's need ids of their own.
    const renamed = (value: unknown) =>
      JSON.parse(JSON.stringify(value).replaceAll(/"(run|req)-/g, '"$1-copied-'));
    const imported = await post("/threads/import", renamed(document));
    const copy = ((await imported.json()) as any).data.threadId;
    expect(await contexts(copy)).toContainEqual(HOSTILE);
    expect((await get(`/threads/${copy}`)).data.messages).toEqual(renamed(shown.messages));
    await answers(copy);

    const { items } = (await get(`/threads/${threadId}/history`)).data;
    model.script({ reply: { text: "Forked." } });
    const { checkpointId } = items.find(({ next }: any) => next.includes("agent"));
    const forked = await post(`/threads/${threadId}/fork`, { checkpointId, edits: { context: HOSTILE } });
    expect(forked.status).toBe(200);
    // The agent has its turn: the edit is not taken for it.
    expect(await forked.text()).toContain("Forked.");
    const fork = forked.headers.get("x-thread-id") ?? "";
    expect(await contexts(fork)).toContainEqual(HOSTILE);
    await answers(threadId);
    expect(died).toEqual([]);
  });

  // In embedded mode nothing survives a restart.
  if (backend === "redis") {
    test("waits for its approval across a restart", async () => {
      const threadId = "hostile-restart";
      const { hitl } = await untilApproval(threadId);
      await stack.restartAura();
      model.script({ reply: { text: "Sent late." } });
      const before = stack.mailbox.mails().length;
      expect((await decide(stack, hitl.requestId, "approve")).status).toBe(200);
      await expect.poll(async () => (await get(`/threads/${threadId}`)).data.status).toBe("completed");
      expect(stack.mailbox.mails()).toHaveLength(before + 1);
      expect(JSON.stringify(await get(`/threads/${threadId}/history?values=true`))).not.toContain(SECRET);
      expect((await fetch(`${stack.aura.url}/health`)).status).toBe(200);
      await answers(threadId);
      expect(died).toEqual([]);
    });
  }
});
