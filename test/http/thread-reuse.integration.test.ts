import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { compose } from "../../src/compose.ts";
import { loadConfig } from "../../src/config.ts";
import type { Core } from "../../src/core.ts";
import { type ChatRequest, type OpenAiStub, startOpenAiStub } from "../helpers/openai-stub.ts";
import { startRedis, type TestRedis } from "../helpers/redis.ts";
import { JWT_SECRET } from "../helpers/stack.ts";

const PLAN = { text: JSON.stringify({ steps: [{ title: "Answer", confidence: 0.9 }] }) };
const SECRET = "the budget is 7 million";

describe("a thread id that is used again after its records are gone", () => {
  let redis: TestRedis;
  let model: OpenAiStub;
  let asked: ChatRequest[];
  const cores = new Set<Core>();
  beforeAll(async () => {
    redis = await startRedis();
    model = await startOpenAiStub([], {
      always: (request) => {
        asked.push(request);
        return request.tools === undefined ? PLAN : { text: "Noted." };
      },
    });
  });
  beforeEach(() => {
    asked = [];
  });
  afterEach(async () => {
    await Promise.all([...cores].map((core) => core.close()));
    cores.clear();
  });
  afterAll(async () => {
    await model.close();
    await redis.stop();
  });

  const start = async (AURA_ROLE: "api" | "worker" | "all") => {
    const env = { REDIS_HOST: redis.host, REDIS_PORT: `${redis.port}`, OPENAI_BASE_URL: model.url };
    const config = loadConfig({
      JWT_SECRET,
      ...env,
      OPENAI_API_KEY: "key",
      AURA_ROLE,
      AURA_RECONCILE_MS: "100",
      AURA_KNOWLEDGE: "off",
    });
    const core = await compose(config, { logger: pino({ level: "silent" }) });
    await core.ready();
    cores.add(core);
    return core;
  };
  const prompt = (core: Core, userId: string, text: string, threadId: string) =>
    core.start({
      owner: { tenantId: "1", userId },
      threadId,
      prompt: text,
      context: {},
      language: "en",
      traceId: "t",
    });
  const over = (core: Core, runId: string) =>
    expect.poll(async () => (await core.backend.eventLog.tail(runId)).closed).toBe(true);

  /** Somebody has talked on the thread; its records have expired, its checkpoints (read later) have not. */
  const leftOver = async (threadId: string) => {
    const core = await start("all");
    await over(core, (await prompt(core, "owner", SECRET, threadId)).runId);
    await core.close();
    cores.delete(core);
    const client = redis.client();
    for (const key of await client.keys("aura:*"))
      if (!key.startsWith("aura:checkpointer")) await client.del(key);
    await client.rpush(`aura:runs:${threadId}`, "run-of-owner");
    expect(await client.exists(`langgraph:thread:${threadId}`)).toBe(1);
    asked = [];
    return start("api");
  };
  const expectNothingOld = () => {
    expect(asked.length).toBeGreaterThan(0);
    expect(JSON.stringify(asked)).not.toContain(SECRET);
  };

  it("begins empty for its new owner, and goes on from there", async () => {
    const api = await leftOver("reused");
    const { runId } = await prompt(api, "other", "hello", "reused");
    expect(await api.backend.threads.runsOf("reused")).toEqual([runId]);
    await start("worker");
    await over(api, runId);
    expectNothingOld();
    const next = await prompt(api, "other", "and now?", "reused");
    await over(api, next.runId);
    const messages = asked.at(-1)?.messages.map(({ content }) => content);
    expect(messages).toEqual(expect.arrayContaining(["hello", "Noted.", "and now?"]));
  });

  it("begins empty when its first run is over before it has begun", async () => {
    const api = await leftOver("cancelled");
    const first = await prompt(api, "other", "hello", "cancelled");
    await api.cancel({ tenantId: "1", userId: "other" }, first.runId);
    const { runId } = await prompt(api, "other", "hello again", "cancelled");
    await start("worker");
    await over(api, runId);
    expectNothingOld();
  });

  it("begins empty when its first worker died before the first checkpoint", async () => {
    const api = await leftOver("recovered");
    const { runId } = await prompt(api, "other", "hello", "recovered");
    await api.backend.threads.transition(runId, ["queued"], "running", Date.now());
    await start("worker");
    await over(api, runId);
    expect((await api.backend.threads.run(runId))?.attempt).toBe(2);
    expectNothingOld();
  });

  it("keeps what was put there for its first run to continue from", async () => {
    const api = await leftOver("forked");
    const { runId } = await prompt(api, "other", "what is the budget?", "forked");
    const key = `aura:run:${runId}`;
    const record = JSON.parse((await redis.client().hget(key, "record")) ?? "");
    await redis.client().hset(key, "record", JSON.stringify({ ...record, continuesFrom: "checkpoint-1" }));
    await start("worker");
    await over(api, runId);
    expect(JSON.stringify(asked)).toContain(SECRET);
  });
});
