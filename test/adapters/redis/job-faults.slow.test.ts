import { Worker } from "bullmq";
import { describe, expect, it } from "vitest";
import { BackendUnavailableError } from "../../../src/errors.ts";
import { callCounter, owned, range } from "../../contracts/harness.ts";
import { gatedWorker, settled } from "../../contracts/job-queue.ts";
import { AWAY, BACK, counting, jobStage } from "./job-stage.ts";

describe("the redis job queue", () => {
  const { redis, logger, connect } = jobStage();

  const goneAndBack = async (meanwhile: () => Promise<unknown>) => {
    const away = logger().next(AWAY);
    await redis().down();
    await away;
    await meanwhile();
    const back = logger().next(BACK);
    await redis().up();
    await back;
  };

  it("refuses jobs while Redis is away, and does not add them later", async () => {
    const backend = connect();
    const { done, calls } = counting(backend);
    await backend.queue.enqueue(owned("before"), "new");
    await calls.reached(1);
    await goneAndBack(async () => {
      await expect(backend.queue.enqueue(owned("away"), "new")).rejects.toThrow(BackendUnavailableError);
    });
    await backend.queue.enqueue(owned("after"), "new");
    await calls.reached(2);
    expect(done).toEqual(["before", "after"]);
    expect(logger().lines).toEqual([AWAY, BACK]);
  });

  it("begins when Redis comes, if it was not there at the start", async () => {
    await redis().down();
    const away = logger().next(AWAY);
    const backend = connect();
    const { calls } = counting(backend);
    // Else Redis may be there before the first attempt to connect, and nobody has noticed anything.
    await away;
    await expect(backend.queue.enqueue(owned("early"), "new")).rejects.toThrow(BackendUnavailableError);
    const back = logger().next(BACK);
    await redis().up();
    await back;
    await backend.queue.enqueue(owned("a"), "new");
    await calls.reached(1);
    expect(logger().lines).toEqual([AWAY, BACK]);
  });

  it.each(["restart", "kill -9"])("keeps jobs and running handlers through a %s of Redis", async (how) => {
    const backend = connect({ concurrency: 1, leaseMs: 60_000 });
    const worker = gatedWorker();
    backend.queue.work(worker.handler);
    await backend.queue.enqueue(owned("running"), "new");
    await worker.starts.reached(1);
    await backend.queue.enqueue(owned("waiting"), "new");
    const back = logger().next(BACK);
    if (how === "restart") await redis().restart({ keepData: true });
    else {
      await redis().kill9();
      await redis().up();
    }
    await back;
    worker.release(0);
    await worker.starts.reached(2);
    worker.release(1);
    await backend.close();
    expect(worker.started).toEqual(["running", "waiting"]);
    expect(logger().lines).toEqual([AWAY, BACK]);
  });

  it("goes on however often its connections are cut", async () => {
    const backend = connect();
    const { done, calls } = counting(backend);
    const client = redis().client();
    const enqueue = async (threadId: string): Promise<void> => {
      await backend.queue.enqueue(owned(threadId), "new").catch(async (error) => {
        expect(error).toBeInstanceOf(BackendUnavailableError);
        await new Promise((resolve) => setImmediate(resolve));
        await enqueue(threadId);
      });
    };
    const ids = range(60).map((index) => `thread-${index}`);
    for (const [index, id] of ids.entries()) {
      await enqueue(id);
      if (index % 6 === 5) await client.call("CLIENT", ["KILL", "TYPE", "normal", "SKIPME", "yes"]);
    }
    // A thread that was being handed out when the connection was cut is lost until it is asked for again, as the sweep does.
    while (!ids.every((id) => done.includes(id))) {
      for (const id of ids) if (!done.includes(id)) await enqueue(id);
      await settled();
    }
    expect(calls.count()).toBeGreaterThanOrEqual(ids.length);
    expect(new Set(logger().lines)).toEqual(new Set([AWAY, BACK]));
  });

  it("gives the permit of a worker that has vanished to another, and leaves those alone that live", async () => {
    const begun = callCounter();
    const vanishing = new Worker(
      "jobs",
      async () => {
        begun.call();
        await new Promise(() => {});
      },
      {
        prefix: "aura",
        connection: { host: redis().host, port: redis().port },
        lockDuration: 4_000,
        stalledInterval: 100,
        skipLockRenewal: true,
      },
    );
    // A job of this one would be found stalled after 1.5 s without renewal; its handler runs for four.
    const backend = connect({ leaseMs: 3_000 });
    await backend.queue.enqueue(owned("abandoned"), "new");
    await begun.reached(1);
    await vanishing.close(true);
    const worker = gatedWorker();
    backend.queue.work(worker.handler);
    // The vanished worker had taken a permit, and no thread yet: with the one that is left the first begins.
    await backend.queue.enqueue(owned("later"), "new");
    await worker.starts.reached(2);
    for (const n of range(2)) worker.release(n);
    await backend.close();
    expect(worker.started).toEqual(["abandoned", "later"]);
    expect(logger().lines).toEqual([]);
  });

  it("lets a handler end that has lost its job's lock, and says nothing", async () => {
    const backend = connect({ leaseMs: 60_000 });
    const worker = gatedWorker();
    backend.queue.work(worker.handler);
    await backend.queue.enqueue(owned("a"), "new");
    await worker.starts.reached(1);
    const client = redis().client();
    const locks = await client.keys("aura:jobs:*:lock");
    expect(locks).toHaveLength(1);
    await client.del(...locks);
    worker.release(0);
    await backend.queue.enqueue(owned("b"), "new");
    await worker.starts.reached(2);
    worker.release(1);
    await backend.close();
    expect(logger().lines).toEqual([]);
  });

  it.each(["idle", "working"])("closes while Redis is away, when it is %s", async (what) => {
    const backend = connect();
    const worker = gatedWorker();
    backend.queue.work(worker.handler);
    if (what === "working") {
      await backend.queue.enqueue(owned("a"), "new");
      await worker.starts.reached(1);
    } else await backend.ping();
    const away = logger().next(AWAY);
    await redis().down();
    await away;
    const closing = backend.close();
    worker.release(0);
    await closing;
    expect(logger().lines).toEqual([AWAY]);
  });

  it("closes when there has never been a Redis", async () => {
    await redis().down();
    const backend = connect();
    backend.queue.work(async () => {});
    await backend.close();
    const unused = connect();
    await unused.close();
  });
});
