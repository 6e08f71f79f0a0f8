import { Queue } from "bullmq";
import { describe, expect, it } from "vitest";
import { BackendUnavailableError } from "../../../src/errors.ts";
import { callCounter, owned, range } from "../../contracts/harness.ts";
import { gatedWorker } from "../../contracts/job-queue.ts";
import { counting, jobStage } from "./job-stage.ts";

describe("the redis job queue", () => {
  const { redis, logger, connect } = jobStage();

  /** Names of the connections that Redis has, without the test's own. */
  const connections = async () => {
    const list = String(await redis().client().call("CLIENT", ["LIST"]));
    // BullMQ names the connection on which it waits for jobs after the queue.
    return [...list.matchAll(/ name=(aura\S*)/g)]
      .map(([, name]) => name?.replace(/^aura:.*/, "blocking"))
      .toSorted();
  };

  it("has no worker in a process that does not work", async () => {
    const [api, worker] = [connect(), connect()];
    await Promise.all([api.ping(), worker.ping(), api.queue.enqueue(owned("a"), "new")]);
    const ofApi = ["aura-commands", "aura-queue", "aura-subscriber"];
    const { calls } = counting(worker);
    await calls.reached(1);
    await worker.queue.enqueue(owned("b"), "new");
    await calls.reached(2);
    const both = [...ofApi, ...ofApi, "aura-worker", "blocking"];
    expect(await connections()).toEqual(both.toSorted());
    await worker.close();
    await api.close();
    expect(await connections()).toEqual([]);
  });

  it("leaves nothing behind but a short list of what happened", async () => {
    // Locks that a slow disk cannot outlast: a lost one leaves its job for the next worker to find.
    const backend = connect({ leaseMs: 30_000 });
    const { calls } = counting(backend);
    for (const index of range(50)) await backend.queue.enqueue(owned(`thread-${index}`), "new");
    await calls.reached(50);
    await backend.close();
    const left = (await redis().client().keys("*")).toSorted();
    expect(left).toEqual(expect.arrayContaining(["aura:jobs:events"]));
    const known = ["events", "id", "marker", "meta", "stalled-check"].map((name) => `aura:jobs:${name}`);
    expect(known).toEqual(expect.arrayContaining(left));
  });

  it("leaves jobs that nobody has begun to the next worker", async () => {
    const [first, second] = [connect({ concurrency: 1 }), connect()];
    const worker = gatedWorker();
    first.queue.work(worker.handler);
    for (const id of ["a", "b", "c"]) await first.queue.enqueue(owned(id), "new");
    await worker.starts.reached(1);
    const closing = first.close();
    worker.release(0);
    await closing;
    const { done, calls } = counting(second);
    await calls.reached(2);
    expect(done.toSorted()).toEqual(["b", "c"]);
  });

  it("refuses a job of a newer format, and goes on", async () => {
    const backend = connect();
    const queue = new Queue("jobs", {
      prefix: "aura",
      connection: { host: redis().host, port: redis().port },
    });
    const failed = logger().next("error: a job failed");
    const { done, calls } = counting(backend);
    await queue.add("thread", { v: 2, threadId: "private" });
    await failed;
    await backend.queue.enqueue(owned("a"), "new");
    await calls.reached(1);
    await queue.close();
    expect(done).toEqual(["a"]);
    expect(logger().details.join()).not.toContain("private");
  });

  it("keeps to itself what a handler rejected with", async () => {
    const backend = connect({ backoffMs: 60_000 });
    const failed = logger().next("error: a job failed");
    backend.queue.work(() => Promise.reject(new Error("the body of a mail")));
    await backend.queue.enqueue(owned("a"), "new");
    await failed;
    await backend.close();
    const client = redis().client();
    const jobs = (await client.keys("aura:jobs:*")).filter((key) => /:\d+$/.test(key));
    expect(jobs).toHaveLength(1);
    expect(JSON.stringify(await client.hgetall(jobs[0]!))).not.toContain("the body of a mail");
  });

  it("does not log what jobs reject with because Redis is away", async () => {
    const backend = connect();
    const failed = callCounter();
    backend.queue.work(async () => {
      failed.call();
      if (failed.count() < 3) throw new BackendUnavailableError(new Error("away"));
    });
    await backend.queue.enqueue(owned("a"), "new");
    await failed.reached(3);
    expect(logger().lines).toEqual([]);
  });
});
