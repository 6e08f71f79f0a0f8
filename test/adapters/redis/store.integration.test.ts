import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRedisBackend } from "../../../src/adapters/redis/backend.ts";
import type { Backend } from "../../../src/ports/backend.ts";
import { anApproval, aRun, callCounter, owned, range, someEvents } from "../../contracts/harness.ts";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";
import { recordingLogger } from "./recording-logger.ts";

describe("what the redis backend keeps in Redis", () => {
  let redis: TestRedis;
  let client: Redis;
  let backend: Backend;
  const logger = recordingLogger();
  beforeAll(async () => {
    redis = await startRedis();
    client = redis.client();
    backend = createRedisBackend({ host: redis.host, port: redis.port, password: undefined, logger });
  });
  afterAll(async () => {
    await backend.close();
    await redis.stop();
  });

  /** The commands that clients sent while `action` ran; what scripts call is left out. */
  const commandsDuring = async (action: () => Promise<unknown>): Promise<string[]> => {
    const monitor = await client.monitor();
    const commands: string[] = [];
    const done = new Promise<void>((resolve) => {
      monitor.on("monitor", (_time: string, args: string[], source: string) => {
        if (args[1] === "end of monitoring") resolve();
        else if (source !== "lua") commands.push(args[0] ?? "");
      });
    });
    await action();
    await client.call("ECHO", ["end of monitoring"]);
    await done;
    monitor.disconnect();
    return commands;
  };

  it("writes approvals, hitl:request and hitl:session in one atomic step, with the contract's TTLs", async () => {
    const threadId = randomUUID();
    const records = range(3).map(() => anApproval({ threadId }));
    await backend.approvals.open([anApproval()]);
    expect(await commandsDuring(() => backend.approvals.open(records))).toEqual(["EVALSHA"]);
    for (const { requestId } of records) {
      const ttl = await client.ttl(`hitl:request:${requestId}`);
      expect(ttl).toBeGreaterThan(1_700);
      expect(ttl).toBeLessThanOrEqual(1_800);
    }
    const ttl = await client.ttl(`hitl:session:${threadId}`);
    expect(ttl).toBeGreaterThan(3_500);
    expect(ttl).toBeLessThanOrEqual(3_600);
  });

  it("keeps hitl:request's TTL when the status follows", async () => {
    const threadId = randomUUID();
    const [expired, approved, late, superseded] = [
      anApproval(),
      anApproval(),
      anApproval(),
      anApproval({ threadId }),
    ];
    const all = [expired, approved, late, superseded];
    await backend.approvals.open(all);
    for (const { requestId } of all) await client.expire(`hitl:request:${requestId}`, 100);
    await backend.approvals.settle(expired.requestId, { status: "expired", decidedAt: 1 });
    await backend.approvals.settle(approved.requestId, { status: "approved", decidedAt: 1 });
    await backend.approvals.settle(late.requestId, { status: "cancelled", decidedAt: 1 });
    await client.set(`hitl:request:${late.requestId}`, '{"status":"approved"}', "KEEPTTL");
    expect(await backend.approvals.restate(late.requestId, 2)).toMatchObject({ status: "cancelled" });
    await backend.approvals.supersede(threadId, "run-1", 2);
    for (const { requestId } of all) {
      expect(await client.get(`hitl:request:${requestId}`)).toContain('"settledBy":"aura"');
      const ttl = await client.ttl(`hitl:request:${requestId}`);
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(100);
    }
  });

  it("never writes over a decision that Main Service makes meanwhile", async () => {
    const approved = JSON.stringify({ status: "approved", approvedBy: "user123" });
    for (const round of range(50)) {
      const record = anApproval();
      const { requestId, threadId } = record;
      await backend.approvals.open([record]);
      await Promise.all([
        round % 2 === 0
          ? backend.approvals.settle(requestId, { status: "expired", decidedAt: 1 })
          : backend.approvals.supersede(threadId, "run-1", 1),
        // Behind the store's read, before its write: the reading takes one round trip, or two for supersede.
        client
          .echo("one")
          .then(() => (round % 4 === 1 ? client.echo("two") : null))
          .then(() => client.set(`hitl:request:${requestId}`, approved, "KEEPTTL")),
      ]);
      expect(await backend.approvals.publishedRequest(requestId)).toBe(approved);
    }
  });

  it("does not bring an expired hitl:request back", async () => {
    const record = anApproval();
    await backend.approvals.open([record]);
    await client.del(`hitl:request:${record.requestId}`);
    await backend.approvals.settle(record.requestId, { status: "expired", decidedAt: 1 });
    expect(await client.exists(`hitl:request:${record.requestId}`)).toBe(0);
  });

  it("appends, and wakes the watchers, in one round trip", async () => {
    const run = randomUUID();
    await backend.eventLog.append(run, someEvents(1, 1));
    expect(await commandsDuring(() => backend.eventLog.append(run, someEvents(2, 50)))).toEqual(["EVALSHA"]);
  });

  it("goes on when Redis has forgotten the scripts", async () => {
    const run = aRun();
    await backend.threads.begin(run);
    await client.script("FLUSH");
    expect(await backend.threads.begin(run)).toMatchObject({ kind: "busy" });
    await client.script("FLUSH");
    expect((await backend.approvals.open([anApproval()])).length).toBe(1);
  });

  it("uses three connections, one of them for all subscriptions and one to add jobs", async () => {
    const stops = await Promise.all(range(20).map((index) => backend.eventLog.watch(`r${index}`, () => {})));
    const leaves = await Promise.all(
      range(3).map(() => backend.signals.listen({ onSignal() {}, onGap() {} })),
    );
    await backend.queue.enqueue(owned("t"), "new");
    const list = String(await client.call("CLIENT", ["LIST"]))
      .trim()
      .split("\n");
    const ours = list.filter((line) => line.includes("name=aura-"));
    expect(ours).toHaveLength(3);
    expect(ours.filter((line) => / sub=20 psub=1 /.test(line))).toHaveLength(1);
    for (const leave of [...stops, ...leaves]) await leave();
    // Confirmed after everything that was sent before it on the same connection.
    const stop = await backend.eventLog.watch("last", () => {});
    expect(await client.call("PUBSUB", ["CHANNELS"])).toEqual(["aura:events:last"]);
    expect(await client.call("PUBSUB", ["NUMPAT"])).toBe(0);
    stop();
  });

  it("survives signals that are not text, and listeners that fail", async () => {
    const heard = callCounter();
    const payloads: string[] = [];
    const failing = await backend.signals.listen({
      onSignal() {
        throw new Error("a bug");
      },
      onGap() {},
    });
    const working = await backend.signals.listen({
      onSignal({ payload }) {
        payloads.push(payload);
        heard.call();
      },
      onGap() {},
    });
    await client.publish("hitl:channel:s", Buffer.from([0xff, 0xfe, 0x00, 0x7b]));
    await client.publish("hitl:channel:s", "x".repeat(1 << 20));
    await heard.reached(2);
    expect(payloads.map(({ length }) => length)).toEqual([4, 1 << 20]);
    expect(logger.lines).toContain("error: a listener failed");
    await Promise.all([failing(), working()]);
  });
});
