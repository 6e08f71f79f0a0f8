import type { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAvailability } from "../../../src/adapters/redis/availability.ts";
import { createCommands } from "../../../src/adapters/redis/commands.ts";
import { openConnection } from "../../../src/adapters/redis/connection.ts";
import { createRedisKnowledgeQueue } from "../../../src/adapters/redis/knowledge-queue.ts";
import type { RedisKnowledgeOptions } from "../../../src/adapters/redis/knowledge-worker.ts";
import { BackendUnavailableError } from "../../../src/errors.ts";
import { callCounter, range } from "../../contracts/harness.ts";
import { BATCH, knowledgeWorker } from "../../contracts/knowledge-queue.ts";
import { anEvent } from "../../helpers/knowledge.ts";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";
import { AWAY, BACK } from "./job-stage.ts";
import { type RecordingLogger, recordingLogger } from "./recording-logger.ts";

const STREAM = "aura:knowledge:events";
const DEAD = "aura:knowledge:dead";

let redis: TestRedis;
let logger: RecordingLogger;
let client: Redis;
const closers: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  redis = await startRedis({ appendOnly: true, args: ["--appendfsync", "always"] });
  logger = recordingLogger();
  client = redis.client();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await redis.stop();
});

const connect = (options: Partial<RedisKnowledgeOptions> = {}) => {
  const availability = createAvailability(logger);
  const connection = openConnection(redis, "commands", availability);
  const commands = createCommands(connection);
  const queue = createRedisKnowledgeQueue({
    address: redis,
    availability,
    redis: commands,
    logger,
    backoffMs: 1,
    ...options,
  });
  closers.push(() => connection.close());
  closers.push(() => queue.close());
  return queue;
};

