import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { BackendUnavailableError } from "../errors.ts";
import type { KnowledgeQueue } from "../ports/knowledge-queue.ts";
import type { KnowledgeEvent } from "./event.ts";

/** Takes received events to the queue, in order. */
export interface Intake {
  /** Returns at once. What it has taken is kept while the queue is out of reach; beyond 10,000 events the newest are dropped. */
  offer(event: KnowledgeEvent, digest: string): void;
  /** Takes no more, and resolves when what it has is in the queue, or given up because the queue is out of reach. */
  close(): Promise<void>;
}

interface Received {
  event: KnowledgeEvent;
  digest: string;
}

/** Far above any burst that a reachable queue does not take in at once. */
const MAX_WAITING = 10_000;
/** Events on their way to the queue side by side. */
const CHUNK = 64;
/** Between two attempts while the queue is out of reach, in ms. */
const RETRY_MS = 250;

/** Nobody sends a Pub/Sub message again: an event that was heard just before Redis went away is held until it is back. */
export function createIntake(queue: KnowledgeQueue, logger: Logger): Intake {
  let waiting: Received[] = [];
  let dropped = 0;
  let pump: Promise<void> | null = null;
  const closing = new AbortController();

  /** @returns whether the event is done with */
  const add = async ({ event, digest }: Received): Promise<boolean> => {
    try {
      await queue.add(event, digest);
      return true;
    } catch (err) {
      if (err instanceof BackendUnavailableError) return false;
      const { tenantId, eventId } = event;
      logger.error({ err, tenantId, eventId }, "event could not be taken in");
      return true;
    }
  };

  const run = async () => {
    while (waiting.length > 0) {
      const chunk = waiting.splice(0, CHUNK);
      const done = await Promise.all(chunk.map(add));
      const left = chunk.filter((_, at) => done[at] === false);
      if (left.length === 0) continue;
      waiting = [...left, ...waiting];
      if (closing.signal.aborted) break;
      await delay(RETRY_MS, undefined, { signal: closing.signal }).catch(() => {});
    }
    const lost = dropped + waiting.length;
    if (lost > 0) logger.error({ lost }, "events were lost: Redis was out of reach");
    dropped = 0;
    waiting = [];
  };

  return {
    offer(event, digest) {
      if (closing.signal.aborted) return;
      if (waiting.length >= MAX_WAITING) {
        dropped += 1;
        return;
      }
      waiting.push({ event, digest });
      pump ??= run().finally(() => {
        pump = null;
      });
    },
    async close() {
      closing.abort();
      await pump;
    },
  };
}
