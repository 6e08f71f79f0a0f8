import { afterEach, describe, expect, it } from "vitest";
import type { DeliveryOptions } from "../../src/adapters/knowledge-delivery.ts";
import type { KnowledgeQueue } from "../../src/ports/knowledge-queue.ts";
import type { KnowledgeEvent } from "../../src/records/domain-event.ts";
import { anEvent } from "../helpers/knowledge.ts";
import { callCounter, hostileIds, range } from "./harness.ts";

/** An empty queue. */
export type MakeKnowledgeQueue = (options: DeliveryOptions) => Promise<KnowledgeQueue>;

export const BATCH = { max: 64, waitMs: 1 };

/** A handler that remembers what it was given, and rejects what `isBad` says. */
export function knowledgeWorker(isBad: (event: KnowledgeEvent) => boolean = () => false) {
  const batches: string[][] = [];
  const done: string[] = [];
  const calls = callCounter();
  const dones = callCounter();
  return {
    batches,
    done,
    calls,
    dones,
    async handler(events: readonly KnowledgeEvent[]) {
      const ids = events.map(({ eventId }) => eventId);
      batches.push(ids);
      calls.call();
      if (events.some(isBad)) throw new Error("bad");
      done.push(...ids);
      for (const _ of ids) dones.call();
    },
  };
}