describe("the redis knowledge queue", () => {
  const consumers = async () => (await client.xinfo("CONSUMERS", STREAM, "aura")) as unknown[][];

  /** A process that has taken events and has died with them. */
  const takeAndDie = async () => {
    await client.call("XGROUP", ["CREATE", STREAM, "aura", "0", "MKSTREAM"]);
    await client.call("XREADGROUP", ["GROUP", "aura", "dead", "STREAMS", STREAM, ">"]);
  };

  it("gives an event to one of several processes", async () => {
    const worker = knowledgeWorker();
    const queues = range(3).map(() => connect());
    for (const queue of queues) queue.work(worker.handler, { max: 3, waitMs: 1 });
    const ids = range(60).map((at) => `e${at}`);
    await Promise.all(ids.map((eventId, at) => queues[at % 3]!.add(anEvent({ eventId }), "d")));
    await worker.dones.reached(60);
    await Promise.all(queues.map((queue) => queue.close()));
    expect(worker.done.toSorted()).toEqual(ids.toSorted());
  });

  it("gives events of a process that has died to another, and forgets the process", async () => {
    const queue = connect({ claimMs: 40 });
    for (const eventId of ["a", "b"]) await queue.add(anEvent({ eventId }), "d");
    await takeAndDie();
    const worker = knowledgeWorker();
    queue.work(worker.handler, BATCH);
    await worker.dones.reached(2);
    expect(worker.done).toEqual(["a", "b"]);
    await expect.poll(async () => (await consumers()).length).toBe(1);
    await queue.close();
    expect(await consumers()).toEqual([]);
    expect(await client.xlen(STREAM)).toBe(0);
  });

  it("leaves a process its events however long its handler takes", async () => {
    const [slow, other] = [connect({ claimMs: 2_000 }), connect({ claimMs: 2_000 })];
    const started = callCounter();
    const gate = Promise.withResolvers<void>();
    await slow.add(anEvent({ eventId: "a" }), "d");
    slow.work(async () => {
      started.call();
      await gate.promise;
    }, BATCH);
    await started.reached(1);
    const worker = knowledgeWorker();
    other.work(worker.handler, BATCH);
    // Somebody else's event becomes old enough twice over, and is taken; ours is not.
    for (const at of range(2)) {
      await client.xadd(STREAM, "*", "v", "1", "event", JSON.stringify(anEvent({ eventId: `lost${at}` })));
      await client.call("XREADGROUP", ["GROUP", "aura", "dead", "STREAMS", STREAM, ">"]);
      await worker.dones.reached(at + 1);
    }
    gate.resolve();
    await slow.close();
    await other.close();
    expect(worker.done.filter((id) => id === "a")).toEqual([]);
    expect(await client.xlen(STREAM)).toBe(0);
  });

  it("moves an event that it gives up, or cannot read, to the dead ones", async () => {
    const queue = connect({ maxFailures: 1 });
    const bad = anEvent({ eventId: "bad" });
    await client.xadd(STREAM, "*", "v", "2", "event", '"private"');
    await client.xadd(STREAM, "*", "v", "1", "event", "{private");
    await queue.add(anEvent({ eventId: "good" }), "d");
    await queue.add(bad, "d");
    const worker = knowledgeWorker(({ eventId }) => eventId === "bad");
    const givenUp = logger.next("error: event given up");
    queue.work(worker.handler, BATCH);
    await worker.dones.reached(1);
    await givenUp;
    await expect.poll(() => client.xlen(DEAD)).toBe(3);
    const [, , last] = await client.xrange(DEAD, "-", "+");
    expect(last?.[1]).toEqual(["v", "1", "event", JSON.stringify(bad)]);
    expect(await client.xlen(STREAM)).toBe(0);
    expect(logger.details.join()).not.toContain("private");
  });

  it.each(["restart", "kill -9"])("goes on after a %s of Redis, and loses nothing", async (how) => {
    const queue = connect();
    const started = callCounter();
    const gate = Promise.withResolvers<void>();
    const done = new Set<string>();
    const dones = callCounter();
    await queue.add(anEvent({ eventId: "running" }), "d");
    queue.work(
      async (events) => {
        started.call();
        await gate.promise;
        for (const { eventId } of events) done.add(eventId);
        dones.call();
      },
      { max: 1, waitMs: 1 },
    );
    await started.reached(1);
    await queue.add(anEvent({ eventId: "waiting" }), "d");
    const away = logger.next(AWAY);
    const back = logger.next(BACK);
    await (how === "restart" ? redis.down() : redis.kill9());
    await away;
    await expect(queue.add(anEvent(), "d")).rejects.toThrow(BackendUnavailableError);
    // Its handler is done while nobody can be told: the event is given once more.
    gate.resolve();
    await dones.reached(1);
    await redis.up();
    await back;
    while (done.size < 2) await dones.reached(dones.count() + 1);
    await expect.poll(() => client.xlen(STREAM)).toBe(0);
    expect([...done]).toEqual(["running", "waiting"]);
    expect(logger.lines).toEqual([AWAY, BACK]);
  });

  it("begins when Redis comes, and again when its data are gone", async () => {
    await redis.down();
    const queue = connect();
    const worker = knowledgeWorker();
    const away = logger.next(AWAY);
    queue.work(worker.handler, BATCH);
    // Else Redis may be there before the first attempt to connect, and nobody has noticed anything.
    await away;
    const back = logger.next(BACK);
    await redis.up();
    await back;
    await queue.add(anEvent({ eventId: "a" }), "d");
    await worker.dones.reached(1);
    await client.flushall();
    await queue.add(anEvent({ eventId: "b" }), "d");
    await worker.dones.reached(2);
    expect(worker.done).toEqual(["a", "b"]);
  });

  it("closes while Redis is away", async () => {
    const queue = connect();
    const worker = knowledgeWorker();
    queue.work(worker.handler, BATCH);
    await queue.add(anEvent(), "d");
    await worker.dones.reached(1);
    await redis.down();
    await queue.close();
  });
});
