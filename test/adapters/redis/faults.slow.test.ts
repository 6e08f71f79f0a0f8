import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRedisBackend } from "../../../src/adapters/redis/backend.ts";
import { BackendUnavailableError } from "../../../src/errors.ts";
import type { Backend } from "../../../src/ports/backend.ts";
import { anApproval, aRun, callCounter, owned, range, someEvents } from "../../contracts/harness.ts";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";
import { type RecordingLogger, recordingLogger } from "./recording-logger.ts";

const AWAY = "error: Redis is unreachable; trying again";
const BACK = "info: Redis is back";

describe("the redis backend", () => {
  let redis: TestRedis;
  let logger: RecordingLogger;
  let backend: Backend;
  const connect = (password?: string) =>
    createRedisBackend({ host: redis.host, port: redis.port, password, logger });

  beforeEach(async () => {
    redis = await startRedis({ appendOnly: true });
    logger = recordingLogger();
    backend = connect();
  });
  afterEach(async () => {
    await backend.close();
    await redis.stop();
  });

  const listen = async () => {
    const signals: string[] = [];
    const heard = callCounter();
    const gaps = callCounter();
    await backend.signals.listen({
      onSignal({ payload }) {
        signals.push(payload);
        heard.call();
      },
      onGap: gaps.call,
    });
    return { signals, heard, gaps };
  };

  it("answers ping, and logs nothing while all is well", async () => {
    await backend.ping();
    await listen();
    expect(logger.lines).toEqual([]);
  });

  it.each(["restart", "kill -9"])("watches and listens on after a %s of Redis", async (how) => {
    const run = randomUUID();
    const changes = callCounter();
    await backend.eventLog.watch(run, changes.call);
    const { heard, gaps, signals } = await listen();
    await backend.eventLog.append(run, someEvents(1, 2));
    await changes.reached(1);

    const back = logger.next(BACK);
    if (how === "restart") await redis.restart({ keepData: true });
    else {
      await redis.kill9();
      await redis.up();
    }
    await Promise.all([back, gaps.reached(2), changes.reached(2)]);
    await backend.eventLog.append(run, someEvents(3, 1));
    await changes.reached(3);
    await redis.client().publish("hitl:channel:s", "again");
    await heard.reached(1);
    expect(signals).toEqual(["again"]);
    expect(await backend.eventLog.read(run, 0, 10)).toEqual({ events: someEvents(1, 3), ended: false });
    expect(logger.lines).toEqual([AWAY, BACK]);
  });

  it("wakes watchers and listeners however often their connection is cut", async () => {
    const run = randomUUID();
    const changes = callCounter();
    await backend.eventLog.watch(run, changes.call);
    const { gaps } = await listen();
    const client = redis.client();
    for (const round of range(10)) {
      const seen = changes.count();
      await client.call("CLIENT", ["KILL", "TYPE", "pubsub"]);
      await backend.eventLog.append(run, someEvents(round + 1, 1));
      await Promise.all([changes.reached(seen + 1), gaps.reached(round + 2)]);
    }
  });

  it("keeps ten thousand subscriptions through a cut", async () => {
    const changes = callCounter();
    const ids = range(10_000).map(() => randomUUID());
    await Promise.all(ids.map((id) => backend.eventLog.watch(id, changes.call)));
    await redis.client().call("CLIENT", ["KILL", "TYPE", "pubsub"]);
    await changes.reached(ids.length);
    await backend.eventLog.append(ids.at(-1) ?? "", someEvents(1, 1));
    await changes.reached(ids.length + 1);
  });

  it("rejects at once while Redis is away, and works when it is back", async () => {
    await backend.ping();
    const away = logger.next(AWAY);
    await redis.kill9();
    await away;
    const { threads, leases, approvals, ledger, eventLog, signals, control, queue } = backend;
    const effect = { threadId: "t", taskId: "t", toolCallId: "c" };
    const attempts = [
      () => backend.ping(),
      () => threads.begin(aRun()),
      () => threads.run("r"),
      () => threads.transition("r", ["queued"], "running", 1),
      () => threads.runsOf("t"),
      () => threads.makeDue("r", 1),
      () => threads.notDue("r"),
      () => threads.takeDue(1, 2, 3),
      () => threads.watch("t", () => {}),
      () => leases.acquire("t", "h", 1_000),
      () => leases.renew([{ threadId: "t", holder: "h" }], 1_000),
      () => leases.release("t", "h", 1_000),
      () => ledger.begin(effect),
      () => ledger.finish(effect, {}),
      () => control.announceCancel("r"),
      () => control.listen({ onCancel() {}, onGap() {} }),
      () => queue.enqueue(owned("t"), "new"),
      () => backend.touch("t"),
      () => approvals.open([anApproval()]),
      () => approvals.settle("r", { status: "expired", decidedAt: 1 }),
      () => approvals.supersede("t", "run-1", 1),
      () => approvals.unfinished("t"),
      () => eventLog.append("r", someEvents(1, 1)),
      () => eventLog.read("r", 0, 1),
      () => eventLog.watch("r", () => {}),
      () => signals.listen({ onSignal() {}, onGap() {} }),
    ];
    for (const attempt of attempts) await expect(attempt()).rejects.toThrow(BackendUnavailableError);
    const back = logger.next(BACK);
    await redis.up();
    await back;
    expect(await threads.begin(aRun())).toEqual({ kind: "started" });
    expect(logger.lines).toEqual([AWAY, BACK]);
  });

  it("never does later what it said it could not do", async () => {
    await backend.ping();
    const away = logger.next(AWAY);
    await redis.kill9();
    await away;
    const run = aRun();
    await expect(backend.threads.begin(run)).rejects.toThrow(BackendUnavailableError);
    const back = logger.next(BACK);
    await redis.up();
    await back;
    expect(await backend.threads.run(run.runId)).toBeNull();
  });

  it("says so when there is no Redis at all, and closes all the same", async () => {
    await redis.kill9();
    const alone = connect();
    await expect(alone.ping()).rejects.toThrow(BackendUnavailableError);
    await expect(alone.eventLog.watch("r", () => {})).rejects.toThrow(BackendUnavailableError);
    await alone.close();
    await expect(alone.ping()).rejects.toThrow(BackendUnavailableError);
  });

  it("gives up a ping that a stalled Redis does not answer", async () => {
    await backend.ping();
    process.kill(redis.pid(), "SIGSTOP");
    await expect(backend.ping()).rejects.toThrow(BackendUnavailableError);
    process.kill(redis.pid(), "SIGCONT");
    await backend.ping();
  });

  it("takes an overfull Redis for an unavailable one, and tells nobody what it was asked to store", async () => {
    await redis.client().config("SET", "maxmemory", "1");
    const secret = "the body of a mail";
    const error = await backend.eventLog
      .append("r", someEvents(1, 1, secret))
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BackendUnavailableError);
    expect(inspect(error, { depth: 20 })).not.toContain(secret);
  });

  it("tells nobody what it was storing when the connection broke", async () => {
    await backend.ping();
    const secret = "the body of a mail";
    process.kill(redis.pid(), "SIGSTOP");
    const storing = backend.eventLog.append("r", someEvents(1, 1, secret)).catch((caught: unknown) => caught);
    const away = logger.next(AWAY);
    await redis.kill9();
    const error = await storing;
    await away;
    expect(error).toBeInstanceOf(BackendUnavailableError);
    expect(inspect(error, { depth: 20 })).not.toContain(secret);
    expect(logger.details.join()).not.toContain(secret);
  });

  it("needs the right password", async () => {
    await backend.close();
    await redis.stop();
    redis = await startRedis({ args: ["--requirepass", "secret-of-redis"] });
    const stranger = connect();
    await expect(stranger.ping()).rejects.toThrow(BackendUnavailableError);
    await stranger.close();
    const wrong = connect("wrong");
    await expect(wrong.ping()).rejects.toThrow(BackendUnavailableError);
    await wrong.close();
    backend = connect("secret-of-redis");
    await backend.ping();
    await listen();
    expect(logger.details.join()).not.toContain("secret-of-redis");
  });
});
