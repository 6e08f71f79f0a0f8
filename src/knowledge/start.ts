import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { EventBus } from "../ports/event-bus.ts";
import { type KnowledgeIndex, StaleIndexError } from "../ports/knowledge-index.ts";
import type { KnowledgeQueue } from "../ports/knowledge-queue.ts";
import { indexEvents } from "./index-events.ts";
import { createIntake } from "./intake.ts";
import { listenForEvents } from "./listen.ts";

interface KnowledgeDeps {
  queue: KnowledgeQueue;
  bus: EventBus;
  openIndex: () => Promise<KnowledgeIndex>;
  logger: Logger;
}

/** The part of the service that hears of what happens in DWP and indexes it. */
export interface Knowledge {
  /** The index, once it is open; until then why it is not, in words for everybody. */
  index(): KnowledgeIndex | { closed: string };
  /** Hears no more, lets the running batch finish, closes the queue and the index. */
  close(): Promise<void>;
}

/** A batch has at most `max` events, and waits `waitMs` for them after the first. */
const BATCH = Object.freeze({ max: 64, waitMs: 50 });

/**
 * The pause after a full batch, as a multiple of the time that the batch took. With a shorter pause a burst
 * of events slows chats down; with a longer one the index does not keep up with 500 events a second.
 */
const REST = 1.3;

const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;

/**
 * Hears events from now on, and indexes them as soon as the index can be opened: until then they wait in the
 * queue, and the service does everything else.
 */
export async function startKnowledge({ queue, bus, openIndex, logger }: KnowledgeDeps): Promise<Knowledge> {
  const closing = new AbortController();
  let index: KnowledgeIndex | null = null;
  let closed = "the index is being opened";

  const open = async () => {
    for (let pause = MIN_RETRY_MS; ; pause = Math.min(pause * 2, MAX_RETRY_MS)) {
      try {
        return await openIndex();
      } catch (err) {
        logger.error({ err }, "the knowledge index cannot be opened; trying again");
        closed = err instanceof StaleIndexError ? err.message : "the index cannot be opened: see the log";
      }
      await delay(pause, undefined, { signal: closing.signal }).catch(() => {});
      if (closing.signal.aborted) return null;
    }
  };
  const opening = open().then((opened) => {
    index = opened;
    if (opened === null || closing.signal.aborted) return;
    queue.work(async (events) => {
      const began = performance.now();
      await indexEvents(opened, events);
      // In a burst the streams of this process come first, and events can wait.
      if (events.length < BATCH.max) return;
      await delay((performance.now() - began) * REST, undefined, { signal: closing.signal }).catch(() => {});
    }, BATCH);
  });

  const intake = createIntake(queue, logger);
  const listening = await listenForEvents(bus, intake, logger);

  return {
    index: () => index ?? { closed },
    async close() {
      closing.abort();
      await listening.close();
      await intake.close();
      await opening;
      await queue.close();
      await index?.close();
    },
  };
}
