import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRedisBackend } from "../../../src/adapters/redis/backend.ts";
import type { Backend } from "../../../src/ports/backend.ts";
import { anApproval, aRun, bringTo, range, someEvents } from "../../contracts/harness.ts";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";
import { recordingLogger } from "./recording-logger.ts";

const HOUR_MS = 60 * 60_000;
const TTL_MS = 100 * HOUR_MS;

describe("what the redis backend keeps, and for how long", () => {
  let redis: TestRedis;
  let client: Redis;
  let backend: Backend;
  beforeAll(async () => {
    redis = await startRedis();
    client = redis.client();
    const { host, port } = redis;
    const logger = recordingLogger();
    backend = createRedisBackend({ host, port, password: undefined, logger, threadTtlMs: TTL_MS });
  });
  afterAll(async () => {
    await backend.close();
    await redis.stop();
  });

  /** Of all keys whose name contains one of the ids: which have the thread's time, which another, or none. */
  const lifetimes = async (ids: readonly string[]) => {
    const keys = (await client.keys("aura:*")).filter((key) => ids.some((id) => key.includes(id)));
    const groups = { full: [] as string[], less: [] as string[], none: [] as string[] };
    for (const key of keys.toSorted()) {
      const left = await client.pttl(key);
      const group = left < 0 ? "none" : left > TTL_MS - HOUR_MS && left <= TTL_MS ? "full" : "less";
      groups[group].push(key.split(":").slice(0, 2).join(":"));
    }
    return groups;
  };

  /** A thread that has everything that a thread can have, twice. */
  const thread = async () => {
    const { threads, eventLog, approvals, ledger } = backend;
    const threadId = randomUUID();
    const runs = range(2).map(() => aRun({ threadId }));
    const records = runs.flatMap(({ runId }) => range(2).map(() => anApproval({ threadId, runId })));
    for (const { runId } of runs) {
      await threads.begin(aRun({ threadId, runId }));
      await eventLog.append(runId, someEvents(1, 2));
      await bringTo(threads, runId, "completed", 2);
    }
    await approvals.open(records);
    await approvals.settle(records[0]!.requestId, { status: "approved", decidedAt: 1 });
    await approvals.finish(threadId, [records[0]!.requestId]);
    await ledger.begin({ threadId, taskId: "task", toolCallId: "call" });
    const ids = [threadId, ...runs.map(({ runId }) => runId), ...records.map(({ requestId }) => requestId)];
    return { threadId, runs, ids };
  };
  const EVERYTHING = [
    ...range(4).map(() => "aura:approval"),
    "aura:approvals",
    "aura:events",
    "aura:events",
    "aura:ledger",
    "aura:run",
    "aura:run",
    "aura:runs",
    "aura:thread",
    "aura:unfinished",
  ];

  it("gives what it writes of a run the thread's time", async () => {
    const run = aRun();
    const ids = [run.runId, run.threadId];
    await backend.threads.begin(run);
    await backend.eventLog.append(run.runId, someEvents(1, 1));
    const written = ["aura:events", "aura:run", "aura:runs", "aura:thread"];
    expect(await lifetimes(ids)).toEqual({ full: written, less: [], none: [] });
    await client.pexpire(`aura:run:${run.runId}`, HOUR_MS);
    await backend.threads.transition(run.runId, ["queued"], "running", 2);
    expect(await lifetimes(ids)).toEqual({ full: written, less: [], none: [] });
    const empty = randomUUID();
    await backend.eventLog.close(empty);
    expect(await lifetimes([empty])).toEqual({ full: ["aura:events"], less: [], none: [] });
  });

  it("prolongs everything of a thread together, and of no other", async () => {
    const [used, unused] = [await thread(), await thread()];
    for (const key of await client.keys("aura:*")) {
      if ([...used.ids, ...unused.ids].some((id) => key.includes(id))) await client.pexpire(key, HOUR_MS);
    }
    await backend.touch(used.threadId);
    expect(await lifetimes(used.ids)).toEqual({ full: EVERYTHING, less: [], none: [] });
    expect(await lifetimes(unused.ids)).toEqual({ full: [], less: EVERYTHING, none: [] });
  });

  it("leaves Main Service's keys and the lease alone, and makes nothing", async () => {
    const { threadId, ids } = await thread();
    await backend.leases.acquire(threadId, "holder", HOUR_MS);
    await backend.touch(threadId);
    expect(await lifetimes([threadId])).toMatchObject({ less: ["aura:lease"] });
    const session = await client.pttl(`hitl:session:${threadId}`);
    expect(session).toBeLessThanOrEqual(HOUR_MS);
    const before = (await client.keys("*")).length;
    await backend.touch(randomUUID());
    expect(await client.keys("*")).toHaveLength(before);
    expect(ids.length).toBeGreaterThan(0);
  });

  it("prolongs a thread of many runs", async () => {
    const run = aRun();
    await backend.threads.begin(run);
    const others = range(20_000).map((index) => `run-${index}`);
    await client.rpush(`aura:runs:${run.threadId}`, ...others);
    await backend.touch(run.threadId);
  });

  it("has nothing due of a run that has expired, and its Idempotency-Key is free", async () => {
    const withKey = { idempotency: { key: randomUUID(), bodyDigest: "b" } };
    const run = aRun({ createdAt: 1 });
    await backend.threads.begin(run, withKey);
    await client.del(`aura:run:${run.runId}`);
    await backend.threads.takeDue(10, 20, 100_000);
    expect(await client.zscore("aura:due", run.runId)).toBeNull();
    const other = { idempotency: { ...withKey.idempotency, bodyDigest: "c" } };
    const next = aRun({ threadId: run.threadId });
    expect(await backend.threads.begin(next, other)).toEqual({ kind: "started" });
    expect(await backend.threads.begin(aRun(), other)).toEqual({ kind: "repeated", runId: next.runId });
  });

  it("keeps an Idempotency-Key for 24 hours, whatever the thread's time", async () => {
    const before = new Set(await client.keys("aura:idempotency:*"));
    await backend.threads.begin(aRun(), { idempotency: { key: "a key", bodyDigest: "b" } });
    const [key, ...others] = (await client.keys("aura:idempotency:*")).filter((name) => !before.has(name));
    expect(others).toEqual([]);
    const left = await client.pttl(key!);
    expect(left).toBeGreaterThan(23 * HOUR_MS);
    expect(left).toBeLessThanOrEqual(24 * HOUR_MS);
  });
});