/** What every KnowledgeQueue must do. */
export function knowledgeQueueContract(name: string, makeQueue: MakeKnowledgeQueue): void {
  describe(`${name} knowledge queue`, () => {
    const open: KnowledgeQueue[] = [];
    const make = async (options: DeliveryOptions = {}) => {
      const queue = await makeQueue({ backoffMs: 1, ...options });
      open.push(queue);
      return queue;
    };
    afterEach(async () => void (await Promise.all(open.splice(0).map((queue) => queue.close()))));

    const addAll = async (queue: KnowledgeQueue, ids: readonly string[]) => {
      for (const eventId of ids) expect(await queue.add(anEvent({ eventId }), "d")).toBe("added");
    };

    it("keeps events until there is a worker, gives them in order and in batches, and takes only one worker", async () => {
      const queue = await make();
      const ids = range(10).map((at) => `e${at}`);
      await addAll(queue, ids);
      const { handler, batches, done, dones } = knowledgeWorker();
      queue.work(handler, { max: 4, waitMs: 1 });
      expect(() => queue.work(handler, BATCH)).toThrow("worker already");
      await dones.reached(10);
      await addAll(queue, ["later"]);
      await dones.reached(11);
      expect(done).toEqual([...ids, "later"]);
      expect(batches.map(({ length }) => length)).toEqual([4, 4, 2, 1]);
    });

    it("[R6.2] takes an event of the same tenant, id and content for one, and no other", async () => {
      const queue = await make();
      const { handler, dones } = knowledgeWorker();
      const event = anEvent({ eventId: "e" });
      const answers = await Promise.all([
        queue.add(event, "d"),
        queue.add(event, "d"),
        queue.add(event, "corrected"),
        queue.add({ ...event, tenantId: "tenant2" }, "d"),
        queue.add({ ...event, eventId: "e2" }, "d"),
      ]);
      expect(answers).toEqual(["added", "duplicate", "added", "added", "added"]);
      queue.work(handler, BATCH);
      await dones.reached(4);
      expect(await queue.add(event, "d")).toBe("duplicate");
      await queue.close();
      expect(dones.count()).toBe(4);
    });

    it("hands events on as they are", async () => {
      const queue = await make();
      const given: KnowledgeEvent[] = [];
      const calls = callCounter();
      const events = hostileIds().map((id) =>
        anEvent({
          eventId: id,
          tenantId: id,
          userId: id,
          mailId: id,
          documentId: id,
          source: id,
          payload: { [id]: [id, {}, [], null, 1.5, true] },
        }),
      );
      for (const event of events) expect(await queue.add(event, "d")).toBe("added");
      queue.work(async (batch) => {
        given.push(...batch);
        for (const _ of batch) calls.call();
      }, BATCH);
      await calls.reached(events.length);
      expect(given).toEqual(events);
    });

    it("tries a batch that failed again, one by one: a bad event holds up no other", async () => {
      const queue = await make();
      let isWell = false;
      const { handler, batches, done, calls, dones } = knowledgeWorker(
        ({ eventId }) => eventId === "bad" && !isWell,
      );
      await addAll(queue, ["a", "bad", "b", "c"]);
      queue.work(handler, BATCH);
      await dones.reached(3);
      await calls.reached(7);
      expect(batches.slice(0, 5)).toEqual([["a", "bad", "b", "c"], ["a"], ["bad"], ["b"], ["c"]]);
      await addAll(queue, ["d"]);
      await dones.reached(4);
      isWell = true;
      await dones.reached(5);
      expect(done).toEqual(["a", "b", "c", "d", "bad"]);
    });

    it("gives an event up that fails again and again while others get through", async () => {
      const queue = await make({ maxFailures: 3 });
      const { handler, batches, calls, dones } = knowledgeWorker(({ eventId }) => eventId === "bad");
      await addAll(queue, ["bad"]);
      queue.work(handler, BATCH);
      const tries = () => batches.flat().filter((id) => id === "bad").length;
      // Alone it may fail as often as it likes: nobody knows whose fault that is.
      await calls.reached(6);
      for (const at of range(3)) {
        await addAll(queue, [`good${at}`]);
        await dones.reached(at + 1);
        await calls.reached(calls.count() + (at < 2 ? 1 : 0));
      }
      await addAll(queue, ["last"]);
      await dones.reached(4);
      await queue.close();
      const before = tries();
      expect(before).toBeGreaterThanOrEqual(6);
      expect(batches.at(-1)).toEqual(["last"]);
    });

    it("loses nothing while nothing gets through, however often that is", async () => {
      const queue = await make({ maxFailures: 2 });
      let isDown = true;
      const { handler, done, calls, dones } = knowledgeWorker(() => isDown);
      const ids = range(100).map((at) => `e${at}`);
      await addAll(queue, ids);
      queue.work(handler, BATCH);
      await calls.reached(20);
      isDown = false;
      await dones.reached(100);
      expect(done.toSorted()).toEqual(ids.toSorted());
    });

    it("says how many events have not been taken in: with a worker or without, and those that fail as well", async () => {
      const queue = await make();
      expect(await queue.waiting()).toBe(0);
      await addAll(queue, ["a", "bad", "b"]);
      expect(await queue.waiting()).toBe(3);
      const { handler, dones } = knowledgeWorker(({ eventId }) => eventId === "bad");
      queue.work(handler, BATCH);
      await dones.reached(2);
      await expect.poll(() => queue.waiting()).toBe(1);
    });

    it("closes when the running handler is done, and begins nothing more", async () => {
      const queue = await make();
      const started = callCounter();
      const gate = Promise.withResolvers<void>();
      await addAll(queue, ["a", "b"]);
      queue.work(
        async () => {
          started.call();
          await gate.promise;
        },
        { max: 1, waitMs: 1 },
      );
      await started.reached(1);
      let closed = false;
      const closing = queue.close().then(() => {
        closed = true;
      });
      await expect(queue.add(anEvent(), "d")).rejects.toMatchObject({ code: "E5002" });
      expect(closed).toBe(false);
      gate.resolve();
      await closing;
      expect(started.count()).toBe(1);
      await queue.close();
    });

    it("closes while it waits for events, and while it waits to try one again", async () => {
      const idle = await make();
      const { handler, dones } = knowledgeWorker();
      await addAll(idle, ["a"]);
      idle.work(handler, BATCH);
      await dones.reached(1);
      await idle.close();
      const failing = await make({ backoffMs: 60_000 });
      const worker = knowledgeWorker(() => true);
      await addAll(failing, ["b"]);
      failing.work(worker.handler, BATCH);
      await worker.calls.reached(1);
      await failing.close();
    });
  });
}
