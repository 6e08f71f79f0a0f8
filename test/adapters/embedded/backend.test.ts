import { describe, expect, it } from "vitest";
import { createEmbeddedBackend } from "../../../src/adapters/embedded/backend.ts";
import { createEmbeddedBus } from "../../../src/adapters/embedded/bus.ts";
import { createEmbeddedJobQueue } from "../../../src/adapters/embedded/job-queue.ts";
import { createEmbeddedKnowledgeQueue } from "../../../src/adapters/embedded/knowledge-queue.ts";
import { backendContract } from "../../contracts/backend.ts";
import {
  anApproval,
  aRun,
  bringTo,
  callCounter,
  type Harness,
  owned,
  range,
  someEvents,
} from "../../contracts/harness.ts";
import { recordingLogger } from "../redis/recording-logger.ts";

async function makeHarness(): Promise<Harness> {
  const bus = createEmbeddedBus();
  let late = 0;
  const now = () => Date.now() + late;
  const backend = createEmbeddedBackend({ bus, logger: recordingLogger(), now });
  return {
    backends: [backend, backend],
    publish: async (channel, message) => void bus.publish(channel, message),
    getKey: async (key) => bus.get(key),
    replaceKey: async (key, value) => {
      if (!bus.replace(key, value)) bus.set(key, value, 300);
    },
    deleteKey: async (key) => bus.delete(key),
    expireLease: async () => {
      late += 60_000;
    },
    close: () => backend.close(),
  };
}

backendContract("embedded", {
  backend: makeHarness,
  knowledge: async (options) =>
    createEmbeddedKnowledgeQueue({ ...options, logger: recordingLogger(), now: Date.now }),
  jobs: async (options) => createEmbeddedJobQueue(options),
});

describe("the embedded backend", () => {
  const DAY_MS = 24 * 60 * 60_000;
  const make = () => {
    const clock = { now: 0 };
    const bus = createEmbeddedBus(() => clock.now);
    const logger = recordingLogger();
    const backend = createEmbeddedBackend({
      bus,
      logger,
      now: () => clock.now,
      threadTtlMs: 2 * DAY_MS,
      backoffMs: 1,
    });
    return { clock, bus, logger, backend };
  };

  it("answers ping", async () => {
    await expect(make().backend.ping()).resolves.toBeUndefined();
  });

  it("lets hitl:request live until the approval expires, and hitl:session for 60 minutes", async () => {
    const { clock, bus, backend } = make();
    const { approvals } = backend;
    const record = anApproval({ createdAt: 0 });
    await approvals.open([record]);
    clock.now = 30 * 60_000 - 1;
    expect(await approvals.publishedRequest(record.requestId)).not.toBeNull();
    clock.now += 1;
    expect(await approvals.publishedRequest(record.requestId)).toBeNull();
    expect(bus.get(`hitl:session:${record.threadId}`)).toBe(record.requestId);
    clock.now = 60 * 60_000;
    expect(bus.get(`hitl:session:${record.threadId}`)).toBeNull();
    // The record itself outlives them: an approver may be late, and is to be told.
    const decision = { status: "expired", decidedAt: clock.now } as const;
    expect(await approvals.settle(record.requestId, decision)).toMatchObject({ settled: true });
  });

  it("forgets everything of a thread that has been over and unused for long", async () => {
    const { clock, backend } = make();
    const { threads, eventLog, approvals, ledger } = backend;
    const run = aRun();
    const { runId, threadId } = run;
    const effect = { threadId, taskId: "task", toolCallId: "call" };
    const record = anApproval({ threadId, runId });
    await threads.begin(run, { idempotency: { key: "k", bodyDigest: "b" } });
    await eventLog.append(runId, someEvents(1, 2));
    await approvals.open([record]);
    await ledger.begin(effect);
    await bringTo(threads, runId, "completed", 1);
    clock.now = DAY_MS;
    await backend.touch(threadId);
    clock.now = 3 * DAY_MS - 1;
    await backend.touch("another");
    expect(await threads.run(runId)).not.toBeNull();
    clock.now += 1;
    await backend.touch("another");
    expect(await threads.thread(threadId)).toBeNull();
    expect(await threads.run(runId)).toBeNull();
    expect(await threads.runsOf(threadId)).toEqual([]);
    expect(await threads.takeDue(1e15, 2e15, 10)).toEqual([]);
    expect(await eventLog.tail(runId)).toEqual({ lastSeq: 0, closed: false });
    expect(await approvals.get(record.requestId)).toBeNull();
    expect(await approvals.pendingOf(record)).toEqual([]);
    expect(await approvals.pending(null, 10)).toEqual([]);
    expect(await ledger.begin(effect)).toEqual({ state: "new" });
    expect(await threads.begin(aRun({ threadId, userId: "user124" }))).toEqual({ kind: "started" });
  });

  it("keeps a thread whose run is not over, however long that takes", async () => {
    const { clock, backend } = make();
    const run = aRun();
    await backend.threads.begin(run);
    for (const _ of range(5)) {
      clock.now += 2 * DAY_MS;
      await backend.touch("another");
    }
    expect(await backend.threads.run(run.runId)).not.toBeNull();
  });

  it("knows an Idempotency-Key for 24 hours", async () => {
    const { clock, backend } = make();
    const withKey = { idempotency: { key: "k", bodyDigest: "b" } };
    const run = aRun();
    await backend.threads.begin(run, withKey);
    clock.now = DAY_MS - 1;
    const repeated = { kind: "repeated", runId: run.runId };
    expect(await backend.threads.begin(aRun(), withKey)).toEqual(repeated);
    clock.now += 1;
    expect(await backend.threads.begin(aRun(), withKey)).toEqual({ kind: "started" });
  });

  it("logs what its jobs reject with", async () => {
    const { backend, logger } = make();
    const done = callCounter();
    backend.queue.work(async () => {
      done.call();
      if (done.count() === 1) throw new Error("a bug");
    });
    await backend.queue.enqueue(owned("t"), "new");
    await done.reached(2);
    expect(logger.lines).toEqual(["error: a job failed"]);
    await backend.close();
  });
});
