import { randomUUID } from "node:crypto";
import type { BaseCheckpointSaver } from "@langchain/langgraph";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMailbox, type Mailbox } from "../../../devstack/mailbox.ts";
import { createRedisBackend, type RedisBackend } from "../../../src/adapters/redis/backend.ts";
import { openSaver } from "../../../src/adapters/redis/saver.ts";
import { createAgent } from "../../../src/agent.ts";
import { loadConfig } from "../../../src/config.ts";
import { type AdvanceDeps, advance } from "../../../src/runs/advance.ts";
import { createCancellations } from "../../../src/runs/cancel.ts";
import { eachEvent } from "../../../src/runs/each-event.ts";
import { createHolding } from "../../../src/runs/holding.ts";
import { createPresence } from "../../../src/runs/presence.ts";
import type { AuraTool } from "../../../tools/tool.ts";
import { aRun } from "../../contracts/harness.ts";
import { answer } from "../../faults/model.ts";
import { type OpenAiStub, startOpenAiStub } from "../../helpers/openai-stub.ts";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";
import { JWT_SECRET } from "../../helpers/stack.ts";

const NO_TOOLS: readonly AuraTool[] = [];

/** Of what a worker does, what its process is frozen in front of. */
type Moment = "checkpoint" | "effect" | "waiting" | "model failure";

/**
 * A worker whose process stands still for longer than its lease (SIGSTOP, a pause of its machine) does not know it when it goes on.
 * Here it stands still in front of one write; the others of the process do not matter.
 */
