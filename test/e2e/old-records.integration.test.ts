import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Direct, directly, RECORDED_USER } from "../helpers/direct.ts";
import { eventually } from "../helpers/eventually.ts";
import { startRedis } from "../helpers/redis.ts";
import { restoreRedis } from "../helpers/redis-fixture.ts";
import { textOf } from "../helpers/sse-client.ts";
import { type Stack, startStack } from "../helpers/stack.ts";

const SECRET = "the-key-that-nobody-must-see";

/**
 * A Redis that commit 940e04d wrote, whose serializer made objects of strangers' JSON. Its approvals expire in 2036. `old-poisoned` holds what
 * ended its process, `old-leak` what printed LANGSMITH_API_KEY, `old-broken` a class that there is not: no request for that
 * thread was ever answered again.
 */
describe("a Redis of before there was a format of our own", () => {
  let stack: Stack;
  let service: Direct;

  beforeAll(async () => {
    vi.stubEnv("LANGSMITH_API_KEY", SECRET);
    const redis = await startRedis();
    await restoreRedis(redis.client(), "redis-940e04d");
    stack = await startStack({ backend: "redis", redis, env: { AURA_RECONCILE_MS: "200" } });
    service = directly(stack, RECORDED_USER);
  });
  afterAll(async () => {
    await stack.close();
    vi.unstubAllEnvs();
  });

  const get = (path: string) => service.getJson(`/aura${path}`);
  const waiting = (threadId: string) =>
    eventually(async () => {
      const { data } = await get(`/threads/${threadId}`);
      expect(data).toMatchObject({ status: "waiting", pendingApprovals: [{}] });
      return data;
    });
  /** To the end of the run that waits there. */
  const follow = (threadId: string, runId: string) =>
    service.chat({ prompt: "what waits", threadId }, { "last-event-id": `${runId}:0` });
  const answers = async (threadId: string) => {
    const next = await (await service.chat({ prompt: "hello again", threadId })).ended;
    expect(next.at(-1)?.data).toBe("[DONE]");
    expect(textOf(next)).not.toBe("");
  };

  test("a finished thread is shown, exported, and goes on", async () => {
    const { data } = await get("/threads/old-finished");
    expect(data.messages.map(({ role }: any) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "tool",
      "assistant",
    ]);
    expect(data.messages[1].toolCalls.map(({ args }: any) => args.subject)).toEqual(["One", "Two"]);
    const { items } = (await get("/threads/old-finished/history?values=true")).data;
    const changed = items.flatMap((item: any) => item.changed);
    expect(changed.find(({ key }: any) => key === "messages").value).toHaveLength(5);
    expect((await get("/threads/old-finished/export")).data.state.messages).not.toHaveLength(0);
    await answers("old-finished");
    expect((await get("/threads/old-finished")).data.messages).toHaveLength(7);
  });

  test("a thread that its own process could not read is read, and goes on", async () => {
    const items = (await get("/threads/old-broken/history?values=true")).data.items;
    expect(JSON.stringify(items)).toContain('"lc":');
    await answers("old-broken");
  });

  test.each(["old-waiting", "old-lookalike", "old-poisoned", "old-leak"])(
    "a thread that waits is resumed by an approval: %s",
    async (threadId) => {
      const before = stack.mailbox.mails().length;
      const { pendingApprovals, runs } = await waiting(threadId);
      const history = JSON.stringify(await get(`/threads/${threadId}/history?values=true`));
      expect(history).toContain('"lc":');
      expect(history).not.toContain(SECRET);
      const stream = await follow(threadId, runs.at(-1).runId);
      await service.approve(pendingApprovals[0].requestId);
      expect((await stream.ended).at(-1)?.data).toBe("[DONE]");
      expect((await get(`/threads/${threadId}`)).data.status).toBe("completed");
      expect(stack.mailbox.mails()).toHaveLength(before + 1);
      await answers(threadId);
      expect(JSON.stringify(await get(`/threads/${threadId}/export`))).not.toContain(SECRET);
      expect((await fetch(`${stack.aura.url}/health`)).status).toBe(200);
    },
  );
});
