import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { ownerKeyOf } from "../../../src/adapters/owner-slots.ts";
import { createCommands } from "../../../src/adapters/redis/commands.ts";
import { createPermits } from "../../../src/adapters/redis/permits.ts";
import { createRedisReadyList } from "../../../src/adapters/redis/ready-list.ts";
import { startSweep } from "../../../src/runs/sweep.ts";
import { aRun, callCounter, owned, range } from "../../contracts/harness.ts";
import { gatedWorker } from "../../contracts/job-queue.ts";
import { counting, jobStage } from "./job-stage.ts";

const KIM = { tenantId: "t1", userId: "kim" };
const NOBODY = { tenants: [], users: [] };

describe("the redis job queue, with several workers and what may be lost,", () => {
  const { redis, logger, connect } = jobStage();
  type RedisBackend = ReturnType<typeof connect>;

  /** Finds what was lost, as in service. */
  const sweep = ({ approvals, queue, threads }: RedisBackend) => {
    const deps = { approvals, queue, threads, logger: silent(), now: Date.now };
    const started = startSweep(deps, { everyMs: 20, patienceMs: 50 });
    onTestFinished(() => started.close());
  };

  const begin = async ({ threads, queue }: RedisBackend, count: number) => {
    const runs = range(count).map((n) => aRun({ threadId: `thread-${n}`, ...KIM, createdAt: n + 1 }));
    for (const run of runs) {
      await threads.begin(run);
      await queue.enqueue(run, "new");
    }
    return runs.map(({ threadId }) => threadId);
  };

  it("hands threads that one process may not work on now to another that may", async () => {
    const [first, second] = [
      connect({ caps: { user: 1, tenant: 1 } }),
      connect({ caps: { user: 2, tenant: 2 } }),
    ];
    const [mine, others] = [gatedWorker(), gatedWorker()];
    first.queue.work(mine.handler);
    for (const n of range(5)) await first.queue.enqueue(owned(`thread-${n}`, KIM), "new");
    await mine.starts.reached(1);
    second.queue.work(others.handler);
    await others.starts.reached(2);
    // Both are full. Each goes on when one of its own is done.
    others.release(0);
    await others.starts.reached(3);
    mine.release(0);
    await mine.starts.reached(2);
    for (const n of range(3)) others.release(n);
    mine.release(1);
    await Promise.all([first.close(), second.close()]);
    expect([...mine.started, ...others.started].toSorted()).toEqual(range(5).map((n) => `thread-${n}`));
    expect([mine.peak(), others.peak()]).toEqual([1, 2]);
    expect(logger().lines).toEqual([]);
  });

  it("goes on with a thread that was passed over as soon as one of its owner's is done, whoever else may come to it", async () => {
    const backend = connect();
    const ready = createRedisReadyList(createCommands(backend.connection));
    const worker = gatedWorker();
    const permits = createPermits({
      ...{ ready, handler: worker.handler, onError: () => {}, caps: { user: 1, tenant: 1 } },
      // Nobody else takes what this process has no use for.
      passOn: async () => {},
    });
    for (const threadId of ["a", "b", "c"]) await ready.add({ threadId, ...ownerKeyOf(KIM) }, "new");
    const permit = { v: 1, threadId: "", permit: "own" };
    const first = permits.use(permit);
    await worker.starts.reached(1);
    expect(await Promise.all([permits.use(permit), permits.use(permit)])).toEqual([null, null]);
    for (const n of range(3)) {
      await worker.starts.reached(n + 1);
      worker.release(n);
    }
    expect(await first).toBeNull();
    expect(worker.started).toEqual(["a", "b", "c"]);
  });

  it("finds the threads that a worker had taken when it died", async () => {
    const [dead, alive] = [connect(), connect()];
    const ids = await begin(dead, 3);
    const ready = createRedisReadyList(createCommands(dead.connection));
    for (const id of ids.slice(0, 2)) expect(await ready.take(NOBODY)).toMatchObject({ threadId: id });
    const { done, calls } = counting(alive);
    await calls.reached(1);
    sweep(alive);
    while (new Set(done).size < 3) await calls.reached(calls.count() + 1);
    expect(done[0]).toBe(ids[2]);
  });

  it.each(["the list of threads that wait", "all permits", "the users' turns", "both"])(
    "comes to every thread when Redis has lost %s",
    async (what) => {
      const backend = connect();
      const ids = await begin(backend, 20);
      const client = redis().client();
      const lost = {
        "the list of threads that wait": ["aura:ready*"],
        "all permits": ["aura:jobs:*"],
        "the users' turns": ["aura:ready:tenant:*"],
        both: ["aura:ready*", "aura:jobs:*"],
      }[what];
      for (const pattern of lost ?? []) await client.del(...(await client.keys(pattern)));
      const { done, calls } = counting(backend);
      sweep(backend);
      while (new Set(done).size < 20) await calls.reached(calls.count() + 1);
      expect(new Set(done)).toEqual(new Set(ids));
    },
  );

  it("piles up no permits, however often the sweep asks for threads that wait", async () => {
    const backend = connect({ caps: { user: 1, tenant: 1 } });
    const worker = gatedWorker();
    const client = redis().client();
    const ids = range(20).map((n) => `thread-${n}`);
    const enqueueAll = async () => {
      for (const id of ids) await backend.queue.enqueue(owned(id, KIM), "new");
    };
    for (const _ of range(5)) await enqueueAll();
    expect(await client.llen("aura:jobs:wait")).toBe(20);
    backend.queue.work(worker.handler);
    await worker.starts.reached(1);
    for (const _ of range(5)) await enqueueAll();
    expect(await client.llen("aura:jobs:wait")).toBeLessThanOrEqual(20);
    // The first was begun, and has been asked for again.
    for (const n of range(21)) {
      await worker.starts.reached(n + 1);
      worker.release(n);
    }
    await backend.close();
    expect(new Set(worker.started)).toEqual(new Set(ids));
    expect(worker.peak()).toBe(1);
    expect(await client.keys("aura:ready*")).toEqual([]);
  });

  it("works on the jobs of an older version, which name their thread and nobody's turn", async () => {
    const backend = connect();
    const { Queue } = await import("bullmq");
    const old = new Queue("jobs", { prefix: "aura", connection: { host: redis().host, port: redis().port } });
    const failed = callCounter();
    const seen: string[] = [];
    backend.queue.work(async (threadId) => {
      seen.push(threadId);
      failed.call();
      if (seen.length === 1) throw new Error("once");
    });
    await old.add("thread", { v: 1, threadId: "old" }, { attempts: 5, deduplication: { id: "old" } });
    await failed.reached(2);
    await old.close();
    expect(seen).toEqual(["old", "old"]);
  });

  it("tries the thread again whose handler was rejected, whatever else waits", async () => {
    const backend = connect({ concurrency: 1 });
    const seen: string[] = [];
    const calls = callCounter();
    for (const id of ["bad", "next"]) await backend.queue.enqueue(owned(id, KIM), "new");
    backend.queue.work(async (threadId) => {
      seen.push(threadId);
      calls.call();
      if (threadId === "bad" && calls.count() < 4) throw new Error("not yet");
    });
    while (seen.filter((id) => id === "bad").length < 3) await calls.reached(calls.count() + 1);
    await backend.close();
    expect(seen).toContain("next");
  });
});

function silent() {
  return pino({ level: "silent" });
}