describe("a worker that was frozen for longer than its lease", () => {
  let redis: TestRedis;
  let mailbox: Mailbox;
  let model: OpenAiStub;
  let modelFails: boolean;
  let opened: (() => Promise<void>)[];
  beforeEach(async () => {
    opened = [];
    modelFails = false;
    redis = await startRedis();
    mailbox = await createMailbox({ port: 0 });
    model = await startOpenAiStub([], {
      always: (request) => (modelFails ? { status: 400, error: "no" } : answer(request)),
    });
  });
  afterEach(async () => {
    for (const close of opened) await close();
    await model.close();
    await mailbox.close();
    await redis.stop();
  });

  /** @param at what it stands still in front of; `thaw` lets it go on */
  const startWorker = async (at: Moment | null = null) => {
    const env = { REDIS_HOST: redis.host, REDIS_PORT: `${redis.port}`, OPENAI_BASE_URL: model.url };
    const config = loadConfig({ JWT_SECRET, ...env, OPENAI_API_KEY: "key", SMTP_URL: mailbox.url });
    const logger = pino({ level: "silent" });
    const backend = createRedisBackend({ ...config.redis, logger });
    const options = { ...config.checkpointer, ...backend, address: config.redis, threadTtlMs: 1e9, logger };
    const saved = await openSaver(options);
    const freeze = freezer();
    if (at === "checkpoint") freeze.before(saved.saver, "put", 3);
    if (at === "effect") freeze.before(backend.ledger, "begin");
    if (at === "waiting") freeze.before(backend.threads, "transition", 2);
    if (at === "model failure") freeze.before(backend, "ping");
    const source = { tools: () => NO_TOOLS, whyMissing: () => undefined };
    const { ledger } = backend;
    const agent = createAgent(config, { threads: saved, ledger, logger, source, reach: {} });
    // Never prolonged while the test runs: the process that does it stands still as well.
    const holding = createHolding(backend.leases, 60_000, logger, Date.now);
    const { limits } = config;
    const presence = createPresence({ threads: backend.threads, leaseMs: 60_000, logger });
    const deps: AdvanceDeps = {
      ...backend,
      ...{ agent, logger, presence, now: Date.now },
      ...{ approvalTtlMs: 60_000, limits },
    };
    const stop = { shutdown: new AbortController().signal, cancellations: createCancellations() };
    opened.push(async () => {
      holding.close();
      presence.close();
      await backend.close();
    });
    return { backend, ...freeze, advance: (threadId: string) => advance(deps, holding, stop, threadId) };
  };

  const approve = async ({ approvals }: RedisBackend, threadId: string) => {
    const pending = (await approvals.unfinished(threadId)).filter(({ status }) => status === "pending");
    for (const { requestId } of pending)
      await approvals.settle(requestId, { status: "approved", decidedAt: 1 });
    return pending.length;
  };
  const kinds = async ({ eventLog }: RedisBackend, runId: string) => {
    const seen: string[] = [];
    await eachEvent(eventLog, runId, ({ type, data }) => {
      if (type === "hitl" || type === "error") seen.push(type);
      if (type === "tool_execution") seen.push(`tool ${data.status}`);
    });
    return seen;
  };
  const begin = async (at: Moment) => {
    const [frozen, other] = [await startWorker(at), await startWorker()];
    const run = aRun({ threadId: randomUUID(), prompt: "mails once" });
    await frozen.backend.threads.begin(run);
    return { frozen, other, run, ...run };
  };
  const takeOver = (threadId: string) => redis.client().del(`aura:lease:${threadId}`);
  const end = async (worker: { backend: RedisBackend }, runId: string) => {
    expect(await kinds(worker.backend, runId)).toEqual(["hitl", "tool executing", "tool completed"]);
    expect((await worker.backend.threads.run(runId))?.status).toBe("completed");
    expect(mailbox.mails()).toHaveLength(1);
  };

  it("stores no checkpoint beside those of its successor", async () => {
    const { frozen, other, threadId, runId } = await begin("checkpoint");
    const stale = frozen.advance(threadId);
    await frozen.frozen;
    await takeOver(threadId);
    await other.advance(threadId);
    frozen.thaw();
    await stale;
    expect(await approve(other.backend, threadId)).toBe(1);
    await other.advance(threadId);
    await end(other, runId);
  });

  it("begins no effect", async () => {
    const { frozen, other, threadId, runId } = await begin("effect");
    await frozen.advance(threadId);
    expect(await approve(other.backend, threadId)).toBe(1);
    const stale = frozen.advance(threadId);
    await frozen.frozen;
    await takeOver(threadId);
    // Cancelled meanwhile, and told so: after that nothing may happen.
    await other.backend.threads.transition(runId, ["running"], "cancelled", 2);
    await other.advance(threadId);
    frozen.thaw();
    await stale;
    expect(mailbox.mails()).toEqual([]);
    expect(await kinds(other.backend, runId)).toContain("error");
  });

  it("does not put its successor's run to sleep", async () => {
    const { frozen, other, threadId, runId } = await begin("waiting");
    const stale = frozen.advance(threadId);
    await frozen.frozen;
    await takeOver(threadId);
    await other.advance(threadId);
    expect(await approve(other.backend, threadId)).toBe(1);
    const resumed = await startWorker("effect");
    const resuming = resumed.advance(threadId);
    await resumed.frozen;
    frozen.thaw();
    await stale;
    resumed.thaw();
    await resuming;
    await end(other, runId);
  });

  it("is not needed to tell what was asked: a call decided before its hitl was sent still shows it first", async () => {
    const { frozen, other, threadId, runId } = await begin("waiting");
    const stale = frozen.advance(threadId);
    await frozen.frozen;
    await takeOver(threadId);
    expect(await approve(other.backend, threadId)).toBe(1);
    await other.advance(threadId);
    await end(other, runId);
    frozen.thaw();
    await stale;
    await end(other, runId);
  });

  it("does not fail its successor's run, however its own model call ends", async () => {
    const { frozen, other, threadId, runId } = await begin("model failure");
    modelFails = true;
    const stale = frozen.advance(threadId);
    await frozen.frozen;
    modelFails = false;
    await takeOver(threadId);
    const successor = await startWorker("waiting");
    const working = successor.advance(threadId);
    await successor.frozen;
    frozen.thaw();
    await stale;
    successor.thaw();
    await working;
    expect(await approve(other.backend, threadId)).toBe(1);
    await other.advance(threadId);
    await end(other, runId);
  });
});

/** Holds the nth call of a method up until `thaw`. */
function freezer() {
  const frozen = Promise.withResolvers<void>();
  const thawed = Promise.withResolvers<void>();
  return {
    frozen: frozen.promise,
    thaw: thawed.resolve,
    before<Name extends string>(
      target: Record<Name, (...args: any[]) => Promise<any>> | BaseCheckpointSaver,
      name: Name,
      nth = 1,
    ) {
      const owner = target as Record<string, (...args: any[]) => Promise<any>>;
      const original = owner[name]!.bind(target);
      let calls = 0;
      owner[name] = async (...args) => {
        calls += 1;
        if (calls === nth) {
          frozen.resolve();
          await thawed.promise;
        }
        return original(...args);
      };
    },
  };
}
