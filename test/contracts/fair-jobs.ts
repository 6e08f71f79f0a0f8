import { afterEach, describe, expect, it } from "vitest";
import type { JobQueueOptions } from "../../src/adapters/job-options.ts";
import type { JobQueue } from "../../src/ports/job-queue.ts";
import type { Owner } from "../../src/records/run.ts";
import { owned, range } from "./harness.ts";
import { gatedWorker, type MakeQueue, settled } from "./job-queue.ts";

const KIM: Owner = { tenantId: "t1", userId: "kim" };
const LEE: Owner = { tenantId: "t1", userId: "lee" };
const PARK: Owner = { tenantId: "t2", userId: "park" };

/** Whose thread every JobQueue must take next, and how many at a time. */
export function fairJobsContract(name: string, makeQueue: MakeQueue): void {
  describe(`${name} job queue, asked whose thread is next,`, () => {
    const open: JobQueue[] = [];
    const make = async (options: Partial<JobQueueOptions> = {}) => {
      const onError = () => {};
      const queue = await makeQueue({ onError, backoffMs: 1, ...options });
      open.push(queue);
      return queue;
    };
    afterEach(async () => void (await Promise.all(open.splice(0).map((queue) => queue.close()))));

    const enqueue = async (
      queue: JobQueue,
      owner: Owner,
      ids: string[],
      urgency: "new" | "begun" = "new",
    ) => {
      for (const id of ids) await queue.enqueue(owned(id, owner), urgency);
    };

    /** The order in which a worker with one slot takes what waits. */
    const order = async (queue: JobQueue, count: number) => {
      const worker = gatedWorker();
      queue.work(worker.handler);
      for (const n of range(count)) {
        await worker.starts.reached(n + 1);
        worker.release(n);
      }
      return worker.started;
    };

    it("lets tenants take turns, then the users of a tenant, and keeps a user's order", async () => {
      const queue = await make({ concurrency: 1 });
      await enqueue(queue, KIM, ["kim1", "kim2", "kim3", "kim4"]);
      await enqueue(queue, LEE, ["lee1", "lee2"]);
      await enqueue(queue, PARK, ["park1", "park2", "park3"]);
      const [kim, lee, park] = [
        ["kim1", "kim2", "kim3"],
        ["lee1", "lee2"],
        ["park1", "park2", "park3"],
      ];
      expect(await order(queue, 9)).toEqual([
        ...[kim[0], park[0], lee[0], park[1], kim[1], park[2], lee[1], kim[2], "kim4"],
      ]);
    });

    it("keeps another tenant waiting for two picks at most, however much one user has queued", async () => {
      const queue = await make({ concurrency: 1 });
      const worker = gatedWorker();
      await enqueue(
        queue,
        KIM,
        range(500).map((n) => `kim${n}`),
      );
      queue.work(worker.handler);
      await worker.starts.reached(1);
      await enqueue(queue, PARK, ["park"]);
      await enqueue(queue, LEE, ["lee"]);
      for (const n of range(5)) {
        worker.release(n);
        await worker.starts.reached(n + 2);
      }
      // Park after one turn of Kim's tenant; Lee after a turn of each tenant and the one that Kim had before.
      expect(worker.started.slice(0, 3)).toContain("park");
      expect(worker.started.slice(0, 6)).toContain("lee");
      const closing = queue.close();
      worker.release(5);
      await closing;
    });

    it("takes what a user has begun before what it has asked for, each in order", async () => {
      const queue = await make({ concurrency: 1 });
      await enqueue(queue, KIM, ["new1", "new2", "new3"]);
      await enqueue(queue, KIM, ["begun1", "begun2"], "begun");
      // What waits keeps its place; a queued prompt that is cancelled goes before the others.
      await enqueue(queue, KIM, ["begun1", "new3"], "new");
      await enqueue(queue, KIM, ["begun1", "new3"], "begun");
      expect(await order(queue, 5)).toEqual(["begun1", "begun2", "new3", "new1", "new2"]);
    });

    it("leaves slots free beside a user and a tenant that have as many as they may", async () => {
      const queue = await make({ concurrency: 5, caps: { user: 2, tenant: 3 } });
      const worker = gatedWorker();
      queue.work(worker.handler);
      await enqueue(queue, KIM, ["kim1", "kim2", "kim3", "kim4"]);
      await worker.starts.reached(2);
      await enqueue(queue, LEE, ["lee1", "lee2"]);
      await worker.starts.reached(3);
      await enqueue(queue, PARK, ["park1", "park2"]);
      await worker.starts.reached(5);
      expect(worker.started.slice(0, 3)).toEqual(["kim1", "kim2", "lee1"]);
      expect(worker.started.slice(3).toSorted()).toEqual(["park1", "park2"]);
      // Kim is full, so Lee is next when the tenant has room; then Kim again, in order.
      worker.release(2);
      await worker.starts.reached(6);
      expect(worker.started[5]).toBe("lee2");
      worker.release(0);
      await worker.starts.reached(7);
      worker.release(1);
      await worker.starts.reached(8);
      expect(worker.started.slice(6)).toEqual(["kim3", "kim4"]);
      for (const n of [3, 4, 5, 6, 7]) worker.release(n);
    });

    it("never has more of a user or a tenant than it may, and comes to every thread", async () => {
      const queue = await make({ concurrency: 8, caps: { user: 2, tenant: 3 } });
      const running = new Map<string, number>();
      const done = new Set<string>();
      const finished = Promise.withResolvers<void>();
      const peaks = new Map<string, number>();
      const count = (key: string, change: number) => {
        running.set(key, (running.get(key) ?? 0) + change);
        peaks.set(key, Math.max(peaks.get(key) ?? 0, running.get(key) ?? 0));
      };
      const owners = [KIM, LEE, PARK, { tenantId: "t2", userId: "kim" }];
      const threads = range(120).map((n) => ({ n, owner: owners[n % owners.length] ?? KIM }));
      const failed = new Set<string>();
      queue.work(async (threadId) => {
        const { owner, n } = threads[Number(threadId)] ?? threads[0]!;
        const keys = [owner.tenantId, `${owner.tenantId}/${owner.userId}`];
        for (const key of keys) count(key, 1);
        for (const _ of range((n * 7) % 5)) await settled();
        for (const key of keys) count(key, -1);
        if (n % 10 === 0 && !failed.has(threadId)) {
          failed.add(threadId);
          throw new Error("once");
        }
        done.add(threadId);
        if (done.size === threads.length) finished.resolve();
      });
      await Promise.all(threads.map(({ n, owner }) => queue.enqueue(owned(`${n}`, owner), "new")));
      await finished.promise;
      for (const [key, peak] of peaks) expect(peak, key).toBeLessThanOrEqual(key.includes("/") ? 2 : 3);
    });
  });
}
