import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRedisApprovalStore } from "../../../src/adapters/redis/approval-store.ts";
import { createAvailability } from "../../../src/adapters/redis/availability.ts";
import { createCommands, type RedisCommands } from "../../../src/adapters/redis/commands.ts";
import { openConnection, type RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { createRedisEffectLedger } from "../../../src/adapters/redis/effect-ledger.ts";
import { RecordFormatError } from "../../../src/adapters/redis/record-format.ts";
import type { ApprovalStore } from "../../../src/ports/approval-store.ts";
import type { EffectLedger } from "../../../src/ports/effect-ledger.ts";
import { anApproval, range } from "../../contracts/harness.ts";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";
import { recordingLogger } from "./recording-logger.ts";

describe("approvals and effects in Redis", () => {
  let redis: TestRedis;
  let client: Redis;
  let connection: RedisConnection;
  let store: ApprovalStore;
  let ledger: EffectLedger;
  const sent: string[] = [];
  /** Happens once, after the next time that hitl:request has been read. */
  let meanwhile: (() => Promise<unknown>) | null = null;
  beforeAll(async () => {
    redis = await startRedis();
    client = redis.client();
    connection = openConnection(redis, "test", createAvailability(recordingLogger()));
    const commands = createCommands(connection);
    const counting: RedisCommands = {
      async command(name, args) {
        sent.push(name);
        const reply = await commands.command(name, args);
        const happens = name === "GET" ? meanwhile : null;
        if (happens !== null) meanwhile = null;
        await happens?.();
        return reply;
      },
      script(...args) {
        sent.push("script");
        return commands.script(...args);
      },
    };
    store = createRedisApprovalStore(counting);
    ledger = createRedisEffectLedger(counting);
  });
  afterAll(async () => {
    await connection.close();
    await redis.stop();
  });

  it.each([
    ["shorter than 60 minutes", 90_000, 3_600_000],
    ["longer than 60 minutes", 7_200_000, 7_200_000],
  ])("lets the session key outlive the request: an approval TTL %s", async (_, ttl, session) => {
    const createdAt = Date.now();
    const record = anApproval({ createdAt, expiresAt: createdAt + ttl });
    await store.open([record]);
    const lives = await Promise.all(
      [`hitl:request:${record.requestId}`, `hitl:session:${record.threadId}`].map((key) => client.pttl(key)),
    );
    for (const [index, full] of [ttl, session].entries()) {
      expect(lives[index]).toBeLessThanOrEqual(full);
      expect(lives[index]).toBeGreaterThan(full - 60_000);
    }
  });

  it("reads many approvals in few round trips", async () => {
    await client.flushall();
    const records = range(1_000).map((index) => anApproval({ userId: `u${index % 2}` }));
    await store.open(records);
    sent.length = 0;
    const page = await store.pending(null, 500);
    await store.published(page);
    expect((await store.pendingOf({ tenantId: "tenant1", userId: "u1" })).length).toBe(500);
    expect(sent).toEqual(["script", "MGET", "MGET", "script"]);
  });

  it.each([
    ["expires", (id: string) => store.settle(id, { status: "expired", decidedAt: 1 }), { settled: false }],
    [
      "is superseded",
      (_: string, thread: string) => store.supersede(thread, "run-1", 1),
      { kind: "decided" },
    ],
  ])(
    "looks again when Main Service decides, or the request runs out, while an approval %s",
    async (_, settle, lost) => {
      const [decided, gone] = [anApproval(), anApproval()];
      await store.open([decided, gone]);
      const key = `hitl:request:${decided.requestId}`;
      const request = JSON.parse((await client.get(key)) ?? "");
      meanwhile = () => client.set(key, JSON.stringify({ ...request, status: "approved" }));
      expect(await settle(decided.requestId, decided.threadId)).toMatchObject(lost);
      expect(await store.get(decided.requestId)).toEqual(decided);

      meanwhile = () => client.del(`hitl:request:${gone.requestId}`);
      await settle(gone.requestId, gone.threadId);
      expect((await store.get(gone.requestId))?.status).toMatch(/expired|superseded/);
    },
  );

  it("gives nothing up when one of them is decided while a new message supersedes them", async () => {
    const threadId = randomUUID();
    const [decided, pending] = [anApproval({ threadId }), anApproval({ threadId })];
    await store.open([decided, pending]);
    // Their hitl:request has run out: nothing but the record itself tells of the decision.
    await client.del(`hitl:request:${decided.requestId}`, `hitl:request:${pending.requestId}`);
    meanwhile = () => store.settle(decided.requestId, { status: "rejected", decidedAt: 1 });
    expect(await store.supersede(threadId, "run-1", 2)).toMatchObject({
      kind: "decided",
      record: { requestId: decided.requestId, status: "rejected" },
    });
    expect((await store.get(pending.requestId))?.status).toBe("pending");
  });

  it("leaves nothing in the indexes of what is settled", async () => {
    await client.flushall();
    const threadId = randomUUID();
    const records = range(4).map(() => anApproval({ threadId }));
    await store.open(records);
    await store.settle(records[0]!.requestId, { status: "cancelled", decidedAt: 1 });
    await store.supersede(threadId, "run-1", 2);
    expect(await client.exists("aura:pending")).toBe(0);
    expect(await client.keys("aura:pending-of:*")).toEqual([]);
    expect((await client.smembers(`aura:approvals:${threadId}`)).length).toBe(4);
  });

  it("forgets pending approvals whose record is gone or damaged, and shows the others", async () => {
    await client.flushall();
    const [gone, damaged, good] = [anApproval(), anApproval(), anApproval()];
    await store.open([gone, damaged, good]);
    await client.del(`aura:approval:${gone.requestId}`);
    await client.set(`aura:approval:${damaged.requestId}`, "another type");
    expect((await store.pending(null, 2)).map(({ requestId }) => requestId)).toEqual([good.requestId]);
    expect(await client.zcard("aura:pending")).toBe(1);
    expect(await store.pendingOf(good)).toEqual([good]);
  });

  it("changes nothing when a record lacks fields", async () => {
    const record = anApproval();
    await store.open([record]);
    await client.hdel(`aura:approval:${record.requestId}`, "due", "member");
    const settling = store.settle(record.requestId, { status: "approved", decidedAt: 1 });
    await expect(settling).rejects.toThrow(RecordFormatError);
    await expect(store.supersede(record.threadId, "run-1", 1)).rejects.toThrow(RecordFormatError);
    expect(await client.hget(`aura:approval:${record.requestId}`, "status")).toBe("pending");
  });

  it.each([
    ["no JSON", "{private"],
    ["no object", '["private"]'],
    ["a newer format", '{"v":2,"state":"done","outcome":"private"}'],
    ["an unknown state", '{"v":1,"state":"private"}'],
    ["done, without an outcome", '{"v":1,"state":"done"}'],
  ])("refuses an effect that it cannot read, naming the key and no value: %s", async (_, json) => {
    const threadId = randomUUID();
    await client.hset(`aura:ledger:${threadId}`, JSON.stringify(["task", "call"]), json);
    const key = { threadId, taskId: "task", toolCallId: "call" };
    const error = await ledger.begin(key).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RecordFormatError);
    expect(error).toHaveProperty("key", `aura:ledger:${threadId}`);
    expect(String(error)).not.toContain("private");
    // It stays as it is: nobody may take the effect for new.
    await expect(ledger.begin(key)).rejects.toThrow(RecordFormatError);
  });

  it("refuses a ledger of another type", async () => {
    const threadId = randomUUID();
    await client.set(`aura:ledger:${threadId}`, "private");
    const key = { threadId, taskId: "task", toolCallId: "call" };
    await expect(ledger.begin(key)).rejects.toThrow(RecordFormatError);
    await expect(ledger.finish(key, 1)).rejects.toThrow(RecordFormatError);
  });

  it("keeps an outcome that nests deeply", async () => {
    const key = { threadId: randomUUID(), taskId: "task", toolCallId: "call" };
    let outcome: unknown = [];
    for (let depth = 0; depth < 2_000; depth += 1) outcome = [outcome];
    await ledger.begin(key);
    await ledger.finish(key, outcome);
    expect(JSON.stringify(await ledger.begin(key))).toBe(JSON.stringify({ state: "done", outcome }));
  });
});
