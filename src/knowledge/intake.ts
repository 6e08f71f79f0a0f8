import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { BackendUnavailableError } from "../errors.ts";
import type { RawEvent } from "../ports/event-bus.ts";
import type { KnowledgeQueue } from "../ports/knowledge-queue.ts";
import { parseEventText } from "./parse-event.ts";

/** Takes heard events to the queue, in order. What is no event is logged, without its content. */
export interface Intake {
  /**
   * Returns at once. What it has taken is kept while the queue is out of reach; beyond 100,000 events, or 64
   * million characters, the newest are dropped.
   */
  offer(heard: RawEvent): void;
  /**
   * Takes no more, and resolves when what it has is in the queue, or given up because the queue is out of
   * reach.
   */
  close(): Promise<void>;
}

/** Far above any burst that a reachable queue does not take in at once. */
const MAX_WAITING = 100_000;
/** So that many large ones do not fill the memory. */
const MAX_CHARS = 64_000_000;
/**
 * Events that are parsed together and added to the queue side by side; few, because every stream of this
 * process waits meanwhile.
 */
const CHUNK = 16;
/**
 * After each chunk it rests this many times as long as the chunk took: streams come first, events can wait.
 */
const REST = 6;
/** Between two attempts while the queue is out of reach, in ms. */
const RETRY_MS = 250;

/**
 * Nobody sends a Pub/Sub message again: an event that was heard just before Redis went away is held until it
 * is back.
 */
export function createIntake(queue: Pick<KnowledgeQueue, "add">, logger: Logger): Intake {
  let waiting: RawEvent[] = [];
  let chars = 0;
  let dropped = 0;
  let pump: Promise<void> | null = null;
  const closing = new AbortController();

  /** @returns whether the event is done with */
  const add = async ({ channel, payload }: RawEvent): Promise<boolean> => {
    const parsed = parseEventText(payload);
    if ("refused" in parsed) {
      logger.warn({ channel, reason: parsed.refused, chars: payload.length }, "event refused");
      return true;
    }
    try {
      await queue.add(parsed.event, parsed.digest);
      return true;
    } catch (err) {
      if (err instanceof BackendUnavailableError) return false;
      const { tenantId, eventId } = parsed.event;
      logger.error({ err, tenantId, eventId }, "event could not be taken in");
      return true;
    }
  };

  const run = async () => {
    while (waiting.length > 0) {
      const chunk = waiting.splice(0, CHUNK);
      const began = performance.now();
      const adding = chunk.map(add);
      const worked = performance.now() - began;
      const done = await Promise.all(adding);
      const left = chunk.filter((_, at) => done[at] === false);
      waiting = [...left, ...waiting];
      for (const [at, { payload }] of chunk.entries()) if (done[at] === true) chars -= payload.length;
      if (left.length > 0 && closing.signal.aborted) break;
      const pause = left.length === 0 ? worked * REST : RETRY_MS;
      await delay(pause, undefined, { signal: closing.signal }).catch(() => {});
    }
    const lost = dropped + waiting.length;
    if (lost > 0) logger.error({ lost }, "events were lost: Redis was out of reach");
    dropped = 0;
    chars = 0;
    waiting = [];
  };

  return {
    offer(heard) {
      if (closing.signal.aborted) return;
      if (waiting.length >= MAX_WAITING || chars + heard.payload.length > MAX_CHARS) {
        dropped += 1;
        return;
      }
      waiting.push(heard);
      chars += heard.payload.length;
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
