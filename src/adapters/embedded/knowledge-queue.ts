import { setTimeout as delay } from "node:timers/promises";
import { AuraError } from "../../errors.ts";
import type { KnowledgeQueue } from "../../ports/knowledge-queue.ts";
import type { BackendLogger } from "../backend-logger.ts";
import { createDelivery, type Delivery, type DeliveryOptions, type Taken } from "../knowledge-delivery.ts";
import { SEEN_TTL_MS } from "../retention.ts";

interface EmbeddedKnowledgeQueueOptions extends DeliveryOptions {
  logger: BackendLogger;
  /** Clock in Unix ms. */
  now: () => number;
}

/** Longest time between two looks, in ms; a new event and the next attempt of one that has failed wake it. */
const IDLE_MS = 60_000;

/** Events in this process's memory: what has not been taken in is lost with the process. */
export function createEmbeddedKnowledgeQueue(options: EmbeddedKnowledgeQueueOptions): KnowledgeQueue {
  const { now } = options;
  const waiting: Taken[] = [];
  /** When what was added may be forgotten, oldest first. */
  const seen = new Map<string, number>();
  const closing = new AbortController();
  let wakeUp = Promise.withResolvers<void>();
  let added = 0;
  let loop: Promise<void> | undefined;
  let delivery: Delivery | undefined;

  const forget = () => {
    for (const [key, until] of seen) {
      if (until > now()) return;
      seen.delete(key);
    }
  };

  const pause = async (ms: number) => {
    const slept = new AbortController();
    const signal = AbortSignal.any([closing.signal, slept.signal]);
    await Promise.race([wakeUp.promise, delay(ms, undefined, { signal }).catch(() => {})]);
    slept.abort();
  };

  const run = async (given: Delivery, { max, waitMs }: Parameters<KnowledgeQueue["work"]>[1]) => {
    while (!closing.signal.aborted) {
      await given.retry();
      if (waiting.length === 0 || given.isFull()) {
        wakeUp = Promise.withResolvers();
        await pause(Math.min(given.pauseMs(), IDLE_MS));
        continue;
      }
      if (waiting.length < max) await delay(waitMs, undefined, { signal: closing.signal }).catch(() => {});
      if (!closing.signal.aborted) await given.deliver(waiting.splice(0, max));
    }
  };

  return {
    async add(event, digest) {
      if (closing.signal.aborted) throw new AuraError("E5002", { detail: "the knowledge queue is closed" });
      forget();
      const key = JSON.stringify([event.tenantId, event.eventId, digest]);
      if (seen.has(key)) return "duplicate";
      seen.set(key, now() + SEEN_TTL_MS);
      added += 1;
      waiting.push({ id: String(added), event });
      wakeUp.resolve();
      return "added";
    },
    work(handler, batches) {
      if (loop !== undefined) throw new Error("the knowledge queue has a worker already");
      const nothing = async () => {};
      delivery = createDelivery({ ...options, handler, finish: nothing, bury: nothing });
      loop = run(delivery, batches);
    },
    waiting: async () => waiting.length + (delivery?.held().length ?? 0),
    async close() {
      closing.abort();
      wakeUp.resolve();
      await loop;
    },
  };
}
