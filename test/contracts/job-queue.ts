import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import type { JobQueueOptions } from "../../src/adapters/job-options.ts";
import type { JobQueue } from "../../src/ports/job-queue.ts";
import { callCounter, hostileIds, owned, range } from "./harness.ts";

/** An empty queue. */
export type MakeQueue = (options: JobQueueOptions) => Promise<JobQueue>;

/** A worker whose handlers run until the test lets them go. */
export function gatedWorker() {
  const started: string[] = [];
  const starts = callCounter();
  const gates: PromiseWithResolvers<void>[] = [];
  let running = 0;
  let peak = 0;
  return {
    started,
    starts,
    peak: () => peak,
    async handler(threadId: string) {
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      started.push(threadId);
      running += 1;
      peak = Math.max(peak, running);
      starts.call();
      await gate.promise.finally(() => {
        running -= 1;
      });
    },
    /** Ends the n-th handler, counted from 0. */
    release: (n: number) => gates[n]?.resolve(),
    fail: (n: number) => gates[n]?.reject(new Error(`failed ${n}`)),
  };
}

/** Every callback that is due has run. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

const failOnError = (error: unknown) => {
  throw error;
};

/** What every JobQueue must do. */
export function jobQueueContract(name: string, makeQueue: MakeQueue): void {
  describe(`${name} job queue`, () => {
    const open: JobQueue[] = [];
    const make = async (options: Partial<JobQueueOptions> = {}) => {
      const queue = await makeQueue({ onError: failOnError, backoffMs: 1, ...options });
      open.push(queue);
      return queue;
    };
    afterEach(async () => void (await Promise.all(open.splice(0).map((queue) => queue.close()))));

    it("keeps jobs until there is a worker, and takes only one worker", async () => {
      const queue = await make();
      const worker = gatedWorker();
      await queue.enqueue(owned("a"), "new");
      queue.work(worker.handler);
      expect(() => queue.work(worker.handler)).toThrow("worker already");
      await worker.starts.reached(1);
      worker.release(0);
      await queue.close();
      expect(worker.started).toEqual(["a"]);
    });

    it("takes jobs of one thread that nobody has begun for one", async () => {
      const queue = await make({ concurrency: 1 });
      const worker = gatedWorker();
      for (const _ of range(3)) for (const id of ["a", "b"]) await queue.enqueue(owned(id), "new");
      queue.work(worker.handler);
      await worker.starts.reached(1);
      await queue.enqueue(owned("b"), "new");
      worker.release(0);
      await worker.starts.reached(2);
      await queue.enqueue(owned("last"), "new");
      worker.release(1);
      await worker.starts.reached(3);
      worker.release(2);
      expect(worker.started).toEqual(["a", "b", "last"]);
    });

    it("never takes a job for one whose handler has begun, and runs both side by side", async () => {
      const queue = await make({ concurrency: 2 });
      const worker = gatedWorker();
      queue.work(worker.handler);
      await queue.enqueue(owned("a"), "new");
      await worker.starts.reached(1);
      await queue.enqueue(owned("a"), "new");
      await worker.starts.reached(2);
      for (const n of range(2)) worker.release(n);
      expect(worker.started).toEqual(["a", "a"]);
    });

    it("loses no change that was made before its job was added", async () => {
      const queue = await make({ concurrency: 3 });
      const written = new Map<string, number>();
      const seen = new Map<string, number>();
      const looks = callCounter();
      queue.work(async (threadId) => {
        const found = written.get(threadId) ?? 0;
        await settled();
        seen.set(threadId, Math.max(found, seen.get(threadId) ?? 0));
        looks.call();
      });
      const threads = range(5).map(() => randomUUID());
      await Promise.all(
        threads.map(async (threadId, index) => {
          for (const change of range(40)) {
            written.set(threadId, change + 1);
            await queue.enqueue(owned(threadId), "new");
            for (const _ of range((change * (index + 1)) % 5)) await settled();
          }
        }),
      );
      while (threads.some((threadId) => seen.get(threadId) !== 40)) await looks.reached(looks.count() + 1);
    });

    it("runs up to its limit side by side, the longest waiting first", async () => {
      const queue = await make({ concurrency: 2 });
      const worker = gatedWorker();
      const ids = ["a", "b", "c", "d", "e"];
      for (const id of ids) await queue.enqueue(owned(id), "new");
      queue.work(worker.handler);
      for (const n of range(4)) {
        await worker.starts.reached(n + 2);
        worker.release(n);
      }
      await worker.starts.reached(5);
      worker.release(4);
      expect(worker.started).toEqual(ids);
      expect(worker.peak()).toBe(2);
    });

    it("tries a job again that was rejected, and says so", async () => {
      const errors: string[] = [];
      const queue = await make({ onError: (error, threadId) => errors.push(`${threadId}: ${error}`) });
      const worker = gatedWorker();
      queue.work(worker.handler);
      await queue.enqueue(owned("a"), "new");
      await worker.starts.reached(1);
      worker.fail(0);
      await worker.starts.reached(2);
      expect(errors).toEqual(["a: Error: failed 0"]);
      worker.release(1);
      await queue.close();
      expect(worker.started).toEqual(["a", "a"]);
    });

    it("gives a job up that is rejected again and again, and goes on with others", async () => {
      const errors: string[] = [];
      const queue = await make({ concurrency: 1, onError: (_, threadId) => errors.push(threadId) });
      const attempts = callCounter();
      const done = callCounter();
      queue.work(async (threadId) => {
        if (threadId === "good") return done.call();
        attempts.call();
        throw new Error("bad");
      });
      await queue.enqueue(owned("bad"), "new");
      await attempts.reached(1);
      await queue.enqueue(owned("good"), "new");
      await done.reached(1);
      await attempts.reached(5);
      await queue.enqueue(owned("good"), "new");
      await done.reached(2);
      expect(errors).toEqual(range(5).map(() => "bad"));
      await queue.enqueue(owned("bad"), "new");
      await attempts.reached(6);
    });

    it("survives a handler that throws at once", async () => {
      const errors: unknown[] = [];
      const queue = await make({ onError: (error) => errors.push(error) });
      const done = callCounter();
      queue.work((threadId) => {
        if (errors.length === 0) throw new Error(`at once, ${threadId}`);
        done.call();
        return Promise.resolve();
      });
      await queue.enqueue(owned("a"), "new");
      await done.reached(1);
      expect(errors).toEqual([new Error("at once, a")]);
    });

    it("closes when the running handlers are done, and begins nothing more", async () => {
      const queue = await make({ concurrency: 2 });
      const worker = gatedWorker();
      queue.work(worker.handler);
      for (const id of ["a", "b", "c"]) await queue.enqueue(owned(id), "new");
      await worker.starts.reached(2);
      let closed = false;
      const closing = queue.close().then(() => {
        closed = true;
      });
      await expect(queue.enqueue(owned("d"), "new")).rejects.toMatchObject({ code: "E5002" });
      worker.release(0);
      await settled();
      expect(closed).toBe(false);
      worker.release(1);
      await closing;
      expect(worker.started).toEqual(["a", "b"]);
      await queue.close();
    });

    it("hands thread ids on as they are", async () => {
      const queue = await make();
      const ids = hostileIds();
      const seen: string[] = [];
      const calls = callCounter();
      queue.work(async (threadId) => {
        seen.push(threadId);
        calls.call();
      });
      for (const id of ids) await queue.enqueue(owned(id), "new");
      await calls.reached(ids.length);
      expect(seen.toSorted()).toEqual(ids.toSorted());
    });
  });
}
