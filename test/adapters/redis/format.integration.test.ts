import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRedisBackend } from "../../../src/adapters/redis/backend.ts";
import { RecordFormatError } from "../../../src/adapters/redis/record-format.ts";
import type { Backend } from "../../../src/ports/backend.ts";
import { anApproval, aRun, dueRun, someEvents } from "../../contracts/harness.ts";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";
import { recordingLogger } from "./recording-logger.ts";

describe("the redis backend refuses what it cannot read, naming the key and no value", () => {
  let redis: TestRedis;
  let client: Redis;
  let backend: Backend;
  beforeAll(async () => {
    redis = await startRedis();
    client = redis.client();
    const { host, port } = redis;
    backend = createRedisBackend({ host, port, password: undefined, logger: recordingLogger() });
  });
  afterAll(async () => {
    await backend.close();
    await redis.stop();
  });

  const id = () => randomUUID();
  const runOf = (fields: object) => JSON.stringify({ ...aRun({ prompt: "private" }), ...fields });
  const cases: [string, (key: string) => Promise<unknown>, (id: string) => Promise<unknown>, string][] = [
    [
      "a run that is not JSON",
      (key) => client.hset(key, { record: "{private", status: "queued", updatedAt: 1 }),
      (run) => backend.threads.run(run),
      "aura:run:",
    ],
    [
      "a run of a newer format",
      (key) => client.hset(key, { record: runOf({ v: 2 }), status: "queued", updatedAt: 1 }),
      (run) => backend.threads.run(run),
      "aura:run:",
    ],
    [
      "a run with a status that does not exist",
      (key) => client.hset(key, { record: runOf({}), status: "private", updatedAt: 1 }),
      (run) => backend.threads.run(run),
      "aura:run:",
    ],
    [
      "a run without times",
      (key) => client.hset(key, { record: runOf({}), status: "queued" }),
      (run) => backend.threads.run(run),
      "aura:run:",
    ],
    [
      "a run of another type",
      (key) => client.set(key, "private"),
      (run) => backend.threads.run(run),
      "aura:run:",
    ],
    [
      "a run with an attempt that is no number",
      (key) => client.hset(key, { record: runOf({}), status: "queued", updatedAt: 1, attempt: "private" }),
      (run) => backend.threads.run(run),
      "aura:run:",
    ],
    [
      "a list of runs of another type",
      (key) => client.set(key, "private"),
      (threadId) => backend.threads.runsOf(threadId),
      "aura:runs:",
    ],
    [
      "a list of runs of another type, on begin",
      (key) => client.set(key, "private"),
      (threadId) => backend.threads.begin(aRun({ threadId })),
      "aura:runs:",
    ],
    [
      "a lease of another type",
      (key) => client.set(key, "private"),
      (threadId) => backend.leases.release(threadId, "holder", 1_000),
      "aura:lease:",
    ],
    [
      "a thread without owner, on begin",
      (key) => client.hset(key, { record: "{}" }),
      (threadId) => backend.threads.begin(aRun({ threadId })),
      "aura:thread:",
    ],
    [
      "a thread of another type, on begin",
      (key) => client.set(key, "private"),
      (threadId) => backend.threads.begin(aRun({ threadId })),
      "aura:thread:",
    ],
    [
      "a thread without times",
      (key) => client.hset(key, { record: "{}", currentRunId: "r" }),
      (threadId) => backend.threads.thread(threadId),
      "aura:thread:",
    ],
    [
      "an approval without context",
      (key) =>
        client.hset(key, {
          record: JSON.stringify({ ...anApproval(), context: "private" }),
          status: "pending",
        }),
      (requestId) => backend.approvals.get(requestId),
      "aura:approval:",
    ],
    [
      "an approval that is not an object",
      (key) => client.hset(key, { record: "[]", status: "pending" }),
      (requestId) => backend.approvals.settle(requestId, { status: "approved", decidedAt: 1 }),
      "aura:approval:",
    ],
    [
      "a list of unfinished approvals of another type",
      (key) => client.set(key, "private"),
      (threadId) => backend.approvals.unfinished(threadId),
      "aura:unfinished:",
    ],
    [
      "an event that is not JSON",
      (key) => client.xadd(key, "1-0", "v1", "{private"),
      (run) => backend.eventLog.read(run, 0, 1),
      "aura:events:",
    ],
    [
      "an event of a newer format",
      (key) => client.xadd(key, "1-0", "v2", "private"),
      (run) => backend.eventLog.read(run, 0, 1),
      "aura:events:",
    ],
    [
      "an event of unknown type",
      (key) => client.xadd(key, "1-0", "v1", '{"at":1,"event":{"type":"private","data":{}}}'),
      (run) => backend.eventLog.read(run, 0, 1),
      "aura:events:",
    ],
    [
      "an event with a foreign id",
      (key) => client.xadd(key, "1-7", "v1", "private"),
      (run) => backend.eventLog.tail(run),
      "aura:events:",
    ],
  ];
  it.each(cases)("%s", async (_, store, read, prefix) => {
    const key = `${prefix}${id()}`;
    await store(key);
    const error = await read(key.slice(prefix.length)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RecordFormatError);
    expect(error).toHaveProperty("key", expect.stringContaining(key));
    expect(String(error)).not.toContain("private");
  });

  it("nothing of a run that a process of the first version has begun", async () => {
    const { attempt: _, ...run } = aRun();
    await client.hset(`aura:run:${run.runId}`, {
      record: JSON.stringify(run),
      status: "queued",
      updatedAt: 1,
    });
    expect(await backend.threads.run(run.runId)).toEqual({ ...run, attempt: 1, updatedAt: 1 });
  });

  it("one run, and still finds the others that are due", async () => {
    const run = aRun({ createdAt: 1 });
    await client.set("aura:run:wrong", "private");
    await backend.threads.makeDue("wrong", 0);
    await backend.threads.begin(run);
    expect(await backend.threads.takeDue(10, 20, 10)).toEqual([dueRun(run)]);
  });

  it("events that have lost one of theirs", async () => {
    const run = id();
    await backend.eventLog.append(run, someEvents(1, 3));
    await client.xdel(`aura:events:${run}`, "2-0");
    await expect(backend.eventLog.read(run, 0, 10)).rejects.toThrow("has lost event 2");
  });

  it("a thread that waits for an approval which is gone", async () => {
    const record = anApproval();
    await backend.approvals.open([record]);
    await client.del(`aura:approval:${record.requestId}`);
    await expect(backend.approvals.unfinished(record.threadId)).rejects.toThrow(RecordFormatError);
  });
});
